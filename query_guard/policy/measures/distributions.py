"""What describes a distribution: extremes, quantiles, spreads, and two quantities together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from query_guard.policy.measures import families
from query_guard.policy.measures.families import Described, Family
from query_guard.policy.measures.outcomes import branches_of_filter
from query_guard.policy.measures.quantity import Quantity, finite, read_quantity
from query_guard.policy.measures.requests import Requests
from query_guard.policy.plan import Measure, Shape, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, as_double, join_terms

#: Spreads and relations of quantities: DuckDB's names.
SPREADS: dict[type[Any], str] = {
    exp.Stddev: "stddev_samp",
    exp.StddevSamp: "stddev_samp",
    exp.StddevPop: "stddev_pop",
    exp.Variance: "var_samp",
    exp.VariancePop: "var_pop",
}
PAIRS: dict[type[Any], str] = {
    exp.Corr: "corr",
    exp.CovarSamp: "covar_samp",
    exp.CovarPop: "covar_pop",
    exp.RegrSlope: "regr_slope",
    exp.RegrIntercept: "regr_intercept",
    exp.RegrR2: "regr_r2",
}
_LARGEST = "1e100"  # squares of larger numbers overflow


def _plain_value(kept: Term | None, term: Term) -> tuple[str, Term]:
    """The value of a measure without arms: NULL where the FILTER fails."""
    sql = finite(term) if term.kind in NUMBERS else term.sql
    if kept is not None:
        sql = f"CASE WHEN {kept.sql} THEN {sql} END"
    functions = ("isfinite",) if "isfinite(" in sql else ()
    return sql, join_terms(sql, Kind.DOUBLE, term, *([kept] if kept else []), functions=functions)


def _value_to_place(requests: Requests, node: Any, kept: Term | None) -> tuple[Term, Shape, bool]:
    """The value of an extreme or quantile as a number over rows: a quantity, or a date as days since 1970; and whether
    it is 0 or missing by a condition."""
    term = requests.rows.write(node)
    if term.kind in TIMES:
        days = f"date_diff('day', DATE '1970-01-01', {term.sql})"
        sql = f"CASE WHEN {kept.sql} THEN {days} END" if kept is not None else days
        return (
            join_terms(sql, Kind.INTEGER, term, *([kept] if kept else []), functions=("date_diff",)),
            Shape.MONTH,
            False,
        )
    quantity = read_quantity(node, requests.rows)
    if not quantity.leaves or quantity.scaled:
        raise refuse("measure-not-quantity", node)
    sql, value = _plain_value(kept, quantity.term)
    whole = quantity.term.kind is Kind.INTEGER
    return replace(value, sql=sql), Shape.WHOLE if whole else Shape.FIGURES, quantity.cased


def extreme(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    """min(x) and max(x): protected extremes. Raises `measure-not-quantity`."""
    lowest = type(node) is exp.Min
    value, shape, cased = _value_to_place(requests, node.this, kept)
    kind, function = ("lowest", "min") if lowest else ("highest", "max")
    prefix = requests.family(kind, value, lambda name: families.extreme(name, value.sql, function, requests.people))
    measure = Measure.LOWEST if lowest else Measure.HIGHEST
    branches = branches_of_filter(requests, kept)
    return Statistic(
        "", measure, prefix, f"{prefix}_r", branches=branches, shape=shape, cased=cased, text=f"{kind} of {value.sql}"
    )


def quantile(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    """A quantile in its one form (`quantile_request`). Raises `measure-not-quantity`."""
    value, shape, cased = _value_to_place(requests, node.this, kept)
    level = float(node.expression)
    double = as_double(value).sql

    def build(name: str) -> Family:
        number = f"quantile_cont({name}, {level:.6g})"
        return families.distribution(name, Described(double, ()), number, "quantile_cont")

    prefix = requests.family(f"quantile {level}", value, build)
    text = f"quantile {level:.6g} of {value.sql}"
    branches = branches_of_filter(requests, kept)
    return Statistic(
        "", Measure.QUANTILE, prefix, f"{prefix}_r", branches=branches, shape=shape, cased=cased, level=level, text=text
    )


def _described(requests: Requests, node: Any, kept: Term | None) -> tuple[Quantity, tuple[Term, ...]]:
    """A quantity whose square is a number; it and its summands as terms. Raises `measure-not-quantity`."""
    if type(node) is exp.Distinct:
        raise refuse("distinct-not-available", node)
    quantity = read_quantity(node, requests.rows)
    if not quantity.leaves or quantity.scaled:
        raise refuse("measure-not-quantity", node)
    return quantity, tuple(_bounded(kept, term) for term in (quantity.term, *quantity.leaves))


def _bounded(kept: Term | None, term: Term) -> Term:
    sql, value = _plain_value(kept, term)
    bounded = f"CASE WHEN abs({sql}) <= {_LARGEST} THEN {sql} END"
    return join_terms(bounded, Kind.DOUBLE, value, functions=("abs",))


def spread(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    """Standard deviation and variance. Raises `measure-not-quantity`."""
    quantity, (value, *summands) = _described(requests, node.this, kept)
    function = SPREADS[type(node)]
    both = join_terms(value.sql, Kind.DOUBLE, value, *summands)
    described = Described(value.sql, tuple(term.sql for term in summands))

    def build(name: str) -> Family:
        return families.distribution(name, described, f"{function}({name})", function)

    prefix = requests.family(f"spread {function}", both, build)
    text = f"{function} of {value.sql}"
    return Statistic(
        "",
        Measure.SPREAD,
        prefix,
        f"{prefix}_r",
        branches=branches_of_filter(requests, kept),
        shape=Shape.FIGURES,
        tally=quantity.tally,
        cased=quantity.cased,
        operation=function,
        weights=(len(summands),),
        text=text,
    )


def pair(requests: Requests, node: Any, kept: Term | None) -> Statistic:
    """Correlation, covariance and regression of two quantities. Raises `measure-not-quantity`."""
    if node.args.get("expression") is None:
        raise refuse("measure-not-quantity", node, remedy="This takes two quantities.")
    of_one, one = _described(requests, node.this, kept)
    of_two, two = _described(requests, node.expression, kept)
    function = PAIRS[type(node)]
    first, second = _where_there(one, two[0]), _where_there(two, one[0])
    both = join_terms(f"{first.sql} / {second.sql}", Kind.DOUBLE, *one, *two)

    def build(name: str) -> Family:
        return families.distribution(name, first, f"{function}({name}, {name}_x)", function, second)

    prefix = requests.family(f"pair {function}", both, build)
    text = f"{function} of {one[0].sql} and {two[0].sql}"
    return Statistic(
        "",
        Measure.PAIR,
        prefix,
        f"{prefix}_r",
        branches=branches_of_filter(requests, kept),
        shape=Shape.FIGURES,
        tally=of_one.tally or of_two.tally,
        cased=of_one.cased or of_two.cased,
        operation=function,
        weights=(len(one) - 1, len(two) - 1),
        text=text,
    )


def _where_there(terms: tuple[Term, ...], other: Term) -> Described:
    """A quantity and its summands, null where the other of the pair is missing."""
    value, *summands = (f"CASE WHEN {other.sql} IS NOT NULL THEN {term.sql} END" for term in terms)
    return Described(value, tuple(summands))
