"""Aggregates as requests: each one the caller writes becomes a protected column and the hidden columns that judge it.

The same aggregate asked twice is one column; the same condition or quantity in two aggregates is computed once. An
aggregate that may not be released becomes a column without value, with the reason: the rest of the answer is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.measures.counts import count, count_if
from query_guard.policy.measures.distributions import PAIRS, SPREADS, extreme, pair, quantile, spread
from query_guard.policy.measures.fixed_numbers import combine_counts, read_fixed
from query_guard.policy.measures.quantile_level import quantile_request
from query_guard.policy.measures.refused import refused_aggregate
from query_guard.policy.measures.requests import Requests
from query_guard.policy.measures.totals import mean, total
from query_guard.policy.refusing import excerpt, refuse
from query_guard.policy.terms import Kind, Term

#: Refusals of one aggregate that leave the rest of the query answerable.
_WITHHELD = frozenset(
    {"aggregate-not-releasable", "aggregate-not-available", "measure-not-quantity", "measure-mixed", "quantile-level"}
    | {"percentile-by-hand", "window-over-people"}
)

#: Refusals of an aggregate that is never given, whatever it reads.
_OF_ITSELF = frozenset({"aggregate-not-releasable", "aggregate-not-available"})


def ask(requests: Requests, node: Any) -> Term:
    """The protected column of an aggregate. Raises the refusals of terms; of those of aggregates only where none of the
    query's is released (see `Requests.check_something_is_released`)."""
    try:
        return _read(requests, node)
    except Refusal as refusal:
        if refusal.code not in _WITHHELD:
            raise
        if refusal.code not in _OF_ITSELF:
            refusal = _for_what_it_reads(requests, node) or refusal
        placed = Refusal(refusal.code, refusal.message, refusal.remedy, refusal.where or excerpt(node))
        requests.withheld.append(placed)
        note = f"not released: {refusal.message} {refusal.remedy}"
        codes = frozenset({refusal.code})
        return Term("NULL", Kind.NULL, states=frozenset({"2"}), notes=frozenset({note}), withheld=codes)


def _for_what_it_reads(requests: Requests, node: Any) -> Refusal | None:
    """The refusal of a withheld value inside an aggregate: the better reason, if it is one."""
    inside = node.this if isinstance(getattr(node, "this", None), exp.Expr) else None
    try:
        withheld = requests.rows.write(inside).withheld if inside is not None else frozenset()
    except Refusal:
        return None
    return refuse(min(withheld), node) if withheld else None


def _read(requests: Requests, node: Any) -> Term:
    kept = None
    if type(node) in (exp.IgnoreNulls, exp.RespectNulls):
        node = node.this
    if type(node) is exp.Filter:
        kept, node = requests.rows.condition(node.expression.this), node.this
    fixed = read_fixed(requests, node)
    if fixed is not None:
        return combine_counts(requests, node, fixed, kept)
    node = quantile_request(node)
    reader = _READERS.get(type(node))
    if reader is None:
        raise refused_aggregate(node)
    term = reader(requests, node, kept)
    return replace(term, notes=term.notes | {_INTERPOLATED}) if node.args.get("discrete") else term


_READERS: dict[type[Any], Callable[[Requests, Any, Term | None], Term]] = {
    exp.Count: count,
    exp.CountIf: count_if,
    exp.Sum: total,
    exp.Avg: mean,
    exp.Min: extreme,
    exp.Max: extreme,
    exp.PercentileCont: quantile,
    **dict.fromkeys(SPREADS, spread),
    **dict.fromkeys(PAIRS, pair),
}
_INTERPOLATED = (
    "answered as quantile_cont: between two people's values it is interpolated, because a value that occurs is one"
    " person's"
)
