"""Functions that sqlglot knows by name only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.entry import Untranslated
from query_guard.policy.reading.kinds import Kinds
from query_guard.policy.reading.rules import dates

_Named = Callable[[Any, Kinds], Any]


def _becomes(result: type[Any]) -> _Named:
    def rename(node: Any, kinds: Kinds) -> Any:
        del kinds
        if len(node.expressions) != 1:
            raise Untranslated
        return result(this=node.expressions[0])

    return rename


def _today(node: Any, kinds: Kinds) -> Any:
    """A clock, which shows the day of the data's cut in every dialect."""
    del kinds
    if node.expressions:
        raise Untranslated
    return exp.CurrentTimestamp()


def _make_date(node: Any, kinds: Kinds) -> Any:
    if len(node.expressions) != len(_DATE_PARTS):
        raise Untranslated
    return dates.from_parts(exp.DateFromParts(**dict(zip(_DATE_PARTS, node.expressions, strict=True))), kinds)


_DATE_PARTS = ("year", "month", "day")


def _beside_another(node: Any, kinds: Kinds) -> Any:
    """julianday is judged by the difference it stands in."""
    del kinds
    if type(node.parent) is not exp.Sub:
        raise Untranslated("Write julianday(end_date) - julianday(start_date).")
    return node


def _date_moved(node: Any, kinds: Kinds) -> Any:
    if len(node.expressions) != 2:
        raise Untranslated("Move dates by days: date(d, '+30 days').")
    return dates.moved_date_sqlite(node, kinds)


_TSQL: Mapping[str, _Named] = MappingProxyType(
    {
        "getutcdate": _today,
        "stdevp": _becomes(exp.StddevPop),
        "var": _becomes(exp.Variance),
        "varp": _becomes(exp.VariancePop),
    }
)
_POSTGRES: Mapping[str, _Named] = MappingProxyType(
    {
        "make_date": _make_date,
        "age": dates.age,
        **dict.fromkeys(("transaction_timestamp", "statement_timestamp", "clock_timestamp"), _today),
    }
)
_SQLITE: Mapping[str, _Named] = MappingProxyType({"julianday": _beside_another, "date": _date_moved})


def _named(functions: Mapping[str, _Named]) -> _Named:
    def translate(node: Any, kinds: Kinds) -> Any:
        rule = functions.get(str(node.this).lower())
        if rule is None:
            raise Untranslated
        return rule(node, kinds)

    return translate


tsql, postgres, sqlite = _named(_TSQL), _named(_POSTGRES), _named(_SQLITE)


def grouping_id(node: Any, kinds: Kinds) -> Any:
    """GROUPING_ID(a, b) is DuckDB's GROUPING(a, b)."""
    del kinds
    return exp.Grouping(expressions=node.expressions)
