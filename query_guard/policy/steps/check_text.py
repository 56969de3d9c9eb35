"""Stage 0: the text itself. At most 16 KB of visible characters; nothing invisible, look-alike or reordering."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from query_guard.policy.draft import Draft
from query_guard.policy.refusing import refuse

LONGEST_QUERY = 16 * 1024  # bytes of UTF-8
_LINE_CHARACTERS = frozenset("\n\r\t")
# Control, format (bidi, zero width), surrogate, private use, unassigned, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_text(draft: Draft) -> Draft:
    """Raises `query-empty`, `query-too-long`, `text-not-printable`."""
    if len(draft.sql) > LONGEST_QUERY or len(draft.sql.encode("utf-8", "replace")) > LONGEST_QUERY:
        raise refuse("query-too-long")
    if not all(map(_is_visible, draft.sql)):
        raise refuse("text-not-printable")
    sql = draft.sql.strip()
    if not sql:
        raise refuse("query-empty")
    return replace(draft, sql=sql)


def _is_visible(character: str) -> bool:
    if character.isascii():
        return character.isprintable() or character in _LINE_CHARACTERS
    category = unicodedata.category(character)
    return category not in _REFUSED_CATEGORIES and category != "Zs"  # no other blank than the space
