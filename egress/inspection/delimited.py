"""Reads csv and tsv as people write them: any common delimiter, title lines, several header rows, several tables."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from egress.inspection.cells import clean, is_suppressed, read_date, read_number
from egress.inspection.columns import FIRST_YEAR, LAST_YEAR
from egress.inspection.document import Passage, Table

DELIMITERS = (",", "\t", ";", "|")
#: Tried where none of those divides the lines, and believed only if every line agrees.
RARE_DELIMITERS = ("~", "^", "¦", "§", "#", ":", " ")
SNIFFED_ROWS = 200
SNIFFED_TITLES = 10
#: "7 (2.1%)" and "64.2 [54-75]" are values; "2019 (n=25)" is a header.
IN_BRACKETS = re.compile(r"\d[\d,.]{0,15}\s*[(\[][\d.,<>%±–\s-]{1,30}[)\]]")
KEPT_ROWS = 6_000  # more than may leave (row_level.MOST_ROWS), so a file whose rest goes unread fails
LONGEST_CELL = 2**20
MOST_COLUMNS = 2_000
LINES_IN_A_CELL = 3  # more than this looks like a quote that was never closed
FEWEST_AGREEING = 0.6  # share of rows of the usual width that makes a delimiter believable

Row = tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """Tables of one delimited text, and the text that belongs to none of them (titles, notes)."""

    tables: tuple[Table, ...]
    passages: tuple[Passage, ...]


def read_delimited(text: str, where: str, *, delimiter: str = "") -> Sheet:
    """Read delimited text. `delimiter` empty means find it out. Raises csv.Error for a cell over 1 MB."""
    mark = delimiter or sniff_delimiter(text) or sniff_delimiter(text, RARE_DELIMITERS, agreeing=1.0) or ","
    rows, total, unclosed = _read_rows(text, mark, csv.QUOTE_MINIMAL)
    if unclosed:  # read the quotes as letters too: a viewer may, and rows must not hide in one cell
        bare, bare_total, _ = _read_rows(text, mark, csv.QUOTE_NONE)
        rows, total = [*rows, (), *bare], total + bare_total
    rows[:SNIFFED_TITLES] = [_as_title(row, mark) for row in rows[:SNIFFED_TITLES]]
    tables, titles = tables_of_rows(rows, where, more_rows=max(0, total - len(rows)), delimited=True)
    return Sheet(tables, titles)


def _as_title(row: Row, mark: str) -> Row:
    """A title that holds the delimiter in brackets, "Deaths (N = 2,420)", is one cell; who quotes it has it so."""
    torn = len(row) > 1 and row[0].count("(") > row[0].count(")")
    return (mark.join(row).strip(mark),) if torn else row


def sniff_delimiter(text: str, marks: Sequence[str] = DELIMITERS, agreeing: float = FEWEST_AGREEING) -> str:
    """The delimiter under which most lines have the same two or more columns; "" if there is none.

    Args:
        text: what is to be divided.
        marks: delimiters to try; of equals, the first.
        agreeing: least share of lines of the usual width.
    """
    head = "".join(itertools.islice(io.StringIO(text, newline=""), SNIFFED_ROWS))
    best, best_score = "", 0.0
    for mark in marks:
        try:
            widths = Counter(len(row) for row in csv.reader(io.StringIO(head, newline=""), delimiter=mark) if row)
        except csv.Error:
            continue
        width, rows = max(widths.items(), key=lambda pair: (pair[0] > 1, pair[1]), default=(1, 0))
        score = rows / max(1, widths.total()) if width > 1 else 0.0
        if score > best_score:
            best, best_score = mark, score
    return best if best_score >= agreeing else ""


def _read_rows(text: str, mark: str, quoting: int) -> tuple[list[Row], int, bool]:
    csv.field_size_limit(LONGEST_CELL)
    kept: list[Row] = []
    cleaned = (
        str.strip if text.isascii() else clean
    )  # the same for plain letters, and most of the work of a large table
    total, unclosed, lines = 0, False, 0
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=mark, quoting=quoting)  # type: ignore[arg-type]  # typed as literals only
    for row in reader:
        total += 1
        kept.append(tuple(map(cleaned, row[:MOST_COLUMNS])))
        if reader.line_num - lines > LINES_IN_A_CELL:
            unclosed = unclosed or any(cell.count("\n") > LINES_IN_A_CELL for cell in row)
        lines = reader.line_num
        if total == KEPT_ROWS:
            return kept, total + source.read().count("\n"), unclosed
    return kept, total, unclosed


def tables_of_rows(
    rows: Sequence[Row], where: str, *, more_rows: int = 0, delimited: bool = False
) -> tuple[tuple[Table, ...], tuple[Passage, ...]]:
    """Cut rows at blank ones into tables; lone cells above or below a table are its titles and notes."""
    tables: list[Table] = []
    notes: list[str] = []
    widest = max((sum(map(bool, row)) for row in rows), default=0)
    caption = ""
    for block in _blocks(rows):
        above, body, below = _without_titles(block, widest)
        notes += [*above, *below]
        caption = above[-1] if above else caption
        if body:
            _add_table(tables, body, Table(where, (), (), 0, delimited, caption))
            caption = ""
    if tables and more_rows:
        last = tables[-1]
        tables[-1] = replace(last, total_rows=last.total_rows + more_rows)
    if len(tables) > 1:
        tables = [replace(table, where=_numbered(where, number)) for number, table in enumerate(tables, start=1)]
    return tuple(tables), (Passage(where, "\n".join(notes)),) if notes else ()


def _numbered(where: str, index: int) -> str:
    return f"{where}, table {index}" if where else f"table {index}"


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    for filled, block in itertools.groupby(rows, key=any):
        if filled:
            yield list(block)


def _without_titles(block: list[Row], widest: int) -> tuple[list[str], list[Row], list[str]]:
    """Take lines with one filled cell off both ends of a block that is wider than that: (above, the rest, below)."""
    wide = [index for index, row in enumerate(block) if sum(map(bool, row)) > 1 or not row[0]]  # ",count" is a header
    if not wide:
        lone = widest > 1 and all(len(row) == 1 or read_number(row[0]) is None for row in block)
        return ([row[0] for row in block], [], []) if lone else ([], block, [])
    first, last = wide[0], wide[-1]
    while last + 1 < len(block) and len(block[last + 1]) > 1:  # a label with blanks after it is a row, not a note
        last += 1
    above, below = ([cell for row in rows for cell in row if cell] for rows in (block[:first], block[last + 1 :]))
    return above, block[first : last + 1], below


def _add_table(tables: list[Table], body: list[Row], empty: Table) -> None:
    """Make a table of a block, or lengthen the table before it if the block has no header of its own."""
    width = max(map(len, body))
    padded = [row + ("",) * (width - len(row)) for row in body]
    header_rows = _header_rows(padded)
    header = ("",) * width
    if header_rows:
        columns = zip(*padded[:header_rows], strict=True)
        header = tuple(" ".join(dict.fromkeys(filter(None, cells))) for cells in columns)
    elif tables and tables[-1].width == width:
        empty = tables.pop()
        header, padded = empty.header, [*empty.rows, *padded]
    data = tuple(padded[header_rows:])
    tables.append(replace(empty, header=header, rows=data, total_rows=len(data)))


def _header_rows(rows: Sequence[Row]) -> int:
    """How many leading rows are header: those that hold no value where the rows below them hold values."""
    if _is_data(rows[0], rows[1:]):
        return 0
    count = 1
    while count < min(4, len(rows) - 1) and _continues_header(rows, count):
        count += 1
    return count


def _is_value(cell: str) -> bool:
    return read_number(cell) is not None or read_date(cell) is not None or IN_BRACKETS.fullmatch(cell) is not None


def _is_data(first: Row, below: Sequence[Row]) -> bool:
    """True if the first row is values like the rest: the file has no header. Years and 0, 1, 2 may be a header."""
    values = [cell for cell in first if cell and _is_value(cell)]
    names = [cell for cell in first if cell and not is_suppressed(cell) and not _is_value(cell)]
    if not values:
        return False
    if _is_pivot_header([cell for cell in first if _is_value(cell)]) and (len(names) <= 2 or not below):
        return False
    return len(values) >= len(names) or len(values) > 1


def _is_pivot_header(cells: Sequence[str]) -> bool:
    steps = [number.value for cell in cells if (number := read_number(cell)) is not None]
    if len(steps) < len(cells):
        return False
    years = all(FIRST_YEAR <= value <= LAST_YEAR for value in steps)
    rising = all(earlier < later for earlier, later in itertools.pairwise(steps))
    return rising and (years or steps in ([0.0], [0.0, 1.0], [1.0, 2.0]) or _is_small_run(steps))


def _is_small_run(steps: Sequence[float]) -> bool:
    return len(steps) > 2 and steps[0] in {0.0, 1.0} and all(b - a == 1 for a, b in itertools.pairwise(steps))


def _continues_header(rows: Sequence[Row], index: int) -> bool:
    """A row with no value at all that has text above values, or (as pandas writes it) only the index's name."""
    row, below = rows[index], rows[index + 1 : index + 6]
    if any(_is_value(cell) for cell in row):
        return False
    above_values = [row[i] for i in range(len(row)) if any(_is_value(other[i]) for other in below)]
    if any(above_values):
        return not any(cell and is_suppressed(cell) for cell in above_values)
    return bool(above_values) and not rows[0][0]
