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

_ONE = {"this": None}
_TWO = {"this": None, "expression": None}
_TEXT_TEST = {**_TWO, "negate": ANY_PLAIN}

_ALLOWED: dict[type[Any], dict[str, Any]] = {
    exp.Select: dict.fromkeys(
        ("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct")
    ),
    exp.From: _ONE,
    exp.Table: {
        "this": None,
        "alias": None,
        "db": None,
        "catalog": None,
    },  # db, catalog: refused by name, `unknown-table`
    exp.TableAlias: _ONE,
    exp.Join: {
        "this": None,
        "on": None,
        "using": None,
        "side": {"LEFT"},
        "kind": {"INNER", "OUTER", "CROSS", "SEMI", "ANTI"},
    },
    exp.Where: _ONE,
    exp.Group: {"expressions": None, "all": ANY_PLAIN},
    exp.Having: _ONE,
    exp.Order: {"expressions": None},
    exp.Ordered: {"this": None, "desc": ANY_PLAIN, "nulls_first": ANY_PLAIN},
    exp.Limit: {"expression": None},
    exp.Offset: {"expression": None},
    exp.Distinct: {"expressions": None},
    exp.Alias: {"this": None, "alias": None},
    exp.Column: {"this": None, "table": None, "db": None, "catalog": None},
    exp.Star: {},
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
    exp.In: {"this": None, "expressions": None},
    exp.Like: _TEXT_TEST,
    exp.ILike: _TEXT_TEST,
    exp.StartsWith: _TWO,
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
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv), _TWO),
    exp.Neg: _ONE,
    exp.Abs: _ONE,
    exp.Round: {"this": None, "decimals": None},
    exp.Floor: _ONE,
    exp.Ceil: _ONE,
    exp.Trunc: _ONE,
    exp.Lower: _ONE,
    exp.Upper: _ONE,
    exp.Trim: _ONE,
    exp.Length: _ONE,
    exp.Left: _TWO,
    exp.Right: _TWO,
    exp.Substring: {"this": None, "start": None, "length": None},
    exp.DPipe: {**_TWO, "safe": ANY_PLAIN},
    exp.Year: _ONE,
    exp.Quarter: _ONE,
    exp.Month: _ONE,
    exp.Extract: _TWO,
    exp.TimestampTrunc: {"this": None, "unit": None},
    exp.DateTrunc: {"this": None, "unit": None},
    exp.DateDiff: {**_TWO, "unit": None, "date_part_boundary": ANY_PLAIN},
    exp.Interval: {"this": None, "unit": None},
    exp.Count: {"this": None, "big_int": ANY_PLAIN},
    exp.CountIf: _ONE,
    exp.Sum: _ONE,
    exp.Avg: _ONE,
    exp.Filter: _TWO,
    exp.Min: _ONE,  # of reference tables only
    exp.Max: _ONE,
    exp.Anonymous: {"this": ANY_PLAIN, "expressions": None},
}

ALLOWED: Mapping[type[Any], Mapping[str, Any]] = MappingProxyType(_ALLOWED)

# Classes and arguments with a refusal of their own; the others are `construct-not-available`.
REFUSED_CLASSES: Mapping[type[Any], str] = MappingProxyType(
    {
        exp.With: "cte-not-available",
        exp.Subquery: "subquery-not-available",
        exp.Exists: "subquery-not-available",
        exp.Lateral: "subquery-not-available",
        exp.Window: "window-not-available",
        exp.Qualify: "window-not-available",
        exp.TableSample: "sample-not-allowed",
        exp.Rollup: "grouping-sets-not-available",
        exp.Cube: "grouping-sets-not-available",
        exp.GroupingSets: "grouping-sets-not-available",
        exp.Mod: "division-not-available",
    }
)
REFUSED_ARGUMENTS: Mapping[tuple[type[Any], str], str] = MappingProxyType(
    {
        (exp.Select, "with_"): "cte-not-available",
        (exp.Select, "qualify"): "window-not-available",
        (exp.Select, "windows"): "window-not-available",
        (exp.Select, "sample"): "sample-not-allowed",
        (exp.Table, "sample"): "sample-not-allowed",
        (exp.Group, "rollup"): "grouping-sets-not-available",
        (exp.Group, "cube"): "grouping-sets-not-available",
        (exp.Group, "grouping_sets"): "grouping-sets-not-available",
        (exp.In, "query"): "subquery-not-available",
        (exp.Join, "method"): "join-not-available",
        (exp.Join, "side"): "join-not-available",
        (exp.Join, "kind"): "join-not-available",
        (exp.Distinct, "on"): "distinct-not-available",
        (exp.Limit, "limit_options"): "limit-not-a-number",
    }
)
