"""Stage 0: the text itself. At most 16 KB of visible characters; nothing invisible, look-alike or reordering."""

from __future__ import annotations

import re
import unicodedata

from query_guard.policy.reading.refusals import refuse

LONGEST_QUERY = 16 * 1024  # bytes of UTF-8
_VISIBLE_ASCII = re.compile(r"[ -~\n\r\t]*")
# Control, format (bidi, zero width), surrogate, private use, unassigned, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_text(sql: str) -> str:
    """The text without blanks around it. Raises `query-empty`, `query-too-long`, `text-not-printable`."""
    if len(sql) > LONGEST_QUERY or len(sql.encode("utf-8", "replace")) > LONGEST_QUERY:
        raise refuse("query-too-long")
    if not is_visible(sql):
        raise refuse("text-not-printable")
    sql = sql.strip()
    if not sql:
        raise refuse("query-empty")
    return sql


def is_visible(text: str) -> bool:
    """Whether every character can be seen, or is a plain blank or line end."""
    return bool(_VISIBLE_ASCII.fullmatch(text)) or all(map(_is_visible, text))


def _is_visible(character: str) -> bool:
    if character.isascii():
        return bool(_VISIBLE_ASCII.fullmatch(character))
    category = unicodedata.category(character)
    return category not in _REFUSED_CATEGORIES and category != "Zs"  # no other blank than the space
