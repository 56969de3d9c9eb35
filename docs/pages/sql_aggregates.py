"""The words of the reference page on SQL: aggregates and windows, one line for each that the guard knows.

Columns as in `sql_functions`.
"""

from __future__ import annotations

from sqlglot import exp

from docs.pages.sql_functions import Line
from query_guard.policy.plan import Measure

AGGREGATES = (
    Line(exp.Count, "count(*)"),
    Line(exp.Count, "count(value)"),
    Line(exp.Count, "count(DISTINCT person_id)"),
    Line(exp.Count, "count(DISTINCT label)"),
    Line(exp.CountIf, "count_if(value > 3)"),
    Line(exp.Filter, "count(*) FILTER (WHERE value > 3)", "behind every aggregate"),
    Line(exp.Sum, "sum(value)"),
    Line(exp.Sum, "sum(CASE WHEN value > 3 THEN 1 ELSE 0 END)", "computed from published counts"),
    Line(exp.Sum, "sum(code)", "a code is no quantity"),
    Line(exp.Avg, "avg(value)"),
    Line(exp.Avg, "avg(CASE WHEN value > 3 THEN 1 ELSE 0 END)", "computed from published counts"),
    Line(exp.Min, "min(value)", "of dates the first day of a month"),
    Line(exp.Max, "max(day)"),
    Line(exp.Median, "median(value)"),
    Line(exp.PercentileCont, "quantile_cont(value, 0.25)", "the level is written out, above 0 and below 1"),
    Line(exp.PercentileDisc, "quantile_disc(value, 0.25)", "of people answered as `quantile_cont`, and says so"),
    Line(exp.Quantile, "quantile(value, 0.25)", "the same"),
    Line(exp.ApproxQuantile, "approx_quantile(value, 0.25)", "answered as `quantile_cont`"),
    Line(exp.WithinGroup, "percentile_cont(0.25) WITHIN GROUP (ORDER BY value)"),
    Line(exp.Stddev, "stddev(value)"),
    Line(exp.StddevSamp, "stddev_samp(value)"),
    Line(exp.StddevPop, "stddev_pop(value)"),
    Line(exp.Variance, "variance(value)", "also `var_samp`"),
    Line(exp.VariancePop, "var_pop(value)"),
    Line(exp.Corr, "corr(value, other_value)"),
    Line(exp.CovarSamp, "covar_samp(value, other_value)"),
    Line(exp.CovarPop, "covar_pop(value, other_value)"),
    Line(exp.RegrSlope, "regr_slope(value, other_value)"),
    Line(exp.RegrIntercept, "regr_intercept(value, other_value)"),
    Line(exp.RegrR2, "regr_r2(value, other_value)"),
    Line(exp.LogicalOr, "bool_or(flag)"),
    Line(exp.LogicalAnd, "bool_and(flag)"),
    Line(exp.GroupConcat, "string_agg(label, '; ' ORDER BY label)"),
    Line(exp.AnyValue, "any_value(label)"),
    Line("mode", "mode(code)"),
)
#: What is done with each kind of number, and when it is hidden beside the threshold.
MEASURES = {
    Measure.ROWS: ("rows", "rounded to 5", "few people without such a row; one or two people with most rows"),
    Measure.PEOPLE: ("people", "rounded to 5", "few people left out by the condition"),
    Measure.DISTINCT: ("different values", "rounded to 5", "one or two people who bring nearly all values"),
    Measure.SUM: (
        "a sum",
        "3 significant figures of the mean times the rounded count; sums of counts are rounded to 5",
        "one or two people with most of it; few people in an outcome of a CASE",
    ),
    Measure.MEAN: ("a mean", "3 significant figures", "the same as for sums"),
    Measure.LOWEST: ("a lowest value", "the lowest that 10 people have or pass", "the threshold only"),
    Measure.HIGHEST: ("a highest value", "the highest that 10 people have or pass", "the threshold only"),
    Measure.QUANTILE: (
        "a quantile",
        "a whole number of whole numbers, a month of dates, else 3 significant figures",
        "fewer than 10 people on either side; one or two people with most rows",
    ),
    Measure.SPREAD: (
        "a spread",
        "3 significant figures, 2 where records are counted",
        "fewer than 10 degrees of freedom; one or two people with most of the squares",
    ),
    Measure.PAIR: ("a pair", "3 significant figures, 2 where records are counted", "the same as for spreads"),
}
WINDOWS = (
    Line(exp.RowNumber, "row_number()"),
    Line(exp.Rank, "rank()"),
    Line(exp.DenseRank, "dense_rank()"),
    Line(exp.PercentRank, "percent_rank()"),
    Line(exp.CumeDist, "cume_dist()"),
    Line(exp.Ntile, "ntile(4)"),
    Line(exp.Lag, "lag(value)", "also `lag(value, 2, 0)`; the steps are written out, at most 10,000"),
    Line(exp.Lead, "lead(value)"),
    Line(exp.FirstValue, "first_value(value)"),
    Line(exp.LastValue, "last_value(value)"),
    Line(exp.IgnoreNulls, "first_value(value IGNORE NULLS)"),
    Line(exp.RespectNulls, "lag(value RESPECT NULLS)", "the default"),
    Line(exp.Min, "min(value)"),
    Line(exp.Max, "max(value)"),
    Line(exp.Count, "count(*)"),
    Line(exp.Sum, "sum(value)"),
    Line(exp.Avg, "avg(value)"),
    Line(exp.Median, "median(value)"),
    Line(exp.PercentileCont, "quantile_cont(value, 0.9)"),
    Line(exp.PercentileDisc, "quantile_disc(value, 0.9)"),
    Line(exp.Stddev, "stddev(value)"),
    Line(exp.StddevSamp, "stddev_samp(value)"),
    Line(exp.Filter, "count(*) FILTER (WHERE value > 3)"),
)
