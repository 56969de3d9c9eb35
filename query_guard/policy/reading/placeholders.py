"""Places for parameters, and OHDSI's schema parameters, found among the tokens.

`?`, `$1`, `$name`, `:name` and `@name` are all places, in every dialect: they become one form, which the dialect's
parser reads as a placeholder. `@name.` before a table (`@cdm.person`) is OHDSI's way to write a schema; it becomes the
plain schema `cdm`, which `qualifiers` drops. No value is known here.
"""

from __future__ import annotations

from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

from query_guard.policy.reading.refusals import refuse

SCHEMA = "cdm"
_SIGNS = frozenset({TokenType.PARAMETER, TokenType.COLON})
# What a colon right behind it makes no place of: `alias: expression`.
_NAMES = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.STRING})


def find_places(tokens: list[Any], dialect: str) -> tuple[list[Any], tuple[str, ...]]:
    """The tokens with all places in one form, and the places' names in reading order.

    Places written `?` are named 1, 2 ... by their order. Raises `construct-not-available` for signs that are neither.
    """
    names: dict[str, None] = {}
    found: list[Any] = []
    marks = index = 0
    while index < len(tokens):
        token = tokens[index]
        name, length = _place(tokens, index)
        if length and token.token_type is TokenType.PLACEHOLDER:
            marks += 1
            name = str(marks)
        if not length:
            found.append(token)
        elif _is_schema(tokens, index, length):
            found.append(_like(token, TokenType.VAR, SCHEMA))
        else:
            names[name] = None
            found.extend(_placeholder(token, name, dialect))
        index += length or 1
    return found, tuple(names)


def _place(tokens: list[Any], index: int) -> tuple[str, int]:
    """(name, number of tokens) of the place that begins here; length 0 if none does."""
    token = tokens[index]
    kind = token.token_type
    if kind is TokenType.PLACEHOLDER:
        return "", 1
    if kind is TokenType.VAR and token.text.startswith("$"):  # where the dialect takes $ for a letter
        return token.text[1:], 1
    if kind not in _SIGNS:
        return "", 0
    name = _word_at(tokens, index + 1, token.end + 1)
    if name and (kind is TokenType.PARAMETER or not _follows_name(tokens, index)):
        return name, 2
    if kind is TokenType.PARAMETER:
        raise refuse("construct-not-available", token.text)
    return "", 0


def _word_at(tokens: list[Any], index: int, start: int) -> str:
    """The word or number that follows without a gap, or an empty text."""
    if index >= len(tokens) or tokens[index].start != start:
        return ""
    text = str(tokens[index].text)
    return text if text.isascii() and text.replace("_", "a").isalnum() else ""


def _follows_name(tokens: list[Any], index: int) -> bool:
    before = tokens[index - 1] if index else None
    return before is not None and before.end + 1 == tokens[index].start and before.token_type in _NAMES


def _is_schema(tokens: list[Any], index: int, length: int) -> bool:
    """`@word.`: only OHDSI's sign makes a schema."""
    after = tokens[index + length] if index + length < len(tokens) else None
    return tokens[index].text == "@" and after is not None and after.token_type is TokenType.DOT


def _placeholder(token: Any, name: str, dialect: str) -> list[Any]:
    """The two tokens that this dialect's parser reads as a named placeholder."""
    sign = (TokenType.PARAMETER, "$") if dialect == "duckdb" else (TokenType.COLON, ":")
    return [_like(token, *sign), _like(token, TokenType.VAR, name)]


def _like(token: Any, kind: Any, text: str) -> Any:
    """A token of another kind at the same place."""
    return Token(kind, text, token.line, token.col, token.start, token.end, [])
