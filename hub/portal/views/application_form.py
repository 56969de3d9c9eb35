"""The form of an application as fields of a page, and back. Promise: what is shown is what was saved or, of a refused
page, what was typed; nothing is read that the section does not have.

Names are flat: `title`; `people.2.subject` for a field of the second row; `data.1.columns.year_of_birth` for the reason
of a column. A row or a column of which nothing is filled in is not wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.applications.answers import Answers, WantedTable
from governance.applications.fields import Field, Section, Shape
from governance.applications.offered import Offer

EMPTY_ROWS = 2
MOST_ROWS = 100
COLUMNS = "columns"
LISTS = (Shape.LINES, Shape.NUMBERS)


@dataclass(frozen=True)
class Row:
    """One row of a field: its number and, of a table wanted, the catalogue's columns (name, what it is)."""

    number: int
    columns: tuple[tuple[str, str], ...] = ()


def flatten(answers: Answers) -> dict[str, str]:
    """What is saved, by the names of the page's fields."""
    return dict(_flat("", vars(answers)))


def rows_of(field: Field, values: Mapping[str, str], offer: Offer | None) -> tuple[Row, ...]:
    """The rows to show: those filled in, and some empty ones."""
    filled = [number for number in range(1, MOST_ROWS + 1) if _has_row(field, values, number)]
    last = min(MOST_ROWS, max(filled, default=0) + EMPTY_ROWS)
    numbers = [*filled, *(number for number in range(1, last + 1) if number not in filled)][: len(filled) + EMPTY_ROWS]
    return tuple(Row(number, _columns(values.get(f"{field.name}.{number}.table", ""), offer)) for number in numbers)


def read_section(section: Section, values: Mapping[str, str]) -> dict[str, Any]:
    """The section's answers as `save_answers` takes them; governance judges each."""
    return {field.name: _read(field, field.name, values) for field in section.fields}


def _read(field: Field, name: str, values: Mapping[str, str]) -> Any:
    if field.shape is Shape.ROWS:
        return [row for number in range(1, MOST_ROWS + 1) if (row := _read_row(field, f"{name}.{number}", values))]
    if field.shape is Shape.FLAG:
        return values.get(name) == "yes"
    return values.get(name, "").strip() or None


def _read_row(field: Field, name: str, values: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for inner in field.fields:
        if inner.name == COLUMNS and inner.shape is Shape.ROWS:
            prefix = f"{name}.{COLUMNS}."
            told = [
                (key.removeprefix(prefix), value.strip()) for key, value in values.items() if key.startswith(prefix)
            ]
            row[COLUMNS] = [{"name": column, "justification": why} for column, why in told if why]
        else:
            row[inner.name] = _read(inner, f"{name}.{inner.name}", values)
    return {key: value for key, value in row.items() if value not in (None, "", [], False)}


def _flat(prefix: str, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        if value is None or value is False:
            continue
        if isinstance(value, tuple) and value and hasattr(value[0], "__dataclass_fields__"):
            for number, row in enumerate(value, start=1):
                yield from _flat_row(f"{prefix}{name}.{number}.", row)
        elif isinstance(value, tuple):
            yield f"{prefix}{name}", "\n".join(map(str, value))
        else:
            yield f"{prefix}{name}", "yes" if value is True else str(value)


def _flat_row(prefix: str, row: Any) -> Iterator[tuple[str, str]]:
    told = dict(vars(row))
    columns = told.pop(COLUMNS, ()) if isinstance(row, WantedTable) else ()
    yield from _flat(prefix, told)
    for column in columns:
        yield f"{prefix}{COLUMNS}.{column.name}", column.justification


def _has_row(field: Field, values: Mapping[str, str], number: int) -> bool:
    prefix = f"{field.name}.{number}."
    return any(key.startswith(prefix) and value.strip() for key, value in values.items())


def _columns(table: str, offer: Offer | None) -> tuple[tuple[str, str], ...]:
    held = offer.catalogue.tables.get(table) if offer is not None else None
    return tuple((column.name, column.description) for column in held.columns.values()) if held else ()
