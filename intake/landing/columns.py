"""The SQL that turns a delivered value into one of the schema's type.

Promise: a value is never bent into the type: what would have to be rounded, cut or guessed becomes NULL, and the check
of types says so. An NHS number that fails its check digit becomes NULL too, and its row stays.
"""

from __future__ import annotations

from intake.feeds import FeedColumn, FeedTable, Meaning
from intake.landing.references import REPEATED, plain_digits, ten_digits
from intake.landing.sources import ROW, Source
from intake.nhs_number import check_digit_sql
from intake.sources import quote_name

WHOLE_NUMBER = r"[+-]?[0-9]{1,18}(\.0*)?"
#: A day is written 2026-01-31, or as the British and the older national files have it.
DAY_FORMATS = ("%d/%m/%Y", "%Y%m%d")
MOMENT_FORMATS = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S")
YES, NO = ("TRUE", "T", "1", "Y", "YES"), ("FALSE", "F", "0", "N", "NO")
WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
ROW_ALIAS = '"row of the file"'


def typed_rows(table: FeedTable, source: Source) -> str:
    """A SELECT of every row of the source: `row` (from 0), each column typed under the schema's name; where a value
    was not of its type already, also as delivered (`as_delivered`). Of an NHS number: its ten digits, right or wrong,
    as text, and as a number (`as_number`)."""
    selected, rows = [f"{ROW} AS {ROW_ALIAS}"], source.relation
    for column in table.columns.values():
        held, kind = quote_name(source.held[column.name]), source.types[column.name]
        if column.meaning is Meaning.NHS_NUMBER:
            selected += _nhs_number(column, held, kind)
            rows = _taken_apart(column, held, kind, rows)
            continue
        selected.append(f"{_typed(column, held, kind)} AS {quote_name(column.name)}")
        if is_bent(column, kind):
            selected.append(f"{_present(held, kind)} AS {as_delivered(column)}")
    return f"SELECT {', '.join(selected)} FROM {rows}"


def is_bent(column: FeedColumn, kind: str) -> bool:
    """Whether a value held in type `kind` may turn out not to be of the column's type."""
    if column.meaning is Meaning.NHS_NUMBER:
        return False
    return kind != column.type or kind in ("DOUBLE", "FLOAT")


def as_delivered(column: FeedColumn) -> str:
    """The name of the BOOLEAN that says whether there was a value at all."""
    return quote_name(f"{column.name} as delivered")


def as_number(column: FeedColumn) -> str:
    """The name of an NHS number's BIGINT."""
    return quote_name(f"{column.name} as number")


def staged_value(column: FeedColumn) -> str:
    """SQL of a column's final value over `typed_rows`: an NHS number only if its check digit is right."""
    name = quote_name(column.name)
    if column.meaning is not Meaning.NHS_NUMBER:
        return name
    number = as_number(column)
    result = name if column.type == "VARCHAR" else number
    return f"CASE WHEN {check_digit_sql(number)} THEN {result} END"


def _taken_apart(column: FeedColumn, held: str, kind: str, rows: str) -> str:
    """The rows with an NHS number's text and its digits as a number beside them: the engine works out an expression as
    often as it is written, so each is written once, in a SELECT of its own."""
    plain, digits = _plain(column), _digits(column)
    text = plain_digits(held if kind == "VARCHAR" else f"lpad(CAST({held} AS VARCHAR), 10, '0')")
    return f"(SELECT *, {ten_digits(plain)} AS {digits} FROM (SELECT *, {text} AS {plain} FROM {rows}))"


def _nhs_number(column: FeedColumn, held: str, kind: str) -> list[str]:
    """Over the rows of `_taken_apart`."""
    known = f"{_digits(column)} % {REPEATED} <> 0"
    return [
        f"CASE WHEN {known} THEN {_plain(column)} END AS {quote_name(column.name)}",
        f"CASE WHEN {known} THEN {_digits(column)} END AS {as_number(column)}",
        f"{_present(held, kind)} AS {as_delivered(column)}",
    ]


def _plain(column: FeedColumn) -> str:
    return quote_name(f"{column.name} plain")


def _digits(column: FeedColumn) -> str:
    return quote_name(f"{column.name} digits")


def _present(held: str, kind: str) -> str:
    """Whether there is a value at all. A text of nothing is none."""
    return f"coalesce({held} <> '', false)" if kind == "VARCHAR" else f"({held} IS NOT NULL)"


def _typed(column: FeedColumn, held: str, kind: str) -> str:
    if kind == "VARCHAR":
        return _from_text(column.type, held)
    if kind == column.type:
        return f"CASE WHEN isfinite({held}) THEN {held} END" if kind == "DOUBLE" else held
    if column.type in WHOLE and kind not in WHOLE:
        return f"CASE WHEN {held} = trunc({held}) THEN TRY_CAST({held} AS {column.type}) END"
    return f"TRY_CAST({held} AS {column.type})"


def _from_text(kind: str, held: str) -> str:
    if kind == "VARCHAR":
        return f"nullif({held}, '')"
    if kind in WHOLE:
        return f"CASE WHEN regexp_full_match({held}, '{WHOLE_NUMBER}') THEN TRY_CAST({held} AS {kind}) END"
    if kind == "BOOLEAN":
        return f"CASE WHEN upper({held}) IN {YES} THEN true WHEN upper({held}) IN {NO} THEN false END"
    if kind == "DOUBLE":
        number = f"TRY_CAST({held} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) AND NOT contains({held}, '_') THEN {number} END"
    if kind in ("DATE", "TIMESTAMP"):
        return _moment_from_text(kind, held)
    return f"TRY_CAST({held} AS {kind})"


def _moment_from_text(kind: str, held: str) -> str:
    """Words such as `epoch`, which the engine knows, are no days."""
    formats = DAY_FORMATS if kind == "DATE" else (*MOMENT_FORMATS, *DAY_FORMATS)
    other = f"CAST(try_strptime({held}, [{', '.join(map(repr, formats))}]) AS {kind})"
    return f"CASE WHEN {held} BETWEEN '0' AND ':' THEN coalesce(TRY_CAST({held} AS {kind}), {other}) END"
