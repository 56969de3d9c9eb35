"""The writers: for each allowed class of expression the one function that writes it. What is not here is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions import arithmetic, casts, dates, literals, logic, moves, patterns, rounding, texts
from query_guard.policy.expressions.calendar import LABELS
from query_guard.policy.expressions.choices import CHOICES
from query_guard.policy.expressions.comparison import COMPARISONS
from query_guard.policy.expressions.context import Context
from query_guard.policy.refusing import refuse
from query_guard.policy.terms import Term

Writer = Callable[[Any, Context], Term]

WRITERS: Mapping[type[Any], Writer] = MappingProxyType(
    {
        exp.Column: lambda node, context: context.column(node),
        exp.Literal: literals.write_literal,
        exp.Boolean: literals.write_boolean,
        exp.Null: literals.write_null,
        exp.Paren: logic.write_paren,
        exp.And: logic.write_and,
        exp.Or: logic.write_or,
        exp.Not: logic.write_not,
        **COMPARISONS,
        **CHOICES,
        exp.Add: arithmetic.write_sum,
        exp.Sub: arithmetic.write_sum,
        exp.Mul: arithmetic.write_sum,
        exp.Div: arithmetic.write_division,
        exp.IntDiv: arithmetic.write_whole_division,
        exp.Mod: arithmetic.write_remainder,
        exp.Neg: arithmetic.write_negation,
        exp.Abs: rounding.write_absolute,
        exp.Round: rounding.write_round,
        exp.Floor: rounding.step_writer("floor"),
        exp.Ceil: rounding.step_writer("ceil"),
        exp.Trunc: rounding.step_writer("trunc"),
        exp.Cast: casts.write_cast,
        exp.TryCast: casts.write_cast,
        exp.Like: patterns.write_like,
        exp.ILike: patterns.write_like,
        exp.Escape: patterns.write_escape,
        exp.StartsWith: patterns.search_writer("starts_with"),
        exp.Contains: patterns.search_writer("contains"),
        exp.StrPosition: patterns.write_position,
        exp.Lower: texts.fold_writer("lower"),
        exp.Upper: texts.fold_writer("upper"),
        exp.Trim: texts.write_trim,
        exp.Length: texts.write_length,
        exp.Left: texts.cut_writer("left", "expression"),
        exp.Right: texts.cut_writer("right", "expression"),
        exp.Substring: texts.cut_writer("substring", "start", "length"),
        exp.DPipe: texts.write_concatenation,
        exp.Year: dates.part_writer("year"),
        exp.Quarter: dates.part_writer("quarter"),
        exp.Month: dates.part_writer("month"),
        exp.Extract: dates.write_extract,
        exp.TimestampTrunc: dates.write_truncation,
        exp.DateTrunc: dates.write_truncation,
        exp.DateDiff: dates.write_difference,
        exp.DateAdd: moves.write_date_add,
        exp.LastDay: dates.write_last_day,
        exp.Week: dates.part_writer("weekofyear"),
        exp.WeekOfYear: dates.part_writer("weekofyear"),
        exp.DayOfWeek: dates.part_writer("dayofweek"),
        exp.DayOfWeekIso: dates.part_writer("isodow"),
        exp.Day: dates.part_writer("day"),
        exp.DayOfYear: dates.part_writer("dayofyear"),
        **LABELS,
        exp.Replace: texts.write_replacement,
        exp.Concat: texts.write_concat,
        exp.Pow: rounding.write_power,
        exp.Log: rounding.write_logarithm,
        exp.Sign: rounding.write_sign,
        exp.Sqrt: rounding.curve_writer("sqrt", ">= 0e0"),
        exp.Ln: rounding.curve_writer("ln", "> 0e0"),
        exp.Exp: rounding.curve_writer("exp", "<= 700e0"),
    }
)

# Functions that sqlglot leaves as Anonymous, by lower-case name. Every other Anonymous is refused.
NAMED_WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        **dict.fromkeys(("date_part", "datepart"), dates.write_date_part),
        **dict.fromkeys(("date_sub", "datesub"), dates.write_full_units),
        "age": dates.write_age,
    }
)


def write_node(node: Any, context: Context) -> Term:
    """The term of a node by its own writer. Raises `construct-not-available`."""
    writer = WRITERS.get(type(node))
    if writer is None and type(node) is exp.Anonymous:
        writer = NAMED_WRITERS.get(str(node.this).lower())
    if writer is None:
        raise refuse("construct-not-available", node)
    return writer(node, context)


__all__ = ["NAMED_WRITERS", "WRITERS", "Context", "Writer", "write_node"]
