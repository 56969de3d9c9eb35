"""Reads JSON of any shape into tables: records, columns, pandas' orients, and every object as a row of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from egress.inspection.cells import clean
from egress.inspection.document import Passage, Seen, Sighting, Table, within
from egress.inspection.pieces import Pieces
from egress.inspection.places import safe_name

DEEPEST = 40  # levels of nesting; deeper is refused rather than half read
MOST_TABLES = 500
KEPT_ROWS = 6_000
FEWEST_ITEMS = 2
SCALAR = str | int | float | bool | None


def read_json(text: str, where: str) -> Pieces:
    """Read JSON text. Broken or too deep JSON becomes a sighting."""
    passages = (Passage(where, text, lined=True),)
    try:
        value = json.loads(text)
    except RecursionError:
        return Pieces(passages, sightings=(Sighting(Seen.TOO_DEEP, where),))
    except ValueError:  # also an integer of more than 4,300 digits
        value = records_by_line(text)
        if value is None:
            return Pieces(passages, sightings=(Sighting(Seen.DAMAGED, where),))
    tables: list[Table] = []
    sightings: list[Sighting] = []
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting and len(tables) < MOST_TABLES:
        path, item, depth = waiting.pop()
        if depth > DEEPEST:
            sightings.append(Sighting(Seen.TOO_DEEP, where))
            return Pieces(passages, tuple(tables), sightings=tuple(sightings))
        tables += _tables_of(item, within(where, path))
        waiting += [(name, child, depth + 1) for name, child in _children(path, item)]
    if waiting:
        sightings.append(Sighting(Seen.TOO_MANY_PARTS, where))
    return Pieces(passages, tuple(tables), sightings=tuple(sightings))


def records_by_line(text: str) -> list[Any] | None:
    """The values of "JSON lines", one object or list on each of two or more lines; None if the text is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < FEWEST_ITEMS or lines[0].strip()[:1] not in {"{", "["}:
        return None
    try:
        values = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None
    return values if all(isinstance(value, dict | list) for value in values) else None


def _children(path: str, item: object) -> Iterator[tuple[str, Any]]:
    """Containers inside a container, each with a path such as "result.groups[2]"; records are not entered again."""
    if isinstance(item, dict):
        for number, (name, child) in enumerate(item.items(), start=1):
            if isinstance(child, dict | list):
                yield f"{path}.{safe_name(name) or f'key {number}'}".strip("."), child
    elif isinstance(item, list):
        for index, child in enumerate(item[:KEPT_ROWS]):
            nested = isinstance(child, list) and not _all_scalars(child)
            if nested or (isinstance(child, dict) and not _all_scalars(child.values())):
                yield f"{path}[{index}]", child


def _tables_of(item: object, where: str) -> Iterator[Table]:
    if isinstance(item, list) and item:
        yield from _table_of_list(item, where)
    elif isinstance(item, dict) and item:
        yield from _table_of_object(item, where)


def _table_of_list(items: Sequence[Any], where: str) -> Iterator[Table]:
    records = [item for item in items if isinstance(item, dict)]
    if records:
        names = list(dict.fromkeys(name for record in records[:KEPT_ROWS] for name in record))
        if not names:
            return
        rows = [[record.get(name) for name in names] for record in records]
        yield _table(names, rows, where)
    elif all(isinstance(item, list) for item in items):
        yield from _table_of_lists(items, where)
    elif len(items) >= FEWEST_ITEMS and _all_scalars(items):
        yield _table([where.rpartition(".")[2]], [[item] for item in items], where)


def _table_of_lists(items: Sequence[list[Any]], where: str) -> Iterator[Table]:
    width = max(map(len, items))
    if not width or not all(_all_scalars(item) for item in items):
        return
    has_names = all(isinstance(name, str) for name in items[0]) and len(items) > 1
    names = list(map(str, items[0])) if has_names else []
    yield _table(names + [""] * (width - len(names)), items[1:] if has_names else items, where)


def _table_of_object(item: Mapping[str, Any], where: str) -> Iterator[Table]:
    """One row of scalars; or columns (name to list, name to {index: value}); or pandas' split orient."""
    scalars = {name: value for name, value in item.items() if isinstance(value, SCALAR)}
    if scalars:
        yield _table(list(scalars), [list(scalars.values())], where)
    if {"columns", "data"} <= item.keys() and isinstance(item["columns"], list) and isinstance(item["data"], list):
        names = [str(name) for name in item["columns"]]
        yield _table(names, [row for row in item["data"] if isinstance(row, list)], where)
        return
    columns = {name: _cells_of(value) for name, value in item.items() if isinstance(value, dict | list)}
    lists = {name: cells for name, cells in columns.items() if cells is not None}
    if len(lists) >= FEWEST_ITEMS and len({len(cells) for cells in lists.values()}) == 1:
        yield _table(list(lists), list(zip(*lists.values(), strict=True)), where)


def _cells_of(value: object) -> list[Any] | None:
    cells = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else None
    return cells if cells and _all_scalars(cells) else None


def _all_scalars(values: Any) -> bool:
    return all(isinstance(value, SCALAR) for value in values)


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]], where: str) -> Table:
    width = len(names)
    kept = tuple(tuple(_shown(cell) for cell in (*row, *[None] * width)[:width]) for row in rows[:KEPT_ROWS])
    return Table(where, tuple(clean(str(name)) for name in names), kept, len(rows))


def _shown(cell: object) -> str:
    """A scalar as a reader sees it; a container inside a record is entered elsewhere."""
    if cell is None or isinstance(cell, dict | list):
        return ""
    return clean(str(cell))[:1000]
