"""Puts the values of parameters into the tree, as the literals they are; no value is ever part of a text that is read.

Promise: a bound value can only be a value. It is made into a node after all reading and translating is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.refusals import refuse
from query_guard.policy.reading.values import Value, Values

# Where a literal would be a name, or, in GROUP BY and ORDER BY, a position.
_NAMING = (exp.Table, exp.TableAlias, exp.Column, exp.Dot, exp.Identifier, exp.From, exp.Group, exp.Ordered)
_ONLY_VALUES = "A parameter is a value, never a name or a position."


def check_names(places: Iterable[str], values: Values) -> None:
    """Every place has a value and every value a place. Raises `parameter-missing`, `parameter-superfluous`."""
    wanted = dict.fromkeys(places)
    for name in wanted:
        if name not in values:
            raise refuse("parameter-missing", name=name)
    for name in values:
        if name not in wanted:
            raise refuse("parameter-superfluous", name=name)


def bind(tree: Any, values: Values) -> Any:
    """`tree` with literals in its places. Raises `parameter-list-misplaced`, `construct-not-available`."""
    for node in list(tree.find_all(exp.Placeholder)):
        name = str(node.this)
        if name not in values or isinstance(node.parent, _NAMING) or node.arg_key == "alias":
            raise refuse("construct-not-available", node.parent, remedy=_ONLY_VALUES)
        value = values[name]
        if isinstance(value, tuple):
            _put_list(node, [literal(part) for part in value])
        else:
            interval = node.find_ancestor(exp.Interval)
            node.replace(literal(value))
            if interval is not None:
                _write_plainly(interval)
    return tree


def _put_list(node: Any, literals: list[Any]) -> None:
    parent = node.parent
    if type(parent) is not exp.In or node.arg_key != "expressions":
        raise refuse("parameter-list-misplaced", parent)
    others = parent.expressions
    at = node.index
    parent.set("expressions", [*others[:at], *literals, *others[at + 1 :]])


def _write_plainly(interval: Any) -> None:
    """`d + INTERVAL (-30) DAY` as `d - INTERVAL 30 DAY`: intervals hold a plain number."""
    number = _whole_number(interval.this)
    moved = interval.parent
    if number is None or (number < 0 and (type(moved) not in _TURNED or interval.arg_key != "expression")):
        return
    interval.set("this", exp.Literal(this=str(abs(number)), is_string=True))
    if number < 0:
        moved.replace(_TURNED[type(moved)](this=moved.this, expression=interval))


_TURNED: Mapping[type[Any], type[Any]] = {exp.Add: exp.Sub, exp.Sub: exp.Add}


def _whole_number(node: Any) -> int | None:
    """The number of a literal, also in brackets, with a sign, or multiplied (a week is seven days)."""
    if type(node) is exp.Paren:
        return _whole_number(node.this)
    if type(node) is exp.Neg:
        number = _whole_number(node.this)
        return None if number is None else -number
    if type(node) is exp.Mul:
        left, right = _whole_number(node.this), _whole_number(node.expression)
        return None if left is None or right is None else left * right
    text = str(node.this)
    return int(text) if type(node) is exp.Literal and text.isascii() and text.isdigit() else None


def literal(value: Value) -> Any:
    """The node that DuckDB's dialect reads from the value written out."""
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        number = exp.Literal(this=repr(abs(value)), is_string=False)
        return exp.Neg(this=number) if value < 0 else number
    if isinstance(value, datetime):
        return _cast(value.isoformat(sep=" "), exp.DType.TIMESTAMPNTZ)
    if isinstance(value, date):
        return _cast(value.isoformat(), exp.DType.DATE)
    return exp.Literal(this=value, is_string=True)


def _cast(text: str, kind: Any) -> Any:
    return exp.Cast(this=exp.Literal(this=text, is_string=True), to=exp.DataType(this=kind, nested=False))
