"""Window functions, over one person's rows or over published values: the functions as data, the frame, the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.expressions.choices import one_kind
from query_guard.policy.expressions.context import Context
from query_guard.policy.measures.quantile_level import quantile_request
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.ordering import order_sql
from query_guard.policy.relations.states import state_functions, with_state, worst_state
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, as_double, hide_detail, join_terms
from query_guard.policy.walking import window_function

#: Where a frame may begin and end, in order.
_BOUNDS = {
    bound: place
    for place, bound in enumerate(
        ("UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING")
    )
}
_FARTHEST_ROW = 10_000

#: Functions without a value: their DuckDB name and kind.
_RANKS: dict[type[Any], tuple[str, Kind]] = {
    exp.RowNumber: ("row_number", Kind.INTEGER),
    exp.Rank: ("rank", Kind.INTEGER),
    exp.DenseRank: ("dense_rank", Kind.INTEGER),
    exp.PercentRank: ("percent_rank", Kind.DOUBLE),
    exp.CumeDist: ("cume_dist", Kind.DOUBLE),
}
#: Functions that hand on a value of another row of the window.
_PICKS: dict[type[Any], str] = {
    exp.Lag: "lag",
    exp.Lead: "lead",
    exp.FirstValue: "first_value",
    exp.LastValue: "last_value",
}
#: Functions that tell rows apart which are equal in order.
_NUMBERING = (exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead)
_EXTREMES: dict[type[Any], str] = {exp.Min: "min", exp.Max: "max"}
_NUMBERS: dict[type[Any], str] = {
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Stddev: "stddev_samp",
    exp.StddevSamp: "stddev_samp",
    exp.Median: "median",
}
_QUANTILES = (exp.Quantile, exp.PercentileCont, exp.PercentileDisc, exp.WithinGroup, exp.ApproxQuantile)
#: Functions whose window over all people's rows would be a percentile made by hand.
RANKING = (*_RANKS, exp.Ntile)


@dataclass(frozen=True)
class Frame:
    """How a window is laid over rows.

    Attributes: person: SQL of the person, put first into PARTITION BY, or empty. term: writes an entry of PARTITION BY
        or ORDER BY; None for the person key, which `person` stands for. ties: what orders rows that the caller's ORDER
        BY leaves equal, so that the same question always has the same answer.
    """

    context: Context
    term: Callable[[Any], Term | None]
    person: str = ""
    ties: tuple[Term, ...] = ()


def write_window(node: Any, frame: Frame) -> Term:
    """The term of a window. Raises `window-not-available` and the refusals of expressions."""
    function, kept = window_function(node)
    if type(node.this) in (exp.IgnoreNulls, exp.RespectNulls):
        raise refuse("window-not-available", node)
    call = _call(function, frame.context)
    over = _over(node, frame, frame.ties if _is_numbered(function, node) else ())
    parts, sql = [call, over], call.sql
    if kept is not None:
        if not isinstance(function, exp.AggFunc) or type(function) in _PICKS:
            raise refuse("window-not-available", node)
        test = frame.context.condition(kept)
        sql, parts = f"{sql} FILTER (WHERE {test.sql})", [*parts, test]
    term = join_terms(f"{sql} OVER ({over.sql})", call.kind, *parts)
    if type(function) is exp.Sum and call.kind is Kind.INTEGER:  # a sum is computed as DOUBLE
        term = join_terms(f"TRY_CAST({term.sql} AS BIGINT)", Kind.INTEGER, term)
    return hide_detail(_with_own_state(term, function, over), exposes=_exposes(function, call))


def _exposes(function: Any, call: Term) -> frozenset[ColumnUse]:
    if type(function) in _PICKS or type(function) in _EXTREMES:
        return call.exposes
    if type(function) in _QUANTILES and call.kind in TIMES:
        return call.exposes
    fine = (*_NUMBERS, *_QUANTILES)
    return frozenset({ColumnUse.MEASURE}) if type(function) in fine and call.private else frozenset()


def _with_own_state(term: Term, function: Any, over: Term) -> Term:
    """Over published values: what is picked from a hidden cell is hidden; what is computed leaves hidden cells out, and
    where there were any it is marked partial (1)."""
    if not term.states:
        return term
    worst = worst_state(term.states)
    if type(function) in _PICKS:
        offset = function.args.get("offset")
        steps = f", {_step(offset, function)}" if offset is not None else ""
        picked = f"COALESCE({_PICKS[type(function)]}({worst}{steps}) OVER ({over.sql}), 0)"
        functions = term.state_functions | {_PICKS[type(function)]} | state_functions(term.states)
        return replace(term, states=frozenset({picked}), state_functions=functions)
    return with_state(term, f"CASE WHEN max({worst}) OVER ({over.sql}) > 0 THEN 1 ELSE 0 END")


def _call(function: Any, context: Context) -> Term:
    kind = type(function)
    if kind in _RANKS:
        name, result = _RANKS[kind]
        return Term(f"{name}()", result, functions=frozenset({name}))
    if kind is exp.Ntile:
        tiles = _step(function.this, function)
        if not tiles:  # the engine fails on 0, on a row and not without one
            raise refuse("window-not-available", function)
        return Term(f"ntile({tiles})", Kind.INTEGER, functions=frozenset({"ntile"}))
    if kind in (exp.Lag, exp.Lead):
        return _neighbour(function, context)
    if kind in _PICKS or kind in _EXTREMES:
        name = _PICKS.get(kind) or _EXTREMES[kind]
        value = context.write(function.this)
        return join_terms(f"{name}({value.sql})", value.kind, value, functions=(name,))
    if kind is exp.Count:
        return _count(function, context)
    if kind in _NUMBERS:
        return _number(function, context)
    if kind in _QUANTILES:
        return _quantile(function, context)
    raise refuse("window-not-available", function)


def _neighbour(function: Any, context: Context) -> Term:
    value = context.write(function.this)
    steps = _step(function.args.get("offset"), function) if function.args.get("offset") is not None else 1
    default = function.args.get("default")
    terms, kind = one_kind([value, *([context.write(default)] if default is not None else [])], function)
    name = _PICKS[type(function)]
    arguments = ", ".join([terms[0].sql, str(steps), *(term.sql for term in terms[1:])])
    return join_terms(f"{name}({arguments})", kind, *terms, functions=(name,))


def _count(function: Any, context: Context) -> Term:
    argument = function.this
    if argument is None or type(argument) in (exp.Star, exp.Literal):
        return Term("count(*)", Kind.INTEGER, functions=frozenset({"count"}))
    if type(argument) is exp.Distinct:
        raise refuse("window-not-available", function)
    value = context.null_test(argument)
    return join_terms(f"count({value.sql})", Kind.INTEGER, value, functions=("count",))


def _number(function: Any, context: Context) -> Term:
    value = context.write(function.this)
    if value.kind not in NUMBERS:
        raise refuse("type-mismatch", function)
    double, name = as_double(value), _NUMBERS[type(function)]
    kind = Kind.INTEGER if type(function) is exp.Sum and value.kind is Kind.INTEGER else Kind.DOUBLE
    return join_terms(f"{name}({double.sql})", kind, double, functions=(name,))


def _quantile(function: Any, context: Context) -> Term:
    """A quantile at a fixed level; of dates a value that is there."""
    asked = quantile_request(function)
    value = context.write(asked.this)
    name = "quantile_disc" if asked.args.get("discrete") or value.kind in TIMES else "quantile_cont"
    if value.kind in TIMES:
        return join_terms(f"{name}({value.sql}, {asked.expression})", value.kind, value, functions=(name,))
    if value.kind not in NUMBERS:
        raise refuse("type-mismatch", function)
    double = as_double(value)
    return join_terms(f"{name}({double.sql}, {asked.expression})", Kind.DOUBLE, double, functions=(name,))


def _is_numbered(function: Any, node: Any) -> bool:
    """Whether rows that are equal in order are told apart: by the function, or by a frame that counts rows. Others
    (`rank`, a running sum) take equal rows together."""
    spec = node.args.get("spec")
    if spec is not None and str(spec.args.get("kind") or "").upper() == "ROWS":
        return True
    return type(function) in _NUMBERING or (type(function) is exp.FirstValue and spec is None)


def _over(node: Any, frame: Frame, ties: tuple[Term, ...]) -> Term:
    partition = [term for part in node.args.get("partition_by") or () if (term := frame.term(part)) is not None]
    listed = [*([frame.person] if frame.person else []), *(term.sql for term in partition)]
    parts, texts = list(partition), [f"PARTITION BY {', '.join(listed)}"] if listed else []
    order = node.args.get("order")
    entries = []
    for entry in order.expressions if order is not None else ():
        term = frame.term(entry.this)
        if term is not None:  # a person key orders nothing among the rows of one person
            parts.append(term)
            nulls = bool(entry.args.get("nulls_first"))
            entries.append(order_sql(term.sql, descending=bool(entry.args.get("desc")), nulls_first=nulls))
    written = {part.sql for part in parts}
    for tie in (tie for tie in ties if tie.sql not in written):
        parts.append(tie)
        entries.append(order_sql(tie.sql, descending=False, nulls_first=False))
    if entries:
        texts.append(f"ORDER BY {', '.join(entries)}")
    spec = node.args.get("spec")
    if spec is not None:
        texts.append(_rows_between(spec))
    return join_terms(" ".join(texts), Kind.OTHER, *parts)


def _rows_between(spec: Any) -> str:
    """The frame, if it may begin and end so: DuckDB does not read one that ends before it begins."""
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE") or spec.args.get("exclude"):
        raise refuse("window-not-available", spec)
    start = _bound(spec, "start", "PRECEDING", kind)
    end = _bound(spec, "end", "FOLLOWING", kind) if spec.args.get("end") else "CURRENT ROW"
    begins, ends = (_BOUNDS.get(bound.lstrip("0123456789 "), -1) for bound in (start, end))
    if not 0 <= begins <= ends or begins == _BOUNDS["UNBOUNDED FOLLOWING"] or ends == _BOUNDS["UNBOUNDED PRECEDING"]:
        raise refuse("window-not-available", spec)
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(spec: Any, which: str, otherwise: str, kind: str) -> str:
    value, side = spec.args.get(which), str(spec.args.get(f"{which}_side") or otherwise).upper()
    if value is None or isinstance(value, str):
        word = str(value or "CURRENT ROW").upper()
        return f"UNBOUNDED {side}" if word == "UNBOUNDED" else word
    if kind == "RANGE":
        raise refuse("window-not-available", spec)
    return f"{_step(value, spec)} {side}"


def _step(node: Any, place: Any) -> int:
    """A literal number of rows."""
    written_out = type(node) is exp.Literal and not node.is_string and str(node.this).isdigit()
    if written_out and int(node.this) <= _FARTHEST_ROW:
        return int(node.this)
    raise refuse("pattern-not-literal", place)
