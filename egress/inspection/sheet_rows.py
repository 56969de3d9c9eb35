"""Reads one worksheet row by row: what each cell shows, what it holds instead, and what is hidden. Within bounds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from xml.etree.ElementTree import Element

from egress.inspection.cells import clean
from egress.inspection.delimited import KEPT_ROWS, MOST_COLUMNS, Row
from egress.inspection.document import Seen
from egress.inspection.number_formats import hides, shown
from egress.inspection.office_xml import held_by, is_on, local, walked
from egress.inspection.sheet_styles import Styles

CELL_NAME = re.compile(r"([A-Z]{1,3})(\d{1,7})")
RANGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
ROW_START = re.compile(rb"<(?:\w+:)?row\b")
REACHING_OUT = re.compile(
    r"(?i)\b(?:webservice|filterxml|rtd|cubevalue|cubemember|call|register\.id|dde)\s*\(|\[\d+\]|\|"
)
WORDS_OF_SHEETS = frozenset({"oddHeader", "evenHeader", "firstHeader", "oddFooter", "evenFooter", "firstFooter"}) | {
    "formula1",
    "formula2",
    "formula",
}
TOLD = frozenset({"prompt", "promptTitle", "error", "errorTitle", "tooltip", "display"})
HIDDEN_WIDTH = 0.1
MOST_MERGED = 5_000
MOST_MERGED_IN_ROW = 200


@dataclass(frozen=True)
class Workbook:
    """What all sheets share."""

    strings: tuple[str, ...] = ()
    styles: Styles = field(default_factory=Styles)
    since_1904: bool = False


@dataclass
class SheetSeen:
    """What one sheet holds, filled while it is read.

    Attributes:
        rows: filled cells of each kept row by column, from 0, with the row's number from 1.
        total_rows: filled rows of the sheet, kept or not.
        words: headers, footers, prompts, formulas and lists.
        used: positions of shared strings that a cell shows.
        counted: how often each noteworthy thing was seen.
        merged: ranges of merged cells: first row, first column, last row, last column.
        hidden_columns: first and last of each range of columns that is not shown.
        rows_hidden_by_default: rows are hidden unless they say otherwise.
    """

    rows: list[tuple[int, dict[int, str]]] = field(default_factory=list)
    total_rows: int = 0
    words: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    counted: Counter[Seen] = field(default_factory=Counter)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    rows_hidden_by_default: bool = False


def read_sheet(content: bytes, book: Workbook) -> SheetSeen:
    """Read one worksheet's XML. Raises PackageError."""
    seen = SheetSeen()
    holder: Element | None = None
    for event, element, _ in walked(content):
        name = local(element.tag)
        if event == "start":
            holder = element if name == "sheetData" else holder
        elif name == "row":
            _read_row(element, seen, book)
            element.clear()
            if holder is not None:
                holder.clear()
            if len(seen.rows) >= KEPT_ROWS:
                seen.total_rows = max(seen.total_rows, len(ROW_START.findall(content)))
                return seen
        elif name not in {"c", "v", "f", "is", "t", "r"}:
            _read_other(name, element, seen)
    return seen


def _read_row(row: Element, seen: SheetSeen, book: Workbook) -> None:
    held = held_by(row)
    number = int(held["r"]) if held.get("r", "").isdecimal() else (seen.rows[-1][0] if seen.rows else 0) + 1
    cells: dict[int, str] = {}
    column = -1
    for cell in row:
        if local(cell.tag) != "c":
            continue
        place = CELL_NAME.fullmatch(cell.get("r", ""))
        column = _column(place[1]) if place else column + 1
        text = _read_cell(cell, seen, book)
        if text:
            cells[column] = text
    hidden = is_on(held["hidden"]) if "hidden" in held else seen.rows_hidden_by_default
    if cells and (hidden or held.get("ht") in {"0", "0.0"}):
        seen.counted[Seen.HIDDEN_CELLS] += 1
    if any(low <= column <= high for low, high in seen.hidden_columns for column in cells):
        seen.counted[Seen.HIDDEN_CELLS] += 1
    if cells:
        seen.total_rows += 1
        seen.rows.append((number, dict(sorted(cells.items())[:MOST_COLUMNS])))


def _column(letters: str) -> int:
    """A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _read_cell(cell: Element, seen: SheetSeen, book: Workbook) -> str:
    """What the cell shows; what it hides is counted."""
    parts = {local(child.tag): child for child in cell}
    style = book.styles.of(cell.get("s"))
    raw = (parts["v"].text or "") if "v" in parts else ""
    value = _value(cell.get("t", "n"), raw, parts.get("is"), seen, book)
    if "f" in parts:
        formula = parts["f"].text or ""
        seen.counted[Seen.FORMULA] += 1
        seen.words.append(formula)
        seen.counted[Seen.EXTERNAL_REFERENCE] += REACHING_OUT.search(formula) is not None
        seen.counted[Seen.UNCOMPUTED] += not raw
    if value in {"", None}:
        return ""
    if style.invisible:
        seen.counted[Seen.HIDDEN_TEXT] += 1
    if hides(style.number_format, value):
        seen.counted[Seen.HIDDEN_VALUE] += 1
    text = value if isinstance(value, str) else shown(style.number_format, value, since_1904=book.since_1904)
    return clean(text)


def _value(kind: str, raw: str, inline: Element | None, seen: SheetSeen, book: Workbook) -> str | float:
    """A number, or a text, or "" for an empty cell."""
    if kind == "s":
        index = int(raw) if raw.isdecimal() else -1
        seen.used.add(index)
        return book.strings[index] if 0 <= index < len(book.strings) else ""
    if kind == "inlineStr":
        return "".join(inline.itertext()) if inline is not None else raw
    if kind in {"str", "e", "d"} or not raw:
        return raw
    if kind == "b":
        return "TRUE" if raw.strip() == "1" else "FALSE"
    try:
        number = float(raw)
    except ValueError:
        return raw
    return number if isfinite(number) else raw


def _read_other(name: str, element: Element, seen: SheetSeen) -> None:
    """What stands beside the rows."""
    held = held_by(element)
    if name == "col":
        _read_columns(held, seen)
    elif name == "sheetFormatPr":
        seen.rows_hidden_by_default = is_on(held.get("zeroHeight", "0"))
    elif name == "mergeCell" and (found := RANGE.fullmatch(held.get("ref", ""))):
        seen.merged.append((int(found[2]), _column(found[1]), int(found[4]), _column(found[3])))
    elif name in WORDS_OF_SHEETS and element.text:
        seen.words.append(element.text)
    seen.words += [value for attribute, value in held.items() if attribute in TOLD and value]


def _read_columns(held: Mapping[str, str], seen: SheetSeen) -> None:
    width = held.get("width", "")
    narrow = width.replace(".", "", 1).isdecimal() and float(width) < HIDDEN_WIDTH
    hidden = is_on(held.get("hidden", "0")) or narrow
    if hidden and held.get("min", "").isdecimal() and held.get("max", "").isdecimal():
        seen.hidden_columns.append((int(held["min"]) - 1, int(held["max"]) - 1))


def dense_rows(seen: SheetSeen) -> Iterator[Row]:
    """Rows as wide as the columns in use, with one blank row wherever the sheet leaves some out."""
    across: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, right in seen.merged[:MOST_MERGED]:
        if top == bottom and len(across.setdefault(top, [])) < MOST_MERGED_IN_ROW:
            across[top].append((left, right))
    columns = sorted({column for _, cells in seen.rows for column in cells})[:MOST_COLUMNS]
    before = 0
    for number, cells in seen.rows:
        if before and number > before + 1:
            yield ()
        before = number
        spread = _spread(cells, across.get(number, []))
        yield tuple(spread.get(column, "") for column in columns)


def _spread(cells: dict[int, str], across: list[tuple[int, int]]) -> dict[int, str]:
    """The row with the words of each merged cell repeated in the columns that it covers; a number is counted once."""
    spread = dict(cells)
    for left, right in across:
        text = cells.get(left, "")
        if text and not any(map(str.isdigit, text)):
            for column in range(left + 1, min(right, left + MOST_COLUMNS) + 1):
                spread.setdefault(column, text)
    return spread
