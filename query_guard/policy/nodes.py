"""The allow-list of expression classes: every argument of every class, as data. What is not listed is refused
(stage 2).

Argument values that are not expressions (the side of a join, say) are listed with the values they may have. None,
False and empty lists are absent arguments. An upgrade of sqlglot that adds a class or an argument adds nothing
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlglot import exp

ANY_PLAIN = object()  # any text or number that is no expression: names, literals, flags
BOTH = object()  # either; the writer looks at it

_ONE = {"this": None}
_TWO = {"this": None, "expression": None}
_LIST = {"expressions": None}
_SELECT: dict[str, Any] = dict.fromkeys(
    ("with_", "expressions", "from_", "joins", "where", "group", "having", "qualify", "windows", "distinct")
) | dict.fromkeys(("order", "limit", "offset"))
_SET = {**dict.fromkeys(("this", "expression", "with_", "order", "limit", "offset")), "distinct": ANY_PLAIN}
_NEIGHBOUR = {"this": None, "offset": None, "default": None}
_TEXT_TEST = {**_TWO, "negate": ANY_PLAIN}

_ALLOWED: dict[type[Any], dict[str, Any]] = {
    exp.Select: _SELECT,
    exp.With: {"expressions": None, "recursive": ANY_PLAIN},  # recursive: refused by name
    exp.CTE: {"this": None, "alias": None},
    exp.Subquery: dict.fromkeys(("this", "alias", "with_", "order", "limit", "offset")),
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), _SET),
    exp.Values: {"expressions": None, "alias": None},
    exp.Tuple: {"expressions": None},
    exp.From: _ONE,
    exp.Table: {
        "this": None,
        "alias": None,
        "db": None,
        "catalog": None,
    },  # db, catalog: refused by name, `unknown-table`
    exp.TableAlias: {"this": None, "columns": None},
    exp.Join: {
        "this": None,
        "on": None,
        "using": None,
        "side": {"LEFT", "RIGHT", "FULL"},
        "kind": {"INNER", "OUTER", "CROSS", "SEMI", "ANTI"},
    },
    exp.Where: _ONE,
    exp.Group: {"expressions": None, "all": ANY_PLAIN, "rollup": None, "cube": None, "grouping_sets": None},
    **dict.fromkeys((exp.Rollup, exp.Cube, exp.GroupingSets, exp.Grouping), _LIST),
    exp.Having: _ONE,
    exp.Qualify: _ONE,
    exp.Window: {
        **dict.fromkeys(("this", "partition_by", "order", "spec", "alias")),
        "over": ANY_PLAIN,
        "first": ANY_PLAIN,
    },
    exp.WindowSpec: {
        "kind": ANY_PLAIN,
        "start_side": ANY_PLAIN,
        "end_side": ANY_PLAIN,
        "start": BOTH,
        "end": BOTH,
    },
    **dict.fromkeys((exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist), _LIST),
    exp.RowNumber: {},
    exp.Ntile: _ONE,
    **dict.fromkeys((exp.Lag, exp.Lead), _NEIGHBOUR),
    **dict.fromkeys((exp.FirstValue, exp.LastValue), _ONE),
    exp.Order: {"this": None, "expressions": None},  # this: of quantile_disc(0.25 ORDER BY x)
    exp.Ordered: {"this": None, "desc": ANY_PLAIN, "nulls_first": ANY_PLAIN},
    exp.Limit: {"expression": None},
    exp.Offset: {"expression": None},
    exp.Distinct: {"expressions": None, "on": None},  # on: refused by name
    exp.Alias: {"this": None, "alias": None},
    exp.Column: {"this": None, "table": None, "db": None, "catalog": None},
    exp.Star: {"except_": None},
    exp.Identifier: {"this": ANY_PLAIN, "quoted": ANY_PLAIN},
    exp.Literal: {"this": ANY_PLAIN, "is_string": ANY_PLAIN},
    exp.Boolean: {"this": ANY_PLAIN},
    exp.Null: {},
    exp.Var: {"this": ANY_PLAIN},
    exp.Paren: _ONE,
    exp.And: _TWO,
    exp.Or: _TWO,
    exp.Not: _ONE,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is), _TWO),
    exp.Between: {"this": None, "low": None, "high": None},
    exp.In: {"this": None, "expressions": None, "query": None},
    exp.Exists: _ONE,
    exp.Like: _TEXT_TEST,
    exp.ILike: _TEXT_TEST,
    exp.Escape: _TWO,
    exp.StartsWith: _TWO,
    exp.StrPosition: {"this": None, "substr": None},
    exp.Contains: _TWO,
    exp.Case: {"this": None, "ifs": None, "default": None},
    exp.If: {"this": None, "true": None, "false": None},
    exp.Coalesce: {"this": None, "expressions": None},
    exp.Nullif: _TWO,
    exp.Greatest: {"this": None, "expressions": None, "ignore_nulls": ANY_PLAIN},
    exp.Least: {"this": None, "expressions": None, "ignore_nulls": ANY_PLAIN},
    exp.Cast: {"this": None, "to": None},
    exp.TryCast: {"this": None, "to": None, "safe": ANY_PLAIN},
    exp.DataType: {"this": ANY_PLAIN, "expressions": None},
    exp.DataTypeParam: _ONE,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod), _TWO),
    exp.Neg: _ONE,
    exp.Abs: _ONE,
    exp.Round: {"this": None, "decimals": None},
    exp.Floor: _ONE,
    exp.Ceil: _ONE,
    exp.Trunc: _ONE,
    exp.Lower: _ONE,
    exp.Upper: _ONE,
    exp.Trim: {"this": None, "position": ANY_PLAIN, "expression": None},
    exp.Length: _ONE,
    exp.Left: _TWO,
    exp.Right: _TWO,
    exp.Substring: {"this": None, "start": None, "length": None},
    exp.DPipe: {**_TWO, "safe": ANY_PLAIN},
    exp.Year: _ONE,
    exp.Quarter: _ONE,
    exp.Month: _ONE,
    **dict.fromkeys((exp.Week, exp.WeekOfYear, exp.DayOfWeek, exp.DayOfWeekIso, exp.Day, exp.DayOfYear), _ONE),
    **dict.fromkeys((exp.Monthname, exp.Dayname), _ONE),
    exp.TimeToStr: {"this": None, "format": None},
    exp.DateFromParts: {"year": None, "month": None, "day": None},
    exp.Replace: {"this": None, "expression": None, "replacement": None},
    exp.Concat: {"expressions": None, "safe": ANY_PLAIN, "coalesce": ANY_PLAIN},
    **dict.fromkeys((exp.Sign, exp.Sqrt, exp.Ln, exp.Exp), _ONE),
    **dict.fromkeys((exp.Pow, exp.Log), _TWO),
    exp.CurrentDate: {},  # the day of the data's cut
    exp.CurrentTimestamp: {},
    exp.Localtimestamp: {},
    exp.Extract: _TWO,
    exp.TimestampTrunc: {"this": None, "unit": None},
    exp.DateTrunc: {"this": None, "unit": None},
    exp.DateDiff: {**_TWO, "unit": None, "date_part_boundary": ANY_PLAIN},
    exp.DateAdd: {**_TWO, "unit": None},
    exp.LastDay: _ONE,
    exp.Interval: {"this": None, "unit": None},
    exp.Count: {"this": None, "big_int": ANY_PLAIN},
    exp.CountIf: _ONE,
    exp.Sum: _ONE,
    exp.Avg: _ONE,
    exp.Filter: _TWO,
    exp.Min: _ONE,
    exp.Max: _ONE,
    **dict.fromkeys((exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop), _ONE),
    **dict.fromkeys((exp.LogicalOr, exp.LogicalAnd), _ONE),
    **dict.fromkeys((exp.Corr, exp.CovarSamp, exp.CovarPop), _TWO),
    **dict.fromkeys((exp.RegrSlope, exp.RegrIntercept, exp.RegrR2), _TWO),
    exp.Median: _ONE,
    **dict.fromkeys((exp.PercentileCont, exp.PercentileDisc), _TWO),
    exp.GroupConcat: {"this": None, "separator": None},
    exp.Quantile: {"this": None, "quantile": None},
    exp.ApproxQuantile: {"this": None, "quantile": None},
    exp.WithinGroup: _TWO,
    exp.IgnoreNulls: _ONE,
    exp.RespectNulls: _ONE,
    exp.Anonymous: {"this": ANY_PLAIN, "expressions": None},
}

ALLOWED: Mapping[type[Any], Mapping[str, Any]] = MappingProxyType(_ALLOWED)

#: Aggregates whose argument may be ordered: quantile_disc(0.25 ORDER BY x), string_agg(x, ',' ORDER BY d).
ORDERED_INSIDE = (exp.PercentileCont, exp.PercentileDisc, exp.GroupConcat)

# Classes and arguments with a refusal of their own; the others are `construct-not-available`.
REFUSED_CLASSES: Mapping[type[Any], str] = MappingProxyType(
    {
        exp.Lateral: "subquery-not-available",
        exp.TableSample: "sample-not-allowed",
    }
)
REFUSED_ARGUMENTS: Mapping[tuple[type[Any], str], str] = MappingProxyType(
    {
        (exp.Select, "sample"): "sample-not-allowed",
        (exp.Table, "sample"): "sample-not-allowed",
        (exp.Subquery, "sample"): "sample-not-allowed",
        (exp.Join, "method"): "join-not-available",
        (exp.Join, "side"): "join-not-available",
        (exp.Join, "kind"): "join-not-available",
        (exp.Limit, "limit_options"): "limit-not-a-number",
    }
)
