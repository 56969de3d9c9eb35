"""What means the same in every dialect that is read: these parts are taken over as they are.

Default deny: a class or an argument that is neither here nor in the dialect's own table is not translated.
"""

from __future__ import annotations

from types import MappingProxyType

from sqlglot import exp

from query_guard.policy.reading.entry import Table, same

_CLAUSES = "expressions from_ joins where group having windows order"
QUERIES: Table = MappingProxyType(
    {
        **same(exp.Select, of=f"{_CLAUSES} limit offset distinct with_ operation_modifiers"),
        **same(exp.Subquery, of="this alias"),
        **same(exp.With, of="expressions recursive"),
        **same(exp.CTE, of="this alias"),
        **same(exp.TableAlias, of="this columns"),
        **same(exp.Table, of="this db catalog alias"),
        **same(exp.Join, of="this on using side kind method"),
        **same(exp.From, exp.Where, exp.Having, exp.Limit, exp.Offset, of="this expression"),
        **same(exp.Group, of="expressions rollup cube grouping_sets"),
        **same(exp.Rollup, exp.Cube, exp.GroupingSets, exp.Grouping, exp.Tuple, exp.Order, of="expressions"),
        **same(exp.Ordered, of="this desc nulls_first"),
        **same(exp.Distinct, of="expressions"),
        **same(exp.Alias, of="this alias"),
        **same(exp.Column, of="this table db catalog"),
        **same(exp.Identifier, of="this quoted"),
        **same(exp.Star, exp.Null),
    }
)
EXPRESSIONS: Table = MappingProxyType(
    {
        **same(exp.Literal, of="this is_string"),
        **same(exp.Boolean, exp.Var, exp.Paren, exp.Not, exp.Neg, exp.Abs, exp.Floor, exp.Ceil, of="this"),
        **same(exp.Placeholder, of="this jdbc"),
        **same(exp.And, exp.Or, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif, exp.Escape, of="this expression"),
        **same(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, of="this expression"),
        **same(exp.Between, of="this low high"),
        **same(exp.In, of="this expressions query"),
        **same(exp.Exists, exp.Lower, exp.Upper, exp.Sqrt, exp.Exp, exp.Ln, exp.Sign, of="this"),
        **same(exp.Case, of="this ifs default"),
        **same(exp.If, of="this true false"),
        **same(exp.Coalesce, of="this expressions is_nvl"),
        **same(exp.Add, exp.Sub, exp.Mul, of="this expression"),
        **same(exp.Round, of="this decimals"),
        **same(exp.Trim, of="this position"),
        **same(exp.Values, of="expressions alias"),
        **same(exp.Replace, of="this expression replacement"),
        **same(exp.CurrentDate, exp.CurrentTimestamp),
    }
)
AGGREGATES: Table = MappingProxyType(
    {
        **same(exp.Count, of="this big_int"),
        **same(exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevSamp, exp.StddevPop, of="this"),
        **same(exp.Variance, exp.VariancePop, exp.Median, exp.AnyValue, exp.ArrayAgg, of="this"),
        **same(exp.LogicalAnd, exp.LogicalOr, of="this"),
        **same(exp.GroupConcat, of="this separator"),
        **same(exp.Filter, of="this expression"),
        **same(exp.Window, of="this partition_by order spec over alias"),
        **same(exp.WindowSpec, of="kind start start_side end end_side"),
        **same(exp.RowNumber, exp.PercentRank, exp.CumeDist),
        **same(exp.Rank, exp.DenseRank, of="expressions"),
        **same(exp.Ntile, exp.FirstValue, exp.LastValue, of="this"),
        **same(exp.Lag, exp.Lead, of="this offset default"),
    }
)
SAME: Table = MappingProxyType({**QUERIES, **EXPRESSIONS, **AGGREGATES})
