"""The translation tables of the dialects: on top of what is the same everywhere, what is rewritten or looked at."""

from __future__ import annotations

from types import MappingProxyType

from sqlglot import exp

from query_guard.policy.reading.entry import Table, ruled, same
from query_guard.policy.reading.rules import by_name, casts, dates, numbers, queries, texts
from query_guard.policy.reading.same import SAME

_SETS = (exp.Union, exp.Except, exp.Intersect)
_SET_ARGUMENTS = "this expression distinct with_ order limit offset"
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_DATE_PARTS = ("YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "DAYOFYEAR", "DOY")

_SHARED = {
    **SAME,
    **ruled(queries.keep_limits_inside, *_SETS, of=_SET_ARGUMENTS),
    **ruled(queries.limit, exp.Limit, of="expression limit_options"),
    **ruled(queries.limit, exp.Fetch, of="direction count limit_options"),
    **ruled(dates.compared, *_COMPARISONS, of="this expression"),
    **ruled(dates.compared, exp.Between, of="this low high"),
    **ruled(dates.compared, exp.In, of="this expressions query"),
    **ruled(texts.join, exp.DPipe, of="this expression safe"),
    **ruled(texts.join, exp.Concat, of="expressions safe coalesce"),
    **ruled(texts.length, exp.Length, of="this"),
    **ruled(texts.substring, exp.Substring, of="this start length"),
    **same(exp.StrPosition, of="this substr"),
}

TSQL_TABLE: Table = MappingProxyType(
    {
        **_SHARED,
        **ruled(queries.with_rollup, exp.Group, of="expressions rollup cube grouping_sets"),
        **ruled(queries.without_locks, exp.Table, of="this db catalog alias hints"),
        **ruled(queries.hint, exp.WithTableHint, of="expressions"),
        **ruled(queries.not_recursive, exp.CTE, of="this alias"),
        **ruled(queries.quantile, exp.WithinGroup, of="this expression"),
        **same(exp.PercentileCont, exp.PercentileDisc, of="this"),
        **ruled(numbers.divide_with_sign, exp.Div, of="this expression typed safe"),
        **ruled(numbers.check_sign, exp.Mul, exp.Mod, of="this expression"),
        **ruled(numbers.plus, exp.Add, of="this expression"),
        **ruled(numbers.minus, exp.Sub, of="this expression"),
        **ruled(numbers.average, exp.Avg, of="this"),
        **ruled(numbers.window, exp.Window, of="this partition_by order spec over alias"),
        **ruled(numbers.power, exp.Pow, of="this expression"),
        **ruled(numbers.stay_whole, exp.Round, of="this decimals"),
        **ruled(numbers.stay_whole, exp.Floor, exp.Ceil, of="this"),
        **ruled(numbers.logarithm, exp.Log, of="this expression"),
        **ruled(
            casts.caster(casts.cut_or_read_whole, default_length=30, default_decimal=(18, 0)), exp.Cast, of="this to"
        ),
        **ruled(casts.convert_tsql, exp.Convert, of="this expression style safe"),
        **ruled(casts.try_cast_tsql, exp.TryCast, of="this to safe"),
        **ruled(casts.coalesce_as_first, exp.Coalesce, of="this expressions is_null"),
        **same(exp.Greatest, exp.Least, of="this expressions ignore_nulls"),
        **ruled(dates.unwrap, exp.TsOrDsToDate, of="this default_date"),
        **ruled(dates.unwrap, exp.TimeStrToTime, of="this"),
        **ruled(dates.add_date, exp.DateAdd, of="this expression unit"),
        **ruled(dates.difference, exp.DateDiff, of="this expression unit big_int"),
        **ruled(dates.part_of(*_DATE_PARTS, "SECOND"), exp.Extract, of="this expression"),
        **ruled(dates.truncate("YEAR", "QUARTER", "MONTH", "DAY"), exp.TimestampTrunc, of="this unit"),
        **ruled(dates.from_parts, exp.DateFromParts, of="year month day"),
        **same(exp.Year, exp.Month, exp.Day, exp.LastDay, of="this"),
        **ruled(texts.national, exp.National, of="this"),
        **ruled(texts.length_without_blanks, exp.Length, of="this"),
        **ruled(texts.cut, exp.Left, exp.Right, of="this expression"),
        **ruled(texts.pattern_without("["), exp.Like, of="this expression negate"),
        **ruled(by_name.tsql, exp.Anonymous, of="this expressions"),
        **ruled(by_name.grouping_id, exp.GroupingId, of="expressions"),
    }
)

POSTGRES_TABLE: Table = MappingProxyType(
    {
        **_SHARED,
        **ruled(queries.unmaterialized, exp.CTE, of="this alias materialized"),
        **same(exp.Distinct, of="expressions on"),
        **ruled(queries.null_test, exp.Is, of="this expression negate"),
        **ruled(queries.quantile, exp.WithinGroup, of="this expression"),
        **same(exp.PercentileCont, exp.PercentileDisc, exp.Mode, of="this"),
        **ruled(numbers.divide, exp.Div, of="this expression typed safe"),
        **same(exp.Mod, of="this expression"),
        **same(exp.Pow, of="this expression"),
        **ruled(numbers.logarithm, exp.Log, of="this expression"),
        **ruled(numbers.round_decimal, exp.Round, of="this decimals"),
        **same(exp.Trunc, of="this"),
        **ruled(casts.caster(casts.round_to_whole, default_length=None, default_decimal=None), exp.Cast, of="this to"),
        **same(exp.Greatest, exp.Least, of="this expressions ignore_nulls"),
        **same(exp.Corr, exp.CovarSamp, exp.CovarPop, of="this expression"),
        **ruled(dates.times_interval, exp.Mul, of="this expression"),
        **same(exp.RegrSlope, exp.RegrIntercept, exp.RegrCount, exp.RegrR2, of="this expression"),
        **ruled(dates.check_interval, exp.Interval, of="this unit"),
        **ruled(dates.part_of(*_DATE_PARTS, "WEEK", "DOW", "DAYOFWEEK", "ISODOW"), exp.Extract, of="this expression"),
        **ruled(dates.truncate("YEAR", "QUARTER", "MONTH", "WEEK", "DAY"), exp.TimestampTrunc, of="this unit"),
        **ruled(dates.read_text, exp.StrToDate, of="this format"),
        **ruled(dates.write_text, exp.TimeToStr, of="this format"),
        **same(exp.Localtimestamp),
        **ruled(texts.cut, exp.Left, exp.Right, of="this expression"),
        **ruled(texts.pattern_with_backslash, exp.Like, exp.ILike, of="this expression negate"),
        **ruled(queries.any_of_list, exp.EQ, of="this expression"),
        **same(exp.Any, of="this"),
        **ruled(queries.list_of_any, exp.Array, of="expressions"),
        **ruled(by_name.postgres, exp.Anonymous, of="this expressions"),
    }
)

SQLITE_TABLE: Table = MappingProxyType(
    {
        **_SHARED,
        **ruled(queries.not_recursive, exp.CTE, of="this alias"),
        **ruled(numbers.divide, exp.Div, of="this expression typed safe"),
        **ruled(numbers.remainder, exp.Mod, of="this expression"),
        **ruled(numbers.stay_whole, exp.Floor, exp.Ceil, of="this"),
        **ruled(numbers.numbers_only, exp.Add, of="this expression"),
        **ruled(dates.days_by_julianday, exp.Sub, of="this expression"),
        **ruled(casts.cast_sqlite, exp.Cast, of="this to"),
        **ruled(dates.unwrap, exp.TsOrDsToTimestamp, of="this"),
        **ruled(dates.write_text, exp.TimeToStr, of="this format"),
        **ruled(dates.date_sqlite, exp.Date, of="this"),
        **ruled(texts.pattern_without("", exp.ILike), exp.Like, of="this expression negate"),
        **ruled(by_name.sqlite, exp.Anonymous, of="this expressions"),
    }
)
