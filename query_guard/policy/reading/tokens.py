"""Stage 1, first half: the tokens, checked while the text is still flat.

The check comes before the parser because sqlglot's parser is recursive (deep nesting) and tries chains of joins
without ON in exponentially many ways. It is the same for every dialect, and for the text a translation wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from query_guard.policy.reading.refusals import refuse

DEEPEST_BRACKETS = 60
MOST_TOKENS = 4000
MOST_PREFIXES = 20  # NOT NOT NOT ..., - - - ...
MOST_JOINS = 40
MOST_WAITING_JOINS = 2  # JOINs in a row, on one level of brackets, before their ON

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET})
_PREFIXES = frozenset(
    {
        TokenType.NOT,
        TokenType.DASH,
        TokenType.PLUS,
        TokenType.INTERVAL,
        TokenType.PIPE_SLASH,
        TokenType.DPIPE_SLASH,
    }
)
# No struct, lambda, arrow, or literal form other than plain text and numbers is in the language; a list stands behind
# the word ARRAY only, for the dialect that has it.
# Placeholders are the matter of `placeholders`.
_REFUSED_TOKENS = frozenset(
    {
        TokenType.L_BRACE,
        TokenType.ARROW,
        TokenType.DARROW,
        TokenType.FARROW,
        TokenType.HASH,
        TokenType.TILDE,
        TokenType.SESSION_PARAMETER,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
        TokenType.BYTE_STRING,
        TokenType.RAW_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.UNICODE_STRING,
    }
)
_TEMPORARY = "There are no temporary tables: write WITH name AS (SELECT ...) before the query."
_ENDS_JOIN = frozenset({TokenType.ON, TokenType.USING})
# CROSS JOIN and its kin need no ON: they take one off before the JOIN adds one.
_NEEDS_NO_ON = frozenset({TokenType.CROSS, TokenType.NATURAL, TokenType.POSITIONAL})
# sqlglot drops what it does not know of an interval's text: '14 months ago' would become 14 months ahead.
INTERVAL_TEXT = re.compile(r"\s*[0-9]+\s*([A-Za-z]+\s*)?")


def cut_into_tokens(text: str, dialect: str) -> list[Any]:
    """The tokens of `text`, unchecked. Raises `sql-not-read`."""
    try:
        return sqlglot.tokenize(text, dialect=dialect)
    except SqlglotError:
        raise refuse("sql-not-read") from None


def check_tokens(tokens: list[Any]) -> None:
    """Raises `too-complex`, `construct-not-available`, `pattern-not-literal`, `text-not-printable`."""
    if len(tokens) > MOST_TOKENS:
        raise refuse("too-complex")
    prefixes = joins = 0
    levels = [_Level(None)]
    before = None
    for token in tokens:
        kind = token.token_type
        _check_token(token, kind, before)
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        joins += kind is TokenType.JOIN
        if before is not TokenType.DOT:  # after a dot every word is a name
            _follow(levels, kind)
        before = kind
        if (
            len(levels) > DEEPEST_BRACKETS
            or prefixes > MOST_PREFIXES
            or joins > MOST_JOINS
            or levels[-1].waiting > MOST_WAITING_JOINS
        ):
            raise refuse("too-complex", token.text)


def _check_token(token: Any, kind: Any, before: Any) -> None:
    if kind in _REFUSED_TOKENS or (kind is TokenType.L_BRACKET and before is not TokenType.ARRAY):
        raise refuse("construct-not-available", token.text, remedy=_TEMPORARY if kind is TokenType.HASH else "")
    if kind is TokenType.STRING:
        if before is TokenType.INTERVAL and not INTERVAL_TEXT.fullmatch(token.text):
            raise refuse("pattern-not-literal", token.text, remedy="Write INTERVAL 30 DAY.")
        if before is TokenType.STRING:  # one text, or a text and its alias: the dialects do not agree
            raise refuse("sql-not-read", token.text, remedy="Join texts with ||, name columns with AS.")
    elif not token.text.isascii():
        raise refuse("text-not-printable", token.text)


@dataclass
class _Level:
    """One open bracket or CASE, and the JOINs in it that wait for their ON."""

    opening: Any
    waiting: int = 0


def _follow(levels: list[_Level], kind: Any) -> None:
    if kind in _OPENING:
        levels.append(_Level(kind))
    elif kind in _CLOSING:
        while len(levels) > 1 and levels.pop().opening is TokenType.CASE:
            pass
    elif kind is TokenType.END:
        if levels[-1].opening is TokenType.CASE:
            levels.pop()
    elif kind is TokenType.JOIN:
        levels[-1].waiting += 1
    elif kind in _ENDS_JOIN or kind in _NEEDS_NO_ON:
        levels[-1].waiting = max(0, levels[-1].waiting - 1)
