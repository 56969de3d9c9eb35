"""Stage 1: tokens, then one parsed SELECT.

The token check comes before the parser because sqlglot's parser is recursive (deep nesting) and tries chains of joins
without ON in exponentially many ways: both are refused while the text is still flat.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from query_guard.policy.draft import Draft
from query_guard.policy.refusing import refuse

DEEPEST_BRACKETS = 60
MOST_TOKENS = 4000
MOST_PREFIXES = 20  # NOT NOT NOT ..., - - - ...
MOST_JOINS = 16

# sqlglot logs the text of statements that it does not know. No SQL literal may reach a log.
logging.getLogger("sqlglot").addFilter(lambda _record: False)

_OPENING = frozenset({TokenType.L_PAREN, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.END})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.INTERVAL})
# No list, struct, bracket, lambda, parameter, arrow, or literal form other than plain text and numbers is in the
# language.
_REFUSED_TOKENS = frozenset(
    {
        TokenType.L_BRACKET,
        TokenType.L_BRACE,
        TokenType.ARROW,
        TokenType.DARROW,
        TokenType.FARROW,
        TokenType.HASH,
        TokenType.TILDE,
        TokenType.PARAMETER,
        TokenType.SESSION_PARAMETER,
        TokenType.PLACEHOLDER,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
        TokenType.BYTE_STRING,
        TokenType.RAW_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.UNICODE_STRING,
        TokenType.NATIONAL_STRING,
    }
)
# sqlglot drops what it does not know of an interval's text: '14 months ago' would become 14 months ahead.
_INTERVAL_TEXT = re.compile(r"\s*[0-9]+\s*([A-Za-z]+\s*)?")
_SETS = (exp.Union, exp.Intersect, exp.Except)


def parse_statement(draft: Draft) -> Draft:
    """Sets `tree`. Raises `sql-not-read`, `several-statements`, `not-a-select`, `too-complex` and their kin."""
    try:
        tokens = sqlglot.tokenize(draft.sql, dialect="duckdb")
    except SqlglotError:
        raise refuse("sql-not-read") from None
    _check_tokens(tokens)
    try:
        trees = [tree for tree in sqlglot.parse(draft.sql, dialect="duckdb") if tree is not None]
    except SqlglotError as error:
        raise refuse("sql-not-read", _place(error)) from None
    except RecursionError:
        raise refuse("too-complex") from None
    return replace(draft, tree=_only_select(trees))


def _only_select(trees: list[Any]) -> exp.Select:
    if not trees:
        raise refuse("query-empty")
    if len(trees) > 1:
        raise refuse("several-statements", trees[1])
    if isinstance(trees[0], _SETS):
        raise refuse("set-operation-not-available", trees[0])
    if type(trees[0]) is not exp.Select:
        raise refuse("not-a-select", trees[0])
    return trees[0]


def _place(error: SqlglotError) -> str:
    """The caller's own text around the place where reading failed."""
    details = getattr(error, "errors", None) or [{}]
    return "".join(str(details[0].get(part) or "") for part in ("start_context", "highlight", "end_context"))


def _check_tokens(tokens: list[Any]) -> None:
    if len(tokens) > MOST_TOKENS:
        raise refuse("too-complex")
    depth = prefixes = joins = waiting = 0
    before = None
    for token in tokens:
        kind = token.token_type
        if before is TokenType.INTERVAL and kind is TokenType.STRING and not _INTERVAL_TEXT.fullmatch(token.text):
            raise refuse("pattern-not-literal", token.text, remedy="Write INTERVAL 30 DAY.")
        before = kind
        if not token.text.isascii() and kind is not TokenType.STRING:
            raise refuse("text-not-printable", token.text)
        if kind in _REFUSED_TOKENS:
            raise refuse("construct-not-available", token.text)
        depth += (kind in _OPENING) - (kind in _CLOSING)
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        joins += kind is TokenType.JOIN
        waiting = _joins_waiting(waiting, kind)
        if depth > DEEPEST_BRACKETS or prefixes > MOST_PREFIXES or joins > MOST_JOINS or waiting > 2:
            raise refuse("too-complex", token.text)


def _joins_waiting(waiting: int, kind: Any) -> int:
    """How many JOINs in a row have had no ON or USING (CROSS JOIN needs none, and takes one off before it adds one)."""
    if kind is TokenType.JOIN:
        return waiting + 1
    if kind in (TokenType.ON, TokenType.USING, TokenType.CROSS, TokenType.NATURAL, TokenType.POSITIONAL):
        return max(0, waiting - 1)
    return waiting
