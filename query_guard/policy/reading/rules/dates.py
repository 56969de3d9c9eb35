"""Dates: moving them, differences, parts, and the ways they are written as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.entry import Untranslated, cast, in_brackets, whole_literal
from query_guard.policy.reading.kind import BROKEN, TIMES, WHOLE, Kind
from query_guard.policy.reading.kinds import Kinds
from query_guard.policy.reading.rules.casts import iso_date, to_time
from query_guard.policy.reading.rules.numbers import numbers_only

_T = exp.DType
_DAYS = {"DAY": ("DAY", 1), "WEEK": ("DAY", 7)}
_MONTHS = {"MONTH": ("MONTH", 1), "QUARTER": ("MONTH", 3), "YEAR": ("YEAR", 1)}
_CLOCK = {"HOUR": ("HOUR", 1), "MINUTE": ("MINUTE", 1), "SECOND": ("SECOND", 1)}
_MOVES = _DAYS | _MONTHS | _CLOCK
_BOUNDARIES = frozenset({"DAY", "MONTH", "QUARTER", "YEAR", "HOUR", "MINUTE", "SECOND"})
_DAYS_STEP = re.compile(r"\s*([+-]?)([0-9]{1,6})\s+days?\s*", re.IGNORECASE)
_FORMATS = frozenset({"%Y", "%m", "%d", "%Y-%m", "%Y%m", "%Y-%m-%d", "%Y%m%d"})


def _unit(node: Any) -> str:
    return str(node.this).upper() if type(node) in (exp.Var, exp.Literal) else ""


def unwrap(node: Any, kinds: Kinds) -> Any:
    """sqlglot wraps what may be a text; a date stays what it is, a literal becomes one."""
    value = node.this
    if iso_date(value) is not None:
        return to_time(value, kinds, _T.TIMESTAMPNTZ)
    if not kinds.are(value, TIMES):
        raise Untranslated("This takes a date; write dates as '2020-01-31'.")
    return value


def add_date(node: Any, kinds: Kinds) -> Any:
    """DATEADD(part, n, d). A date stays a date there; in DuckDB date + interval is a timestamp."""
    value, amount, unit = node.this, node.expression, _unit(node.args["unit"])
    if iso_date(value) is not None:
        value = to_time(value, kinds, _T.TIMESTAMPNTZ)
    if unit in _MOVES and kinds.are(amount, BROKEN):  # what is behind the point is cut off
        amount = cast(exp.Trunc(this=amount), _T.BIGINT)
    elif unit not in _MOVES or not kinds.are(amount, WHOLE):
        raise Untranslated("Move dates by whole numbers of days, weeks, months, quarters or years.")
    if not kinds.are(value, TIMES):
        raise Untranslated("Move dates by whole numbers of days, weeks, months, quarters or years.")
    dated = kinds.are(value, Kind.DATE)
    if dated and unit in _CLOCK:
        raise Untranslated("A date has no hours.")
    name, factor = _MOVES[unit]
    value = exp.Paren(this=value) if isinstance(value, exp.Binary) else value
    number = whole_literal(amount)
    if number is None and dated and name == "DAY":
        return in_brackets(exp.Add(this=value, expression=_times(amount, factor)), node)
    if number is None:
        moved: Any = exp.Add(this=value, expression=_interval(_times(amount, factor), name))
    else:
        step = exp.Literal.number(abs(number * factor))
        in_days = dated and name == "DAY"
        sign = exp.Sub if number < 0 else exp.Add
        moved = sign(this=value, expression=step if in_days else _interval(step, name))
        if in_days:
            return in_brackets(moved, node)
    return cast(moved, _T.DATE) if dated else in_brackets(moved, node)


def _times(amount: Any, factor: int) -> Any:
    if factor == 1:
        return exp.Paren(this=amount)
    return exp.Paren(this=exp.Mul(this=exp.Paren(this=amount), expression=exp.Literal.number(factor)))


def _interval(amount: Any, unit: str) -> Any:
    if type(amount) is exp.Literal:
        amount = exp.Literal.string(str(amount.this))
    return exp.Interval(this=amount, unit=exp.Var(this=unit))


def difference(node: Any, kinds: Kinds) -> Any:
    """DATEDIFF(part, start, end) counts the boundaries crossed, as DuckDB's date_diff does, but not for weeks."""
    unit = _unit(node.args["unit"])
    if unit not in _BOUNDARIES:
        raise Untranslated("Take the difference in days, months, quarters or years; DATEDIFF(day, a, b) / 7 for weeks.")
    if not kinds.are(node.this, TIMES) or not kinds.are(node.expression, TIMES):
        raise Untranslated("Take the difference of two dates.")
    return exp.DateDiff(this=node.this, expression=node.expression, unit=exp.Var(this=unit), date_part_boundary=True)


def part_of(*allowed: str) -> Callable[[Any, Kinds], Any]:
    """The rule of EXTRACT and DATEPART, for the parts that are counted alike."""

    def extract(node: Any, kinds: Kinds) -> Any:
        unit = _unit(node.this)
        if _is_age(node.expression):
            if unit != "YEAR":
                raise Untranslated("Of an AGE only the years are available.")
            return node
        if unit == "DAY" and type(node.expression.unnest()) is exp.Sub:
            return _days_of_difference(node.expression.unnest(), kinds)
        if unit not in allowed:
            raise Untranslated("Take the year, quarter, month or day.")
        if iso_date(node.expression) is not None:
            return exp.Extract(this=exp.Var(this=unit), expression=to_time(node.expression, kinds, _T.TIMESTAMPNTZ))
        if not kinds.are(node.expression, TIMES):
            raise Untranslated("Take parts of dates; for days between dates write end_date - start_date.")
        return exp.Extract(this=exp.Var(this=unit), expression=node.expression)

    return extract


def _days_of_difference(node: Any, kinds: Kinds) -> Any:
    """EXTRACT(DAY FROM end - start) of two timestamps: full days."""
    if not all(kinds.are(part, Kind.TIMESTAMP) for part in (node.this, node.expression)):
        raise Untranslated("Take parts of dates; for days between dates write end_date - start_date.")
    return exp.Anonymous(this="date_sub", expressions=[exp.Literal.string("day"), node.expression, node.this])


def times_interval(node: Any, kinds: Kinds) -> Any:
    """n * INTERVAL '1 day': a whole number of days, weeks, months or years."""
    sides = (node.this, node.expression)
    interval = next((side for side in sides if type(side.unnest()) is exp.Interval), None)
    if interval is None:
        return node
    number = node.expression if interval is node.this else node.this
    if not kinds.are(number, WHOLE) or str(interval.unnest().this.this) != "1":
        raise Untranslated("Multiply an interval of one unit by a whole number: n * INTERVAL '1 day'.")
    return node


def _is_age(node: Any) -> bool:
    return type(node) is exp.Anonymous and str(node.this).lower() == "age"


def age(node: Any, kinds: Kinds) -> Any:
    """PostgreSQL's age(end, start), inside EXTRACT(YEAR FROM ...): the full years."""
    if type(node.parent) is not exp.Extract or len(node.expressions) not in (1, 2):
        raise Untranslated("Write EXTRACT(YEAR FROM AGE(end_date, start_date)).")
    if not all(kinds.are(part, TIMES) for part in node.expressions):
        raise Untranslated("Take the age of dates.")
    if len(node.expressions) == 1:  # up to today
        return exp.Anonymous(this="age", expressions=[exp.CurrentDate(), *node.expressions])
    return node


def truncate(*units: str) -> Callable[[Any, Kinds], Any]:
    """The rule of DATE_TRUNC and DATETRUNC, for units that begin alike; what was a date stays one if `keeps`."""

    def cut(node: Any, kinds: Kinds) -> Any:
        unit = _unit(node.args["unit"])
        if unit not in units or not kinds.are(node.this, TIMES):
            raise Untranslated("Cut dates to the year, quarter or month.")
        return exp.TimestampTrunc(this=node.this, unit=exp.Var(this=unit))

    return cut


def from_parts(node: Any, kinds: Kinds) -> Any:
    """DATEFROMPARTS(year, month, day)."""
    parts = [node.args[name] for name in ("year", "month", "day")]
    if not all(kinds.are(part, WHOLE) for part in parts):
        raise Untranslated("Make dates of whole numbers.")
    return node


def compared(node: Any, kinds: Kinds) -> Any:
    """`d > '20200131'`: there any reader of dates reads the text, here only ISO is read."""
    sides = [node.args[key] for key in ("this", "expression", "low", "high") if node.args.get(key) is not None]
    if any(kinds.are(side, TIMES) for side in sides):
        for side in (*sides, *node.expressions):
            _write_iso(side, kinds)
    return node


def _write_iso(node: Any, kinds: Kinds) -> None:
    text = kinds.text_of(node)
    if text is None:
        return
    read = iso_date(exp.Literal.string(text))
    if read is None or (type(node) is exp.Placeholder and read != text):
        raise Untranslated("Write dates as '2020-01-31' or '20200131', and give parameters as dates.")
    if type(node) is exp.Literal:
        node.set("this", read)


def read_text(node: Any, kinds: Kinds) -> Any:
    """TO_DATE('31/01/2020', 'DD/MM/YYYY') of a literal."""
    text, form = node.this, node.args.get("format")
    if type(text) is exp.Literal and type(form) is exp.Literal:
        try:
            read = datetime.strptime(str(text.this), str(form.this)).date()
        except ValueError:
            pass
        else:
            return cast(exp.Literal.string(read.isoformat()), _T.DATE)
    del kinds
    raise Untranslated("Write dates as '2020-01-31' or '20200131'.")


def write_text(node: Any, kinds: Kinds) -> Any:
    """TO_CHAR(d, 'YYYY-MM') and strftime('%Y-%m', d): years, months and days in digits."""
    form = node.args.get("format")
    if type(form) is not exp.Literal or str(form.this) not in _FORMATS or not kinds.are(node.this, TIMES):
        raise Untranslated("Only years, months and days in digits are written as text; take the year or the month.")
    return node


def check_interval(node: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """INTERVAL '30 days', INTERVAL '1' MONTH: one number, one unit."""
    unit = _unit(node.args.get("unit")).removesuffix("S")
    value = node.this
    if unit not in _MOVES or unit == "QUARTER" or type(value) is not exp.Literal or not str(value.this).isdigit():
        raise Untranslated("Write INTERVAL '30 days' with one number and one unit.")
    return exp.Interval(this=value, unit=exp.Var(this=unit))


def days_by_julianday(node: Any, kinds: Kinds) -> Any:
    """julianday(end) - julianday(start): the days between two dates, as a broken number."""
    ends = [_julian_date(part) for part in (node.this, node.expression)]
    if ends == [None, None]:
        return numbers_only(node, kinds)
    if None in ends or not all(kinds.are(end, Kind.DATE) for end in ends):
        raise Untranslated("Write julianday(end_date) - julianday(start_date), of two dates.")
    days = exp.DateDiff(this=ends[0], expression=ends[1], unit=exp.Var(this="DAY"), date_part_boundary=True)
    return cast(days, _T.DOUBLE)


def _julian_date(node: Any) -> Any:
    is_julian = type(node) is exp.Anonymous and str(node.this).lower() == "julianday" and len(node.expressions) == 1
    return node.expressions[0] if is_julian else None


def date_sqlite(node: Any, kinds: Kinds) -> Any:
    """date('now'), date(d), date('2020-01-31')."""
    value = node.this
    if type(value) is exp.Literal and str(value.this).lower() == "now":
        return exp.CurrentDate()
    return to_time(value, kinds)


def moved_date_sqlite(node: Any, kinds: Kinds) -> Any:
    """date(d, '+30 days'). Months flow over there (31 January + 1 month is 2 March), so only days are moved."""
    value, step = node.expressions
    found = _DAYS_STEP.fullmatch(str(step.this)) if type(step) is exp.Literal else None
    if found is None:
        raise Untranslated("Move dates by days: date(d, '+30 days').")
    sign = exp.Sub if found.group(1) == "-" else exp.Add
    return exp.Paren(this=sign(this=to_time(value, kinds), expression=exp.Literal.number(int(found.group(2)))))
