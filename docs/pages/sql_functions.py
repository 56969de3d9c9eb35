"""The words of the reference page on SQL: one line for each function and operator that the guard's writers know.

A line's SQL is over the columns `code` (whole number), `label`, `note` (text) and `flag` (true or false), which may be
grouped by; `day`, `other_day` (dates); `value`, `other_value` (measures) and `number` (a measure of whole numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp


@dataclass(frozen=True)
class Line:
    """One line: the class of expression it is about (or a function's name), SQL that holds it, and what to know."""

    about: type[Any] | str
    sql: str
    note: str = ""


CONDITIONS = (
    Line(exp.EQ, "code = 5", "text in quotes is read as the number or date it is compared with"),
    Line(exp.NEQ, "code <> 5"),
    Line(exp.LT, "day < DATE '2010-01-01'"),
    Line(exp.LTE, "value <= 2.5"),
    Line(exp.GT, "day > other_day"),
    Line(exp.GTE, "value >= 2.5"),
    Line(exp.NullSafeEQ, "label IS NOT DISTINCT FROM note"),
    Line(exp.NullSafeNEQ, "label IS DISTINCT FROM note"),
    Line(exp.Between, "day BETWEEN DATE '2010-01-01' AND DATE '2010-12-31'"),
    Line(exp.In, "code IN (1, 2, 3)", "the list is written out; `IN (SELECT ...)` is under subqueries"),
    Line(exp.Is, "value IS NOT NULL", "also `IS NULL`, `IS TRUE`, `IS FALSE`; null tests may look at keys"),
    Line(exp.And, "code = 5 AND value > 1"),
    Line(exp.Or, "code = 5 OR value > 1"),
    Line(exp.Not, "NOT flag"),
    Line(exp.Like, "label LIKE 'A%'", "the pattern is written out, at most 200 characters"),
    Line(exp.ILike, "label ILIKE 'a%'"),
    Line(exp.Escape, "label LIKE '10!%' ESCAPE '!'", "also behind ILIKE; the sign is one character"),
    Line(exp.StartsWith, "starts_with(label, 'A')"),
    Line(exp.Contains, "contains(label, 'rin')"),
    Line(exp.StrPosition, "strpos(label, 'rin') > 0", "also `instr`, `position('rin' IN label)`"),
)
CHOICES = (
    Line(exp.Case, "CASE WHEN value > 3 THEN 'high' ELSE 'low' END", "conditions expose nothing: only the results do"),
    Line(exp.If, "if(value > 3, 'high', 'low')"),
    Line(exp.Coalesce, "coalesce(label, 'none')", "also `ifnull`"),
    Line(exp.Nullif, "nullif(code, 0)"),
    Line(exp.Greatest, "greatest(code, 5)", "of dates about people too: `greatest(day, DATE '2010-01-01')`"),
    Line(exp.Least, "least(value, 5)", "of dates about people too"),
)
NUMBERS = (
    Line(exp.Column, "code"),
    Line(exp.Column, "value"),
    Line(exp.Literal, "5", "a key that is the same for everybody; as a number it would be a position"),
    Line(exp.Boolean, "TRUE"),
    Line(exp.Null, "NULL"),
    Line(exp.Paren, "(code)"),
    Line(exp.Add, "code + 1", "computed as DOUBLE: no overflow; whole numbers stay whole"),
    Line(exp.Sub, "code - 1"),
    Line(exp.Mul, "code * 2"),
    Line(exp.Div, "value / 2", "never a whole-number division; by 0 it is NULL"),
    Line(exp.IntDiv, "number // 10", "by a fixed number, towards zero"),
    Line(exp.Mod, "code % 2"),
    Line(exp.Neg, "-code"),
    Line(exp.Abs, "abs(code)"),
    Line(exp.Round, "round(value, 1)", "places written out"),
    Line(exp.Floor, "floor(value / 10) * 10", "widths 1, 2, 5 times a power of ten, or days of a calendar's unit"),
    Line(exp.Floor, "floor(value / 3)", "another width, so no band"),
    Line(exp.Ceil, "ceil(value)"),
    Line(exp.Trunc, "trunc(value)"),
    Line(exp.Sign, "sign(code)"),
    Line(exp.Sqrt, "sqrt(value)", "NULL below 0"),
    Line(exp.Pow, "power(value, 2)", "also `value ** 2`; what is no finite number is NULL"),
    Line(exp.Log, "log10(value)", "also `log`, `log2`, `log(3, value)` with a base above 1; NULL for 0 and below"),
    Line(exp.Ln, "ln(value)", "NULL for 0 and below"),
    Line(exp.Exp, "exp(value)", "NULL above 700"),
)
CONVERSIONS = (
    Line(
        exp.Cast,
        "CAST(code AS DOUBLE)",
        "to numbers, text, DATE, TIMESTAMP; what does not fit is NULL",
    ),
    Line(exp.Cast, "CAST(code AS DECIMAL(10, 2))", "computed as DOUBLE, rounded to the places"),
    Line(exp.TryCast, "TRY_CAST(label AS DATE)", "the same as CAST"),
    Line(exp.Cast, "code::VARCHAR", "of a groupable number"),
    Line(exp.Cast, "value::VARCHAR", "of a measure or a date"),
)
TEXTS = (
    Line(exp.Lower, "lower(label)"),
    Line(exp.Upper, "upper(label)"),
    Line(exp.Trim, "trim(label)", "also `ltrim`, `rtrim`"),
    Line(exp.Trim, "trim(label, 'x')", "other characters than blanks"),
    Line(exp.StrPosition, "strpos(label, 'rin')"),
    Line(exp.DPipe, "label || '!'"),
    Line(exp.Concat, "concat(label, note)", "leaves NULLs out"),
    Line(exp.Length, "length(label)"),
    Line(exp.Left, "left(label, 2)"),
    Line(exp.Right, "right(label, 2)"),
    Line(exp.Substring, "substring(label, 1, 2)", "also `substr`"),
    Line(exp.Replace, "replace(label, 'a', 'b')"),
)
DATES = (
    Line(exp.Column, "day"),
    Line(exp.Year, "year(day)"),
    Line(exp.Quarter, "quarter(day)"),
    Line(exp.Month, "month(day)"),
    Line(exp.Week, "week(day)"),
    Line(exp.WeekOfYear, "weekofyear(day)"),
    Line(exp.DayOfWeek, "dayofweek(day)", "Sunday is 0"),
    Line(exp.DayOfWeekIso, "isodow(day)", "Monday is 1"),
    Line(exp.Day, "day(day)"),
    Line(exp.DayOfYear, "dayofyear(day)"),
    Line(exp.Monthname, "monthname(day)"),
    Line(exp.Dayname, "dayname(day)"),
    Line(
        exp.Extract,
        "extract(year FROM day)",
        "year, quarter, month, week, decade, century, dow, isodow; to compare also day and doy",
    ),
    Line("date_part", "date_part('year', day)", "the same parts"),
    Line("datepart", "datepart('year', day)"),
    Line(exp.TimestampTrunc, "date_trunc('month', day)", "year, quarter, month, week, decade, century"),
    Line(exp.DateTrunc, "date_trunc('week', CAST(day AS DATE))"),
    Line(exp.TimeToStr, "strftime(day, '%Y-%m')", "years and months only"),
    Line(exp.DateDiff, "date_diff('day', day, other_day)", "year, quarter, month, week or day; also `datediff`"),
    Line(exp.DateDiff, "date_diff('day', day, other_day) // 30", "days in bands of a week, month, quarter, year"),
    Line(exp.Sub, "other_day - day", "days"),
    Line("date_sub", "date_sub('year', day, other_day)", "full years, quarters, months, weeks or days; also `datesub`"),
    Line("datesub", "datesub('month', day, other_day)"),
    Line("age", "extract(year FROM age(other_day, day))", "full years; nothing else of an age"),
    Line(exp.Add, "day + 30", "whole days, written out or a column's, at most 40,000; NULL outside 1000-3000"),
    Line(exp.Interval, "day + INTERVAL 3 MONTH", "day, week, month, year"),
    Line(exp.Interval, "day + number * INTERVAL 1 DAY", "also `INTERVAL (number) DAY`"),
    Line(exp.DateAdd, "date_add(day, INTERVAL 3 MONTH)"),
    Line(exp.LastDay, "last_day(day)"),
    Line(exp.DateFromParts, "make_date(code, 7, 1)", "month and day written out"),
    Line(exp.CurrentDate, "current_date", "the day of the data's cut; so are `today()` and `current_timestamp`"),
    Line(exp.CurrentTimestamp, "current_timestamp", "also `now()` and its kin"),
    Line(exp.Localtimestamp, "localtimestamp"),
)
FUNCTIONS = (*CONDITIONS, *CHOICES, *NUMBERS, *CONVERSIONS, *TEXTS, *DATES)
