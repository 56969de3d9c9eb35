"""Translates a statement of another dialect into DuckDB's text, or refuses: nothing changes its meaning in silence.

Every class of expression, with every argument, must be in the dialect's table; what means something else in DuckDB is
rewritten by a rule. The result is text, which is then read like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from query_guard.policy.reading.dialects import Dialect
from query_guard.policy.reading.entry import Untranslated
from query_guard.policy.reading.kinds import Kinds
from query_guard.policy.reading.refusals import refuse

DEEPEST_TREE = 60
MOST_NODES = 4000
_CHAINS = (exp.And, exp.Or)
#: Their text is read by the rule of the node that holds them.
_LEAVES = (exp.DataType, exp.LimitOptions)
#: sqlglot's own, around what may be a text; the caller did not write them.
_WRAPPERS = (exp.TimeStrToTime, exp.TsOrDsToDate, exp.TsOrDsToTimestamp)
_OTHER_CODES = {exp.Into: "not-a-select", exp.TableSample: "sample-not-allowed"}


def translate(tree: Any, dialect: Dialect, kinds: Kinds, read_again: Callable[[], Any]) -> str:
    """The statement as DuckDB's text; `tree` is used up.

    Args:
        tree: the statement as the dialect's parser read it.
        dialect: the caller's.
        kinds: what is known of the names in `tree`.
        read_again: reads the statement once more, to show a refused place as it was written.

    Raises:
        Refusal: `dialect-not-translated`, `too-complex`, `not-a-select`, `unknown-column`.
    """
    nodes = list(_walk(tree))

    for node in nodes:
        unknown_part = _unknown_part(node, dialect)
        if unknown_part is not None:
            raise _refusal(unknown_part, dialect)
    kinds.read_names()
    for index in reversed(range(len(nodes))):  # parts before what they are part of
        try:
            tree = _rewrite(nodes[index], tree, dialect, kinds)
        except Untranslated as reason:
            place = list(_walk(read_again()))[index]
            unknown = kinds.unknown_name(place)
            if unknown:  # its kind could not be known, and that is all that is wrong
                raise refuse("unknown-column", place, name=unknown, dialect=dialect.reads) from None
            raise _refusal(place, dialect, str(reason)) from None
    return _write(tree)


def _refusal(place: Any, dialect: Dialect, remedy: str = "") -> Exception:
    code = _OTHER_CODES.get(type(place), "dialect-not-translated")
    shown = place.parent if type(place) is exp.Limit and place.parent is not None else place  # TOP is in the SELECT
    shown = shown.transform(lambda node: node.this if type(node) in _WRAPPERS else node)
    return refuse(code, shown, remedy=remedy, dialect=dialect.reads)


def _walk(tree: Any) -> Iterator[Any]:
    """Every node in reading order. Raises `too-complex`. A chain of AND (OR) is written flat, so it is not deep."""
    waiting = [(tree, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST_TREE or seen > MOST_NODES:
            raise refuse("too-complex")
        yield node
        if type(node) in _LEAVES:
            continue
        for child in reversed(list(node.iter_expressions())):
            flat = type(child) is type(node) and type(child) in _CHAINS
            waiting.append((child, depth + (not flat)))


def _unknown_part(node: Any, dialect: Dialect) -> Any:
    """The part that is not in the dialect's table: the node, or the argument that it may not have."""
    if type(node) in _LEAVES:
        return None
    entry = dialect.table.get(type(node))
    if entry is None:
        return node
    for name, value in node.args.items():
        if name not in entry.arguments and value is not None and value is not False and value != []:
            part = value[0] if isinstance(value, list) else value
            return part if isinstance(part, exp.Expr) else node
    return None


def _rewrite(node: Any, tree: Any, dialect: Dialect, kinds: Kinds) -> Any:
    """Puts what the rule makes of `node` in its place. Returns the tree, which may be new at its root."""
    entry = dialect.table.get(type(node))
    if entry is None or entry.rule is None:
        return tree
    parent, key, index = node.parent, node.arg_key, node.index
    kind = kinds.of(node)
    written = entry.rule(node, kinds)
    kinds.keep(written, kind)
    if written is node:
        return tree
    if node is tree:
        return written
    parent.set(key, written, index)
    return tree


def _write(tree: Any) -> str:
    try:
        duckdb = sqlglot.Dialect.get_or_raise("duckdb")
        return duckdb.generate(tree, copy=False, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError:
        raise refuse("dialect-not-translated") from None
