"""Conversions: rounding or cutting to whole numbers, lengths of texts, default precisions, texts of dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlglot import exp

from query_guard.policy.reading.entry import Untranslated, cast
from query_guard.policy.reading.kind import ANY, BROKEN, TIMES, WHOLE, Kind
from query_guard.policy.reading.kind_rules import CAST_KINDS
from query_guard.policy.reading.kinds import Kinds
from query_guard.policy.reading.tokens import INTERVAL_TEXT

_T = exp.DType
_NUMBERS = WHOLE | BROKEN
_EIGHT_DIGITS = re.compile(r"[0-9]{8}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?")
_LONGEST_WHOLE = 20  # characters of a BIGINT with its sign
_LENGTH_OF_DATE = len("2020-01-31")

Whole = Callable[[Any, Any, Kinds], Any]


def iso_date(node: Any) -> str | None:
    """The ISO form of a literal date such as '20200131' or '2020-01-31 12:00', or None."""
    if type(node) is not exp.Literal or not node.args.get("is_string"):
        return None
    text = str(node.this).strip()
    if _EIGHT_DIGITS.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def cut_to_whole(value: Any, target: Any, kinds: Kinds) -> Any:
    """T-SQL and SQLite cut 2.9 to 2; DuckDB rounds it."""
    if kinds.are(value, WHOLE | Kind.BOOLEAN):
        return cast(value, target)
    if kinds.are(value, _NUMBERS):
        return cast(exp.Trunc(this=value), target)
    raise Untranslated("Say how it becomes a whole number: FLOOR(x) or ROUND(x, 0).")


def cut_or_read_whole(value: Any, target: Any, kinds: Kinds) -> Any:
    """T-SQL also reads texts, which must be whole numbers."""
    return cast(value, target) if kinds.are(value, Kind.TEXT) else cut_to_whole(value, target, kinds)


def round_to_whole(value: Any, target: Any, kinds: Kinds) -> Any:
    """PostgreSQL rounds numeric 2.5 to 3 and double precision 2.5 to 2; the guard has doubles only."""
    if kinds.are(value, WHOLE | Kind.BOOLEAN | Kind.TEXT | Kind.DOUBLE):
        return cast(value, target)
    if kinds.are(value, WHOLE | Kind.DECIMAL):
        return cast(exp.Round(this=value), target)
    raise Untranslated("Say how it becomes a whole number: FLOOR(x) or ROUND(x).")


def caster(to_whole: Whole, *, default_length: int | None, default_decimal: tuple[int, int] | None) -> Any:
    """The rule of CAST for a dialect.

    Args:
        to_whole: how numbers become whole.
        default_length: the length of VARCHAR without one, or None where it is unlimited.
        default_decimal: precision and scale of DECIMAL without any, or None where it is unlimited (then DOUBLE).
    """

    def convert(node: Any, kinds: Kinds) -> Any:
        value, target = node.this, node.args["to"]
        kind = CAST_KINDS.get(target.this)
        if kind is None:
            raise Untranslated("Convert to whole numbers, FLOAT, DECIMAL, VARCHAR, DATE or TIMESTAMP.")
        if kinds.of(value) is Kind.NULL:
            return cast(value, _PLAIN[kind])
        if kind in WHOLE:
            return to_whole(value, _PLAIN[kind], kinds)
        if kind is Kind.TEXT:
            return _to_text(value, _length(target, default_length), kinds)
        if kind is Kind.DECIMAL:
            return _to_decimal(value, target, default_decimal, kinds)
        return _OTHERS[kind](value, kinds)

    return convert


_PLAIN = {
    Kind.INTEGER: _T.INT,
    Kind.BIGINT: _T.BIGINT,
    Kind.DECIMAL: _T.DOUBLE,
    Kind.DOUBLE: _T.DOUBLE,
    Kind.TEXT: _T.TEXT,
    Kind.DATE: _T.DATE,
    Kind.TIMESTAMP: _T.TIMESTAMPNTZ,
    Kind.BOOLEAN: _T.BOOLEAN,
    Kind.INTERVAL: _T.INTERVAL,
}


def _length(target: Any, default: int | None) -> int | None:
    """The length of VARCHAR(n); MAX and the type TEXT have none."""
    if target.this is _T.TEXT:
        return None
    if not target.expressions:
        return default
    text = str(target.expressions[0].this.this)
    return int(text) if text.isdigit() else None


def _to_text(value: Any, length: int | None, kinds: Kinds) -> Any:
    """Longer texts are cut there; numbers and dates are written alike only if whole."""
    if kinds.are(value, Kind.TEXT):
        return value if length is None else exp.Left(this=value, expression=exp.Literal.number(length))
    if kinds.are(value, WHOLE) and (length is None or length >= _LONGEST_WHOLE):
        return cast(value, _T.TEXT)
    if kinds.are(value, Kind.DATE) and (length is None or length >= _LENGTH_OF_DATE):
        return cast(value, _T.TEXT)
    raise Untranslated("Only text, whole numbers and dates are written as text; give VARCHAR(20) or more for numbers.")


def _to_decimal(value: Any, target: Any, default: tuple[int, int] | None, kinds: Kinds) -> Any:
    if not kinds.are(value, _NUMBERS | Kind.TEXT):
        raise Untranslated("Convert numbers to DECIMAL.")
    digits = [int(str(part.this.this)) for part in target.expressions] or list(default or ())
    if not digits:
        return cast(value, _T.DOUBLE)
    precision, scale = (*digits, 0)[:2]
    parameters = [exp.DataTypeParam(this=exp.Literal.number(number)) for number in (precision, scale)]
    return exp.Cast(this=value, to=exp.DataType(this=_T.DECIMAL, expressions=parameters, nested=False))


def _to_double(value: Any, kinds: Kinds) -> Any:
    if not kinds.are(value, _NUMBERS | Kind.TEXT | Kind.BOOLEAN):
        raise Untranslated("Convert numbers to FLOAT.")
    return cast(value, _T.DOUBLE)


def to_time(value: Any, kinds: Kinds, target: Any = _T.DATE) -> Any:
    """Dates from dates and from literals that mean one day everywhere."""
    text = iso_date(value)
    if text is not None:
        return cast(exp.Literal.string(text[:_LENGTH_OF_DATE] if target is _T.DATE else text), target)
    if type(value) is exp.Literal or not kinds.are(value, TIMES):
        raise Untranslated("Write dates as '2020-01-31' or '20200131'.")
    return cast(value, target)


def _to_timestamp(value: Any, kinds: Kinds) -> Any:
    return to_time(value, kinds, _T.TIMESTAMPNTZ)


def _to_boolean(value: Any, kinds: Kinds) -> Any:
    if not kinds.are(value, Kind.BOOLEAN | Kind.INTEGER):
        raise Untranslated("Write a comparison instead.")
    return cast(value, _T.BOOLEAN)


def _to_interval(value: Any, kinds: Kinds) -> Any:  # noqa: ARG001
    """CAST('30 days' AS INTERVAL), as dbplyr writes it."""
    text = str(value.this).strip() if type(value) is exp.Literal else ""
    number = re.match("[0-9]+", text)
    if number is None or not INTERVAL_TEXT.fullmatch(text) or number.group() == text:
        raise Untranslated("Write INTERVAL '30 days'.")
    unit = exp.Var(this=text[number.end() :].strip().upper().removesuffix("S"))
    return exp.Interval(this=exp.Literal.string(number.group()), unit=unit)


_OTHERS = {
    Kind.DOUBLE: _to_double,
    Kind.DATE: to_time,
    Kind.TIMESTAMP: _to_timestamp,
    Kind.BOOLEAN: _to_boolean,
    Kind.INTERVAL: _to_interval,
}


_ALIKE = (WHOLE, Kind.DECIMAL, Kind.DOUBLE, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP)
_tsql_cast = caster(cut_or_read_whole, default_length=30, default_decimal=(18, 0))
_tsql_try_cast = caster(cut_to_whole, default_length=30, default_decimal=(18, 0))
_DATE_STYLES = {"112": "%Y%m%d", "23": "%Y-%m-%d"}


def try_cast_tsql(node: Any, kinds: Kinds) -> Any:
    """TRY_CAST('2.7' AS INT) is NULL in T-SQL, 3 in DuckDB: texts do not become whole numbers this way."""
    return _tsql_try_cast(node, kinds)


def convert_tsql(node: Any, kinds: Kinds) -> Any:
    """CONVERT(type, x) is CAST; a style only for dates written as 20200131 (112) or 2020-01-31 (23)."""
    target, value, style = node.this, node.args["expression"], node.args.get("style")
    if style is not None:
        form = _DATE_STYLES.get(str(style.this))
        kind = CAST_KINDS.get(target.this, Kind.INTERVAL)
        if form is not None and kind is Kind.TEXT and kinds.are(value, TIMES):
            return exp.TimeToStr(this=value, format=exp.Literal.string(form))
        if form is None or kind not in TIMES or iso_date(value) is None:
            raise Untranslated("Use CONVERT without a style, or with style 112 or 23 for dates.")
    plain = exp.Cast(this=value, to=target)
    return (_tsql_try_cast if node.args.get("safe") else _tsql_cast)(plain, kinds)


def coalesce_as_first(node: Any, kinds: Kinds) -> Any:
    """T-SQL's ISNULL(a, b) has the type of a: ISNULL(1, 0.5) cuts the half away. COALESCE takes the wider type."""
    if not node.args.get("is_null"):
        return node
    if any(kinds.are(node.this, kind) and all(kinds.are(part, kind) for part in node.expressions) for kind in _ALIKE):
        return exp.Coalesce(this=node.this, expressions=node.expressions)
    raise Untranslated("Use COALESCE(a, b).")


_sqlite_cast = caster(cut_to_whole, default_length=None, default_decimal=None)
_CALENDAR = {"%Y": exp.Year, "%m": exp.Month, "%d": exp.Day}


def cast_sqlite(node: Any, kinds: Kinds) -> Any:
    """CAST(STRFTIME('%Y', d) AS INTEGER) is the year; other texts are read digit by digit there ('2a' is 2)."""
    value, kind = node.this, CAST_KINDS.get(node.args["to"].this, ANY)
    calendar = _CALENDAR.get(str(value.args["format"].this)) if type(value) is exp.TimeToStr else None
    if calendar is not None and kind in WHOLE:
        return calendar(this=value.this)
    if node.args["to"].this in (_T.DECIMAL, _T.DATE, _T.TIMESTAMP, _T.DATETIME, _T.BOOLEAN):
        raise Untranslated("Convert to INTEGER, REAL or TEXT.")
    if kinds.may_be(value, Kind.TEXT) and kind is not Kind.TEXT:
        raise Untranslated("Texts are not converted to numbers.")
    return _sqlite_cast(node, kinds)
