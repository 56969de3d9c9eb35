"""What a row must be to be staged: the checks as data, each a reason, and the SQL of one fault.

Promise: a check sees one row alone, so what is quarantined does not depend on what else was delivered before. In the
order of `CHECKS`, a row's first fault in a column is the one that is counted for that column.

What needs other rows (a person's birth and death, the row that is referred to) only warns: see `survey`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from intake.feeds import FeedColumn, FeedTable, Meaning, code_lists
from intake.landing.columns import as_delivered, is_bent
from intake.landing.sources import Source
from intake.sources import quote_name, quote_text

EARLIEST = date(1900, 1, 1)
#: A planned day (an appointment, the end of a service) lies ahead, but not by more.
FURTHEST_PLAN = timedelta(days=5 * 366)
#: What has happened may bear the next day's date, where a sender is ahead of our clock.
SLACK = timedelta(days=1)
PAST = frozenset({Meaning.DATE_OF_BIRTH, Meaning.DEATH_DATE})


@dataclass(frozen=True)
class Value:
    """One column as the checks see it: held in type `kind`, `name` its SQL over `columns.typed_rows`; `received`: the
    day the delivery came."""

    table: FeedTable
    column: FeedColumn
    kind: str
    received: date

    @property
    def name(self) -> str:
        """SQL of the typed value."""
        return quote_name(self.column.name)


@dataclass(frozen=True)
class Check:
    """One rule. `reason` is its stable name, `fault` its SQL (never true of a NULL but where it says so), or None where
    it has nothing to say of a column."""

    reason: str
    says: str
    fault: Callable[[Value], str | None]


@dataclass(frozen=True)
class Fault:
    """One thing that can be wrong with a row, in SQL over the source's columns."""

    column: str
    reason: str
    sql: str


def _missing(value: Value) -> str | None:
    if not value.column.required:
        return None
    return f"NOT {as_delivered(value.column)}" if is_bent(value.column, value.kind) else f"{value.name} IS NULL"


def _wrong_type(value: Value) -> str | None:
    if not is_bent(value.column, value.kind):
        return None
    return f"{as_delivered(value.column)} AND {value.name} IS NULL"


def _unknown_code(value: Value) -> str | None:
    if value.column.codes is None:
        return None
    codes = ", ".join(quote_text(code) for code in code_lists()[value.column.codes])
    text = value.name if value.column.type == "VARCHAR" else f"CAST({value.name} AS VARCHAR)"
    return f"{text} NOT IN ({codes})"


def _out_of_range(value: Value) -> str | None:
    low, high = value.column.low, value.column.high
    bounds = [f"{value.name} < {low!r}"] if low is not None else []
    bounds += [f"{value.name} > {high!r}"] if high is not None else []
    return " OR ".join(bounds) or None


def _too_early(value: Value) -> str | None:
    return f"{value.name} < {_day(EARLIEST)}" if value.column.type in ("DATE", "TIMESTAMP") else None


def _too_late(value: Value) -> str | None:
    """What has happened cannot be later than the delivery; what is planned, not by years."""
    if value.column.type not in ("DATE", "TIMESTAMP"):
        return None
    past = value.column.meaning in PAST or value.column.name == value.table.event_date
    return f"{value.name} >= {_day(value.received + (SLACK if past else FURTHEST_PLAN) + timedelta(days=1))}"


CHECKS: tuple[Check, ...] = (
    Check("missing-value", "a value that the schema requires is not there", _missing),
    Check("wrong-type", "the value is not of the column's type", _wrong_type),
    Check("unknown-code", "the value is not in the column's code list", _unknown_code),
    Check("out-of-range", "the number is outside the column's bounds", _out_of_range),
    Check("too-early", "the day is before 1900", _too_early),
    Check("too-late", "the day lies after the delivery (a planned one: more than five years)", _too_late),
)
END_BEFORE_START = "end-before-start"
#: Reasons that are not of one column's check.
OTHER_REASONS: Mapping[str, str] = {
    END_BEFORE_START: "something ends before it begins",
    "too-few-values": "a line of the file has fewer values than the header",
    "too-many-values": "a line of the file has more values than the header",
    "open-quote": "a quote is not closed, or stands inside a value",
    "line-too-long": "a line of the file is longer than a million characters",
    "not-text": "a line of the file has bytes that are no letters",
    "unreadable-line": "a line of the file cannot be read as a row",
}


def faults_of(table: FeedTable, source: Source, received: date) -> tuple[Fault, ...]:
    """Everything that can be wrong with a row of the source."""
    return (*_column_faults(table, source, received), *_span_faults(table))


def _column_faults(table: FeedTable, source: Source, received: date) -> Iterator[Fault]:
    for column in table.columns.values():
        value = Value(table, column, source.types[column.name], received)
        for check in CHECKS:
            sql = check.fault(value)
            if sql is not None:
                yield Fault(column.name, check.reason, sql)


def _span_faults(table: FeedTable) -> Iterator[Fault]:
    for begin, end in table.spans:
        yield Fault(end, END_BEFORE_START, f"{quote_name(end)} < {quote_name(begin)}")


def any_fault(faults: tuple[Fault, ...]) -> str:
    """SQL (never NULL): whether anything is wrong with a row."""
    return f"coalesce({' OR '.join(f'({fault.sql})' for fault in faults)}, false)" if faults else "false"


def list_faults(faults: tuple[Fault, ...]) -> str:
    """SQL of the list of positions in `faults` that are wrong with a row, the first of each column."""
    first: list[str] = []
    for place, fault in enumerate(faults):
        before = [f"({other.sql})" for other in faults[:place] if other.column == fault.column]
        not_yet = f" AND NOT coalesce({' OR '.join(before)}, false)" if before else ""
        first.append(f"CASE WHEN ({fault.sql}){not_yet} THEN {place} END")
    return f"list_filter([{', '.join(first)}], lambda place: place IS NOT NULL)"


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
