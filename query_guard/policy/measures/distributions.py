"""What describes a distribution: extremes, quantiles, spreads, and two quantities together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions.arithmetic import combine
from query_guard.policy.measures import families
from query_guard.policy.measures.families import Described
from query_guard.policy.measures.lines import moved, stretched
from query_guard.policy.measures.quantity import Quantity, finite, plain_quantity, read_quantity
from query_guard.policy.measures.requests import Requests
from query_guard.policy.plan import Measure, Shape, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import TIMES, Kind, Term, as_double, join_terms

#: Spreads and relations of quantities: DuckDB's names.
SPREADS: dict[type[Any], str] = {
    exp.Stddev: "stddev_samp",
    exp.StddevSamp: "stddev_samp",
    exp.StddevPop: "stddev_pop",
    exp.Variance: "var_samp",
    exp.VariancePop: "var_pop",
}
#: Variances are answered as the square of the published deviation.
_SQUARES = {"var_samp": "stddev_samp", "var_pop": "stddev_pop"}
PAIRS: dict[type[Any], str] = {
    exp.Corr: "corr",
    exp.CovarSamp: "covar_samp",
    exp.CovarPop: "covar_pop",
    exp.RegrSlope: "regr_slope",
    exp.RegrIntercept: "regr_intercept",
    exp.RegrR2: "regr_r2",
}
_EITHER_WAY = ("corr", "covar_samp", "covar_pop", "regr_r2")
_LARGEST = "1e100"  # squares of larger numbers overflow


def _plain_value(kept: Term | None, term: Term, shape: Shape) -> Term:
    """The value for each row: NULL where the FILTER fails."""
    sql = term.sql if shape is Shape.MONTH else finite(term)
    if kept is not None:
        sql = f"CASE WHEN {kept.sql} THEN {sql} END"
    functions = ("isfinite",) if "isfinite(" in sql else ()
    kind = Kind.INTEGER if shape is Shape.MONTH else Kind.DOUBLE
    return join_terms(sql, kind, term, *([kept] if kept else []), functions=functions)


def _placed(requests: Requests, node: Any) -> tuple[Quantity, Shape]:
    """What an extreme or a quantile is of: a quantity, or a date as days since 1970."""
    term = requests.rows.write(node)
    if term.kind in TIMES:
        days = join_terms(
            f"date_diff('day', DATE '1970-01-01', {term.sql})", Kind.INTEGER, term, functions=("date_diff",)
        )
        return plain_quantity(days), Shape.MONTH
    quantity = read_quantity(node, requests.rows)
    if not quantity.leaves or quantity.scaled or quantity.variants:
        raise refuse("measure-not-quantity", node)
    return quantity, Shape.WHOLE if _core(quantity).kind is Kind.INTEGER else Shape.FIGURES


def _core(quantity: Quantity) -> Term:
    """What is asked of the engine: of a line its leaf."""
    return quantity.leaves[0] if quantity.is_line else quantity.term


def _on_line(quantity: Quantity, term: Term, node: Any) -> Term:
    """A place among the values of the leaf as one among those of the line."""
    if not quantity.is_moved:
        return term
    return moved(stretched(term, quantity.scale or 1, node), quantity.shift, node)


def _made(kept: Term | None, build: Callable[[Term | None], str]) -> tuple[str, str]:
    """The prefix of a family, and that of the same without its FILTER if it has one."""
    whole = build(None)
    return (whole, "") if kept is None else (build(kept), whole)


def extreme(requests: Requests, node: Any, kept: Term | None) -> Term:
    """min(x) and max(x): protected extremes. Raises `measure-not-quantity`."""
    quantity, shape = _placed(requests, node.this)
    falling = quantity.is_line and (quantity.scale or 1) < 0
    lowest = (type(node) is exp.Min) is not falling
    kind, function = ("lowest", "min") if lowest else ("highest", "max")

    def build(test: Term | None) -> str:
        value = _plain_value(test, _core(quantity), shape)
        return requests.family(kind, value, lambda name: families.extreme(name, value.sql, function, requests.people))

    prefix, whole = _made(kept, build)
    measure = Measure.LOWEST if lowest else Measure.HIGHEST
    text = f"{kind} of {_core(quantity).sql}"
    column = requests.column(Statistic("", measure, prefix, whole, shape=shape, cased=quantity.cased, text=text))
    end = "lowest" if type(node) is exp.Min else "highest"
    note = (
        f"protected extreme: the {end} value that {requests.people} people have or pass, rounded; the single {end}"
        " value is never released"
    )
    return replace(_on_line(quantity, column, node), notes=frozenset({note}))


def quantile(requests: Requests, node: Any, kept: Term | None) -> Term:
    """A quantile in its one form (`quantile_request`). Raises `measure-not-quantity`."""
    quantity, shape = _placed(requests, node.this)
    level = float(node.expression)
    if quantity.is_line and (quantity.scale or 1) < 0:
        level = round(1 - level, 6)

    def build(test: Term | None) -> str:
        value = _plain_value(test, _core(quantity), shape)
        double = as_double(value).sql
        return requests.family(
            f"quantile {level}",
            value,
            lambda name: families.distribution(name, Described(double, ()), "quantile_cont", level=f"{level:.6g}"),
        )

    prefix, whole = _made(kept, build)
    text = f"quantile {level:.6g} of {_core(quantity).sql}"
    column = requests.column(
        Statistic("", Measure.QUANTILE, prefix, whole, shape=shape, cased=quantity.cased, level=level, text=text)
    )
    return _on_line(quantity, column, node)


def _described(requests: Requests, node: Any) -> Quantity:
    """A quantity whose square is a number. Raises `measure-not-quantity`."""
    if type(node) is exp.Distinct:
        raise refuse("distinct-not-available", node)
    quantity = read_quantity(node, requests.rows)
    if not quantity.leaves or quantity.scaled or quantity.variants:
        raise refuse("measure-not-quantity", node)
    return quantity


def _terms(quantity: Quantity, kept: Term | None) -> tuple[Term, ...]:
    """What is described and its summands, within bounds."""
    summands = quantity.leaves if not quantity.is_line else quantity.leaves[:1]
    return tuple(_bounded(kept, term) for term in (_core(quantity), *summands))


def _bounded(kept: Term | None, term: Term) -> Term:
    value = _plain_value(kept, term, Shape.FIGURES)
    bounded = f"CASE WHEN abs({value.sql}) <= {_LARGEST} THEN {value.sql} END"
    return join_terms(bounded, Kind.DOUBLE, value, functions=("abs",))


def spread(requests: Requests, node: Any, kept: Term | None) -> Term:
    """Standard deviation and variance, which is its square. Raises `measure-not-quantity`."""
    quantity = _described(requests, node.this)
    asked = SPREADS[type(node)]
    function, counted = _SQUARES.get(asked, asked), quantity.tally or quantity.cased

    def build(test: Term | None) -> str:
        value, *summands = _terms(quantity, test)
        described = Described(value.sql, tuple(term.sql for term in summands))
        return requests.family(
            f"spread {function}",
            join_terms(value.sql, Kind.DOUBLE, value, *summands),
            lambda name: families.distribution(name, described, function, counted=counted),
        )

    prefix, whole = _made(kept, build)
    column = requests.column(
        Statistic(
            "",
            Measure.SPREAD,
            prefix,
            whole,
            shape=Shape.FIGURES,
            tally=quantity.tally,
            cased=quantity.cased,
            operation=function,
            weights=(1 if quantity.is_line else len(quantity.leaves),),
            text=f"{function} of {_core(quantity).sql}",
        )
    )
    wide = stretched(column, abs(quantity.scale or 1) if quantity.is_line else 1, node)
    return combine(exp.Mul, wide, wide, node) if asked in _SQUARES else wide


def pair(requests: Requests, node: Any, kept: Term | None) -> Term:
    """Correlation, covariance and regression of two quantities. Raises `measure-not-quantity`."""
    if node.args.get("expression") is None:
        raise refuse("measure-not-quantity", node, remedy="This takes two quantities.")
    one, two = _described(requests, node.this), _described(requests, node.expression)
    function = PAIRS[type(node)]
    column = _pair_column(requests, function, (one, two), kept)
    by_one, by_two = (quantity.scale or 1 if quantity.is_line else 1 for quantity in (one, two))
    match function:
        case "corr":
            return stretched(column, 1 if by_one * by_two > 0 else -1, node)
        case "covar_samp" | "covar_pop":
            return stretched(column, by_one * by_two, node)
        case "regr_slope":
            return stretched(column, by_one if by_two == 1 else by_one / by_two, node)
        case "regr_intercept":  # of a * y + b on c * x + d: a * intercept + b - d * a / c * slope
            line = _on_line(one, column, node)
            if not two.is_moved or not two.shift:
                return line
            slope = _pair_column(requests, "regr_slope", (one, two), kept)
            return moved(line, stretched(slope, -two.shift * by_one / by_two, node), node)
    return column  # regr_r2


def _pair_column(requests: Requests, function: str, both: tuple[Quantity, Quantity], kept: Term | None) -> Term:
    if function in _EITHER_WAY:  # one number, whichever of the two is named first
        both = (both[0], both[1]) if _core(both[0]).sql <= _core(both[1]).sql else (both[1], both[0])
    counted = any(quantity.tally or quantity.cased for quantity in both)

    def build(test: Term | None) -> str:
        one, two = (_terms(quantity, test) for quantity in both)
        first, second = _where_there(one, two[0]), _where_there(two, one[0])
        return requests.family(
            f"pair {function}",
            join_terms(f"{first.sql} / {second.sql}", Kind.DOUBLE, *one, *two),
            lambda name: families.distribution(name, first, function, second, counted=counted),
        )

    prefix, whole = _made(kept, build)
    return requests.column(
        Statistic(
            "",
            Measure.PAIR,
            prefix,
            whole,
            shape=Shape.FIGURES,
            tally=any(quantity.tally for quantity in both),
            cased=any(quantity.cased for quantity in both),
            operation=function,
            weights=tuple(1 if quantity.is_line else len(quantity.leaves) for quantity in both),
            text=f"{function} of {_core(both[0]).sql} and {_core(both[1]).sql}",
        )
    )


def _where_there(terms: tuple[Term, ...], other: Term) -> Described:
    """A quantity and its summands, null where the other of the pair is missing."""
    value, *summands = (f"CASE WHEN {other.sql} IS NOT NULL THEN {term.sql} END" for term in terms)
    return Described(value, tuple(summands))
