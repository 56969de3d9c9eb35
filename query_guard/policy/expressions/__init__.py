"""The writers: for each allowed class of expression the one function that writes it. What is not here is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from query_guard.policy.expressions import arithmetic, casts, dates, literals, logic, rounding, texts
from query_guard.policy.expressions.choices import CHOICES
from query_guard.policy.expressions.comparison import COMPARISONS
from query_guard.policy.expressions.context import Context
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
        exp.Neg: arithmetic.write_negation,
        exp.Abs: rounding.write_absolute,
        exp.Round: rounding.write_round,
        exp.Floor: rounding.step_writer("floor"),
        exp.Ceil: rounding.step_writer("ceil"),
        exp.Trunc: rounding.step_writer("trunc"),
        exp.Cast: casts.write_cast,
        exp.TryCast: casts.write_cast,
        exp.Like: texts.like_writer("LIKE", "~~"),
        exp.ILike: texts.like_writer("ILIKE", "~~*"),
        exp.StartsWith: texts.search_writer("starts_with"),
        exp.Contains: texts.search_writer("contains"),
        exp.Lower: texts.fold_writer("lower"),
        exp.Upper: texts.fold_writer("upper"),
        exp.Trim: texts.fold_writer("trim"),
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
    }
)

# Functions that sqlglot leaves as Anonymous, by lower-case name. Every other Anonymous is refused.
NAMED_WRITERS: Mapping[str, Writer] = MappingProxyType(
    {"date_part": dates.write_date_part, "datepart": dates.write_date_part}
)

__all__ = ["NAMED_WRITERS", "WRITERS", "Context", "Writer"]
