"""What may be summed: quantities, taken apart into summands so that none hides behind another.

Allowed are measure columns (and groupable numbers with both bounds in the catalogue, such as a year of birth), days
or years between dates, these stretched by fixed numbers or multiplied with one another, and sums and differences of
such. Steps (floor, round), conditions (least, nullif) and codes are not: a sum of them is a count of people in
disguise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from governance.catalogue import CatalogueColumn, ColumnUse
from query_guard.policy.expressions.arithmetic import combine, divide
from query_guard.policy.expressions.literals import negate
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, as_double, join_terms, number

_FROM_DATES = (exp.DateDiff, exp.Year, exp.Extract)


@dataclass(frozen=True)
class Quantity:
    """A number per row and its summands (`leaves`). A literal is a quantity without leaves."""

    term: Term
    leaves: tuple[Term, ...]
    is_sum: bool = False


def read_quantity(node: Any, rows: Rows) -> Quantity:
    """The quantity of a node. Raises `measure-not-quantity`."""
    node = node.unnest()
    reader = _READERS.get(type(node))
    if reader is None:
        raise refuse("measure-not-quantity", node)
    return reader(node, rows)


def finite(term: Term) -> str:
    """The term as a finite DOUBLE: infinities and NaN count as missing."""
    value = as_double(term)
    if term.kind is Kind.INTEGER:
        return value.sql
    return f"CASE WHEN isfinite({value.sql}) THEN {value.sql} END"


def _literal(node: Any, rows: Rows) -> Quantity:
    term = rows.write(node)
    if not term.is_number:
        raise refuse("measure-not-quantity", node)
    return Quantity(term, ())


def _column(node: Any, rows: Rows) -> Quantity:
    found = rows.find(node)
    if found is None:
        return read_quantity_of_name(node, rows)
    source, column = found
    term = rows.column(node)
    bounded = column.low is not None and column.high is not None
    summable = column.use is ColumnUse.MEASURE or (column.use is ColumnUse.GROUP and bounded)
    if not (source.is_private and summable and term.kind in NUMBERS):
        raise refuse("measure-not-quantity", node)
    term = _clamp(term, column)
    return Quantity(term, (term,))


def read_quantity_of_name(node: Any, rows: Rows) -> Quantity:
    """An output name inside an aggregate: the expression it stands for, read by the same rules."""
    rows.output_name(node)  # raises for unknown names and circles
    return read_quantity(rows.aliases[node.name.lower()], rows)


def _clamp(term: Term, column: CatalogueColumn) -> Term:
    """The column held within the catalogue's bounds, so that one wild value cannot carry a sum."""
    whole = term.kind is Kind.INTEGER
    arms = []
    if column.low is not None:
        low = str(math.ceil(column.low)) if whole else number(float(column.low)).sql
        arms.append(f"WHEN {term.sql} < {low} THEN {low}")
    if column.high is not None:
        high = str(math.floor(column.high)) if whole else number(float(column.high)).sql
        arms.append(f"WHEN {term.sql} > {high} THEN {high}")
    return join_terms(f"CASE {' '.join(arms)} ELSE {term.sql} END", term.kind, term) if arms else term


def _from_dates(node: Any, rows: Rows) -> Quantity:
    term = rows.write(node)
    return Quantity(term, (term,))


def _sum(node: Any, rows: Rows) -> Quantity:
    if type(node) is exp.Sub and _is_date_difference(node, rows):
        return _from_dates(node, rows)
    left, right = read_quantity(node.this, rows), read_quantity(node.expression, rows)
    term = combine(type(node), left.term, right.term, node)
    return Quantity(term, left.leaves + right.leaves, is_sum=True)


def _is_date_difference(node: Any, rows: Rows) -> bool:
    """Whether both sides are dates. Only columns and dates written out are looked at; anything else is no date here."""
    sides = (node.this.unnest(), node.expression.unnest())
    plain = all(type(side) in (exp.Column, exp.Cast, exp.TryCast) for side in sides)
    return plain and all(rows.write(side).kind in TIMES for side in sides)


def _product(node: Any, rows: Rows) -> Quantity:
    left, right = read_quantity(node.this, rows), read_quantity(node.expression, rows)
    term = combine(exp.Mul, left.term, right.term, node)
    if left.leaves and right.leaves and (left.is_sum or right.is_sum):
        raise refuse("measure-not-quantity", node, remedy="Multiply out: sum(a * c) + sum(b * c).")
    if left.leaves and right.leaves:
        return Quantity(term, (term,))
    return Quantity(term, left.leaves + right.leaves, is_sum=left.is_sum or right.is_sum)


def _quotient(node: Any, rows: Rows) -> Quantity:
    left, right = read_quantity(node.this, rows), read_quantity(node.expression, rows)
    if right.leaves or not right.term.literal:
        raise refuse("measure-not-quantity", node, remedy="Divide by a fixed number, or divide two sums.")
    return Quantity(divide(left.term, right.term, node), left.leaves, left.is_sum)


def _negation(node: Any, rows: Rows) -> Quantity:
    inside = read_quantity(node.this, rows)
    if inside.term.literal is not None:
        return Quantity(negate(inside.term), ())
    term = combine(exp.Mul, Term("(-1)", Kind.INTEGER, literal=-1), inside.term, node)
    return Quantity(term, inside.leaves, inside.is_sum)


def _conversion(node: Any, rows: Rows) -> Quantity:
    """A CAST to DOUBLE, or of a whole number to a whole number. A rounding CAST would be a step, hence a hidden
    condition."""
    target = rows.write(node).kind
    inside = read_quantity(node.this, rows)
    keeps = target is Kind.DOUBLE and node.args["to"].this is not exp.DType.DECIMAL
    if not keeps and not (target is Kind.INTEGER and rows.write(node.this).kind is Kind.INTEGER):
        raise refuse("measure-not-quantity", node, remedy="Sum the column itself and round the sum.")
    return inside


_READERS: dict[type[Any], Callable[[Any, Rows], Quantity]] = {
    exp.Literal: _literal,
    exp.Column: _column,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _quotient,
    exp.Neg: _negation,
    exp.Cast: _conversion,
    exp.TryCast: _conversion,
    **dict.fromkeys(_FROM_DATES, _from_dates),
}
