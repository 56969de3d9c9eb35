"""Stages 0 and 1: from the caller's text, dialect and parameters to one DuckDB tree. Read it top to bottom.

Promise: whatever the dialect, the same checks of characters, length and tokens come before any parser; a translation
is text again and is read like any other; values enter last, as literals. Only Refusal is raised.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from governance.catalogue import Catalogue
from governance.refusal import Refusal
from query_guard.policy.reading.binding import bind, check_names
from query_guard.policy.reading.dialects import DUCKDB, Dialect, dialect_named
from query_guard.policy.reading.kinds import Kinds, value_kinds
from query_guard.policy.reading.placeholders import find_places
from query_guard.policy.reading.qualifiers import drop_qualifiers
from query_guard.policy.reading.refusals import refuse
from query_guard.policy.reading.synonyms import use_one_name
from query_guard.policy.reading.text import check_text
from query_guard.policy.reading.tokens import check_tokens, cut_into_tokens
from query_guard.policy.reading.translating import translate
from query_guard.policy.reading.values import Values, read_values

_QUERIES = (exp.Select, exp.Union, exp.Intersect, exp.Except)

# sqlglot logs the text of statements that it does not know. No SQL literal may reach a log.
logging.getLogger("sqlglot").addFilter(lambda _record: False)


def read_statement(
    sql: str,
    dialect: str = "duckdb",
    parameters: Mapping[str, Any] | Sequence[Any] = (),
    catalogue: Catalogue | None = None,
) -> Any:
    """The one statement of a text, as the tree that DuckDB's dialect reads, with literals for its parameters.

    Args:
        sql: any text at all.
        dialect: one of `dialects.DIALECTS`, by name or alias.
        parameters: values by name, or in order for `?` and `$1`; see `values` for what they may be.
        catalogue: the project's tables; other dialects are translated by the types of their columns. Names in the
            text are not looked up here.

    Returns:
        A sqlglot Select, Union, Intersect or Except, or such a one in brackets (Subquery).

    Raises:
        Refusal: `sql-not-read`, `several-statements`, `not-a-select`, `too-complex`, those of `codes_of_reading`, and
            their kin.
    """
    try:
        return _read(sql, dialect_named(dialect), read_values(parameters), catalogue)
    except Refusal:
        raise
    except RecursionError:
        raise refuse("too-complex") from None
    except Exception:  # fail closed: a parser that stumbles has not read it
        raise refuse("sql-not-read") from None


def _read(sql: str, dialect: Dialect, values: Values, catalogue: Catalogue | None) -> Any:
    text = check_text(sql)
    tokens, places = _read_tokens(text, dialect)
    check_names(places, values)
    tree = _parse(tokens, text, dialect)
    if dialect is not DUCKDB:
        tree = _read_translation(
            _translate(tree, dialect, values, catalogue, lambda: _parse(tokens, text, dialect)), places
        )
    drop_qualifiers(tree)
    tree = use_one_name(tree)
    return bind(tree, values) if places else tree


def _read_translation(written: str, places: tuple[str, ...]) -> Any:
    """The tree of the text that a translation wrote, read like any other."""
    tokens, again = _read_tokens(written, DUCKDB)
    if not set(again) <= set(places):  # a placeholder of a form that is not ours
        raise refuse("construct-not-available")
    return _parse(tokens, written, DUCKDB)


def _read_tokens(text: str, dialect: Dialect) -> tuple[list[Any], tuple[str, ...]]:
    """Checked tokens, and the names of the places among them."""
    tokens, places = find_places(cut_into_tokens(text, dialect.reads), dialect.reads)
    check_tokens(tokens)
    return tokens, places


def _translate(
    tree: Any, dialect: Dialect, values: Values, catalogue: Catalogue | None, read_again: Callable[[], Any]
) -> str:
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    return translate(tree, dialect, Kinds(tree, dialect.typing, catalogue, value_kinds(values), texts), read_again)


def _parse(tokens: list[Any], text: str, dialect: Dialect) -> Any:
    """The only statement. Raises `sql-not-read`, `several-statements`, `not-a-select`, `query-empty`."""
    try:
        trees = sqlglot.Dialect.get_or_raise(dialect.reads).parser().parse(tokens, text)
    except SqlglotError as error:
        remedy = f"Check the place shown; it was read as {dialect.title}."
        raise refuse("sql-not-read", _place(error), remedy=remedy) from None
    trees = [tree for tree in trees if tree is not None]
    if not trees:
        raise refuse("query-empty")
    if len(trees) > 1:
        raise refuse("several-statements", trees[1], dialect=dialect.reads)
    query = trees[0]
    while type(query) is exp.Subquery:
        query = query.this
    if type(query) not in _QUERIES:
        raise refuse("not-a-select", trees[0], dialect=dialect.reads)
    return trees[0]


def _place(error: SqlglotError) -> str:
    """The caller's own text around the place where reading failed."""
    details = getattr(error, "errors", None) or [{}]
    return "".join(str(details[0].get(part) or "") for part in ("start_context", "highlight", "end_context"))
