"""The many ways to ask for a quantile, as one: PercentileCont(value, level written as text). Its argument `discrete`
says that a value that occurs was asked for: of people's it is not given, and the column says so."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.refusing import refuse

_BY_NAME = (exp.Quantile, exp.ApproxQuantile)
#: Levels that are asked for in papers. Any level at all would find out exactly how many people are below a value, by
#: trying which levels still give it.
LEVELS = frozenset(f"{place / 20:.6g}" for place in range(1, 20)) | {
    *("0.01", "0.025", "0.975", "0.99"),
    *("0.125", "0.375", "0.625", "0.875"),
    *("0.33", "0.333", "0.3333", "0.333333", "0.66", "0.67", "0.667", "0.6667", "0.666667"),
}
#: DuckDB's `quantile` is its quantile_disc.
_DISCRETE = (exp.PercentileDisc, exp.Quantile)
_PERCENTILES = (exp.PercentileCont, exp.PercentileDisc)


def quantile_request(node: Any) -> Any:
    """A median, quantile or percentile in its one form; any other node as it is.

    Raises `quantile-level` unless the level is one of `LEVELS`, written out.
    """
    if type(node) is exp.Median:
        return exp.PercentileCont(this=node.this, expression="0.5")
    if type(node) is exp.WithinGroup and type(node.this) in _PERCENTILES:
        entry = node.expression.expressions[0]
        level = _level(node.this.this, node)
        return _quantile(node.this, entry.this, _turned(level) if entry.args.get("desc") else level)
    if type(node) in _PERCENTILES:
        return _of_percentile(node)
    if type(node) in _BY_NAME:
        return _quantile(node, node.this, _level(node.args.get("quantile"), node))
    return node


def _of_percentile(node: Any) -> Any:
    level = node.args.get("expression")
    if type(node.this) is exp.Order:  # quantile_disc(0.25 ORDER BY x)
        return quantile_request(exp.WithinGroup(this=type(node)(this=node.this.this), expression=node.this))
    if type(level) is exp.Order:  # quantile_disc(x, 0.25 ORDER BY x)
        return _quantile(node, node.this, _level(level.this, node))
    if level is None:
        raise refuse("quantile-level", node)
    return node if isinstance(level, str) else _quantile(node, node.this, _level(level, node))


def _quantile(node: Any, value: Any, level: str) -> Any:
    return exp.PercentileCont(this=value, expression=level, discrete=type(node) in _DISCRETE)


def _level(node: Any, place: Any) -> str:
    if type(node) is exp.Literal and not node.is_string:
        try:
            level = float(str(node.this))
        except ValueError:
            raise refuse("quantile-level", place) from None
        if f"{level:.6g}" in LEVELS:
            return f"{level:.6g}"
    raise refuse("quantile-level", place)


def _turned(level: str) -> str:
    return f"{1 - float(level):.6g}"  # every level's mirror is a level, thirds aside
