"""What may be summed: quantities, taken apart into summands so that none hides behind another.

Allowed are measure columns (and groupable numbers with both bounds in the catalogue, such as a year of birth), days
or years between dates, these stretched by fixed numbers or multiplied with one another, and sums and differences of
such. Steps (floor, round), conditions (least, nullif) and codes are not: a sum of them is a count of people in
disguise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.expressions.arithmetic import combine, divide
from query_guard.policy.expressions.literals import negate
from query_guard.policy.expressions.moves import interval_number, is_interval
from query_guard.policy.measures.choices import CHOICES, filled, fillings, is_choice
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.column import Column, Sums
from query_guard.policy.rows import Rows, column_term
from query_guard.policy.terms import NUMBERS, TIMES, Kind, Term, as_double, number
from query_guard.policy.walking import has_subquery

_MOVES = (exp.Add, exp.Sub, exp.DateAdd)
_FROM_DATES = (exp.DateDiff, exp.Year, exp.Extract)


@dataclass(frozen=True)
class Quantity:
    """A number per row and its summands (`leaves`). A literal is a quantity without leaves. `tally`: whole numbers that
    count a person's records; they are summed as they are, because a multiple of a count would tell the count. `cased`:
    0 or missing by a condition, so that who meets the condition shows in a sum. `scaled`: a tally times a number, which
    may stand in a ratio only. `scale`, `shift`: it is `scale * leaf + shift` of its one leaf (just `shift` if it has
    none); None where it is no such line. `origin`: where the values of that leaf begin by the
    catalogue. `variants`: the leaf with each date that an outer join may make missing filled in for everybody, and for
    nobody; such a line may only be added up."""

    term: Term
    leaves: tuple[Term, ...]
    is_sum: bool = False
    tally: bool = False
    cased: bool = False
    scaled: bool = False
    scale: float | None = None
    shift: float = 0
    origin: float = 0
    variants: tuple[Term, ...] = ()

    @property
    def is_line(self) -> bool:
        """Whether it is one leaf, stretched and moved by fixed numbers."""
        return bool(self.scale) and len(self.leaves) == 1

    @property
    def is_moved(self) -> bool:
        """Whether it is such a line and not the leaf itself."""
        return self.is_line and (self.scale, self.shift) != (1, 0)


def plain_quantity(term: Term, *, tally: bool = False, cased: bool = False, origin: float = 0) -> Quantity:
    """A quantity that is its own only summand."""
    return Quantity(term, (term,), tally=tally, cased=cased, scale=1, origin=origin)


def read_quantity(node: Any, rows: Rows) -> Quantity:
    """The quantity of a node. Raises `measure-not-quantity`."""
    node = node if type(node) is exp.Subquery else node.unnest()
    special = rows.quantity_of(node)
    if special is not None:
        return special
    reader = _READERS.get(type(node))
    if reader is None:
        raise refuse("measure-not-quantity", node)
    quantity = reader(node, rows)
    if not quantity.variants and quantity.leaves and any(fillings(part, rows) for part in node.find_all(*_FROM_DATES)):
        raise refuse("measure-not-quantity", node, remedy="Sum the time by itself, and compute with the sums.")
    found = [rows.bare_column(part) for part in node.find_all(exp.Column)]
    by_condition = any(one is not None and one.column.cased for one in found)
    return replace(quantity, cased=True) if by_condition and not quantity.tally else quantity


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
    return Quantity(term, (), scale=0, shift=term.literal if isinstance(term.literal, int | float) else 0)


def _column(node: Any, rows: Rows) -> Quantity:
    found = rows.find(node)
    if found is None:
        return read_quantity_of_name(node, rows)
    term, column = rows.column(node), found.column
    if not found.source.is_private or column.sums is Sums.NONE or term.kind not in NUMBERS:
        raise refuse("measure-not-quantity", node)
    term = clamped(term, column)
    if not column.leaves:
        return plain_quantity(term, tally=column.sums is Sums.TALLY, cased=column.cased, origin=column.origin)
    leaves = tuple(replace(column_term(found), sql=f"{found.source.alias}.{leaf}") for leaf in column.leaves)
    return Quantity(
        term, leaves, column.is_sum, cased=column.cased, scale=column.scale, shift=column.shift, origin=column.origin
    )


def read_quantity_of_name(node: Any, rows: Rows) -> Quantity:
    """An output name inside an aggregate: the expression it stands for, read by the same rules."""
    rows.output_name(node)  # raises for unknown names and circles
    return read_quantity(rows.aliases[node.name.lower()], rows)


def clamped(term: Term, column: Column) -> Term:
    """The column held within the catalogue's bounds, so that one wild value cannot carry a sum."""
    if column.sums is not Sums.MEASURE or term.kind not in NUMBERS:
        return term
    whole = term.kind is Kind.INTEGER
    arms = []
    if column.low is not None:
        low = str(math.ceil(column.low)) if whole else number(float(column.low)).sql
        arms.append(f"WHEN {term.sql} < {low} THEN {low}")
    if column.high is not None:
        high = str(math.floor(column.high)) if whole else number(float(column.high)).sql
        arms.append(f"WHEN {term.sql} > {high} THEN {high}")
    return replace(term, sql=f"CASE {' '.join(arms)} ELSE {term.sql} END", column=None) if arms else term


def _measured(node: Any, rows: Rows) -> Quantity:
    """An operand of arithmetic. Raises `measure-not-quantity` for a tally."""
    quantity = read_quantity(node, rows)
    if quantity.tally:
        raise refuse("measure-not-quantity", node, remedy="Sum or average the count itself; compute with the result.")
    return quantity


def is_chosen_date(node: Any, rows: Rows) -> bool:
    """Whether dates in an expression are chosen by a condition, here or in a subquery, or looked up in a reference
    table or among published values: then a sum of them counts who meets the condition."""
    if any(is_choice(part) for part in node.find_all(*CHOICES)):
        return True
    if rows.write(node).looked_up:
        return True
    return any(_is_moved_by_choice(part, rows) for part in node.find_all(*_MOVES))


def _is_moved_by_choice(node: Any, rows: Rows) -> bool:
    """Whether a date is moved by anything but a fixed number of days or a quantity: by a condition turned into a number
    it would count who meets it."""
    try:
        if not any(is_interval(part) for part in (node.this, node.expression)) and rows.write(node).kind not in TIMES:
            return False
        return any(_is_choice(part, rows) for part in (node.this, node.expression))
    except Refusal:
        if has_subquery(node):  # whose names mean nothing here
            return True
        raise


def _is_choice(part: Any, rows: Rows) -> bool:
    """Whether one side of a moved date, a date or a number of units, is a number that is neither fixed nor a measure as
    it stands."""
    steps = interval_number(part.unnest()) if is_interval(part) else part
    if type(steps) is exp.Literal or (not is_interval(part) and rows.write(part).kind in TIMES):
        return False
    quantity = read_quantity(steps, rows)
    plain = not quantity.leaves or (quantity.is_line and not quantity.is_moved)
    return quantity.tally or quantity.cased or quantity.scaled or not plain


def _from_dates(node: Any, rows: Rows) -> Quantity:
    """A number from dates as they are recorded. One chosen by a condition between dates written out is a count of who
    meets the condition."""
    if is_chosen_date(node, rows):
        raise refuse("measure-not-quantity", node, remedy="Put the condition into FILTER (WHERE ...).")
    parts = fillings(node, rows)
    variants = tuple(rows.write(filled(node, parts, first=first)) for first in (False, True)) if parts else ()
    return replace(plain_quantity(rows.write(node)), variants=variants)


def _sum(node: Any, rows: Rows) -> Quantity:
    if type(node) is exp.Sub and _is_date_difference(node, rows):
        return _from_dates(node, rows)
    left, right = _measured(node.this, rows), _measured(node.expression, rows)
    term = combine(type(node), left.term, right.term, node)
    return _moved(
        Quantity(term, left.leaves + right.leaves, is_sum=True), left, right, -1 if type(node) is exp.Sub else 1
    )


def _moved(whole: Quantity, left: Quantity, right: Quantity, sign: int) -> Quantity:
    """The sum of a line and a fixed number is a line."""
    if left.scale is None or right.scale is None or (left.leaves and right.leaves):
        return whole
    origin = left.origin if left.leaves else right.origin
    return replace(
        whole,
        scale=left.scale + sign * right.scale,
        shift=left.shift + sign * right.shift,
        origin=origin,
        variants=left.variants or right.variants,
    )


def _stretched(whole: Quantity, line: Quantity, factor: float) -> Quantity:
    """A line times a fixed number is a line."""
    if line.scale is None:
        return whole
    return replace(
        whole, scale=line.scale * factor, shift=line.shift * factor, origin=line.origin, variants=line.variants
    )


def _is_date_difference(node: Any, rows: Rows) -> bool:
    """Whether both sides are dates."""
    try:
        return all(rows.write(side).kind in TIMES for side in (node.this.unnest(), node.expression.unnest()))
    except Refusal:
        return False  # what it is instead, its own reader will say


def _product(node: Any, rows: Rows) -> Quantity:
    left, right = read_quantity(node.this, rows), read_quantity(node.expression, rows)
    term = combine(exp.Mul, left.term, right.term, node)
    if left.tally or right.tally:
        if left.leaves and right.leaves:
            raise refuse("measure-not-quantity", node)
        once = 1 in (left.term.literal, right.term.literal)  # avg(1.0 * n), as a conversion is often written
        return Quantity(term, (term,), tally=True, scaled=not once)
    if left.leaves and right.leaves and (left.is_sum or right.is_sum):
        raise refuse("measure-not-quantity", node, remedy="Multiply out: sum(a * c) + sum(b * c).")
    if left.leaves and right.leaves:
        return plain_quantity(term)
    whole = Quantity(term, left.leaves + right.leaves, is_sum=left.is_sum or right.is_sum)
    return _stretched(whole, left, right.shift) if left.leaves else _stretched(whole, right, left.shift)


def _quotient(node: Any, rows: Rows) -> Quantity:
    """A quantity in other units, or the ratio of two."""
    left, right = read_quantity(node.this, rows), read_quantity(node.expression, rows)
    term = divide(left.term, right.term, node)
    if left.leaves and right.leaves:
        if left.is_sum or right.is_sum:  # a constant in it would dilute the largest
            raise refuse("measure-not-quantity", node, remedy="Divide plain quantities, or divide two sums.")
        return plain_quantity(term, cased=True)
    if right.leaves or not right.term.literal:
        raise refuse("measure-not-quantity", node, remedy="Divide by a fixed number, or divide two quantities.")
    if left.tally:
        return Quantity(term, (term,), tally=True, scaled=True)
    return _stretched(Quantity(term, left.leaves, left.is_sum), left, 1 / right.shift)


def _negation(node: Any, rows: Rows) -> Quantity:
    inside = _measured(node.this, rows)
    if inside.term.literal is not None:
        return _stretched(Quantity(negate(inside.term), ()), inside, -1)
    term = combine(exp.Mul, Term("(-1)", Kind.INTEGER, literal=-1), inside.term, node)
    return _stretched(Quantity(term, inside.leaves, inside.is_sum), inside, -1)


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
