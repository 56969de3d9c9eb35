"""Finds tables in running text: markdown pipes, box drawings, LaTeX rows, and columns aligned with spaces."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from egress.inspection.cells import clean, read_number
from egress.inspection.delimited import Row, tables_of_rows
from egress.inspection.document import Passage, Table

RULE = re.compile(r"[\s|+:=\-_─━═│┃┆┊╪╡╞┌┐└┘├┤┬┴┼╌]+")
BAR_CELLS = re.compile("^\\s*[|│┃║].*[|│┃║]\\s*$|\\s[|│┆]\\s")
PIPE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*")
EDGES = re.compile("[|+│┃┆┊╪╡╞┼┌└┐┘┬┴├┤]")
BARS = re.compile("[|│┃┆┊║]")
TWO_SPACES = re.compile(r"(?:\s{2,}|\t+)")
SERIES_END = re.compile(r"(?:Name: (?P<name>[^,]*), )?(?:Length: \d+, )?dtype: \w+")
DTYPES = re.compile(r"(?:str|i\d+|u\d+|f\d+|bool|date|cat|datetime\[.*\]|list\[.*\])")
LATEX_RULE = re.compile(r"\s*\\(?:hline|toprule|midrule|bottomrule|cline|cmidrule)\b.*")
LATEX_END = re.compile(r"\s*\\\\(?:\s*\\\w+)*\s*$")
WORD = re.compile(r"\S+")
SHORTEST_BLOCK = 2
MOST_HEADER_LINES = 3
LONGEST_LINE = 5_000
MOST_LINES = 6_000  # more than may leave (row_level.MOST_ROWS), so a text whose rest goes unread fails


def read_text_tables(text: str, where: str) -> tuple[tuple[Table, ...], tuple[Passage, ...]]:
    """Tables in a text, and the text whole as one passage (a cell found there is named by its line)."""
    tables: list[Table] = []
    for caption, rows in _row_blocks(text.splitlines()[:MOST_LINES]):
        found, _ = tables_of_rows(rows, where)
        tables += [replace(table, caption=table.caption or caption) for table in found]
    if len(tables) > 1:
        numbered = (f"{where}, table {i}" if where else f"table {i}" for i in range(1, len(tables) + 1))
        tables = [replace(table, where=name) for name, table in zip(numbered, tables, strict=True)]
    return tuple(tables), (Passage(where, text, lined=True),)


def _row_blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """Neighbouring lines that split in the same way, each block as rows of cells, with the line of text above it."""
    lines = [line for line in lines if not LATEX_RULE.fullmatch(line)]
    ways = _ways_of(lines)
    caption = ""
    for way, group in itertools.groupby(zip(ways, lines, strict=True), key=lambda pair: pair[0]):
        block = [line for _, line in group]
        for rows in _rows_of(way, block):
            yield caption, rows
        caption = next((line for line in reversed(block) if line.strip()), "") if not way else ""


def _rows_of(way: str, block: Sequence[str]) -> Iterator[list[Row]]:
    if way == "bars":
        rows = [_split_bars(line) for line in block if not RULE.fullmatch(line)]
        yield [row for row in rows if not all(DTYPES.fullmatch(cell) for cell in row if cell) or not any(row)]
    elif way == "latex":
        yield [tuple(map(clean, LATEX_END.sub("", line).split("&"))) for line in block]
    elif way == "spaces" and len(block) >= SHORTEST_BLOCK:
        yield from _aligned([line for line in block if not RULE.fullmatch(line)])


def _ways_of(lines: Sequence[str]) -> list[str]:
    ways = [_way_of(line) for line in lines]
    for index, line in enumerate(lines):
        if len(line) <= LONGEST_LINE and "|" in line and PIPE_RULE.fullmatch(line):  # markdown without outer pipes
            start, end = max(0, index - 1), index + 1
            while end < len(lines) and "|" in lines[end]:
                end += 1
            ways[start:end] = ["bars"] * (end - start)
    for index in range(len(lines) - 1):  # a header of single spaces, as wide as the aligned rows below it
        below = lines[index + 1].rstrip()
        if not ways[index] and ways[index + 1] == "spaces" and 0 < len(lines[index].rstrip()) == len(below):
            ways[index] = "spaces"
    return ways


def _way_of(line: str) -> str:
    if not line.strip() or len(line) > LONGEST_LINE:
        return ""
    if BAR_CELLS.search(line) or (RULE.fullmatch(line) and EDGES.search(line)):
        return "bars"
    if "&" in line and LATEX_END.search(line):
        return "latex"
    ends_series = SERIES_END.fullmatch(line.strip()) is not None
    aligned = TWO_SPACES.search(line.strip()) is not None or ends_series or RULE.fullmatch(line)
    return "spaces" if aligned or " " not in line.strip() else ""


def _split_bars(line: str) -> Row:
    stripped = line.strip()
    inner = stripped[1:] if BARS.match(stripped) else stripped
    inner = inner[:-1] if BARS.search(inner[-1:]) else inner
    cells = [part for cell in BARS.split(inner) for part in TWO_SPACES.split(cell.strip())]  # Stata: one bar only
    return tuple(map(_bare, cells))


def _bare(cell: str) -> str:
    """A cell without markdown's emphasis, but not without the star that hides a count."""
    cleaned = clean(cell).removeprefix("\\")
    return cleaned.strip("\"'*_` ") or cleaned.strip("\"'_` ")


def _aligned(lines: Sequence[str]) -> Iterator[list[Row]]:
    """A printed frame: pandas leaves the index column without a name, and names it on a line of its own."""
    rows = [tuple(map(clean, TWO_SPACES.split(line.strip()))) for line in lines]
    end = SERIES_END.fullmatch(lines[-1].strip()) if lines else None
    if end is not None:
        yield _series(rows[:-1], (end["name"] or "").strip())
        return
    positioned = _by_position(lines)
    if positioned:
        yield positioned
        return
    width = max((len(row) for row in rows), default=0)
    body = [row for row in rows if len(row) in {width, width - 1}]
    if width < SHORTEST_BLOCK or len(body) < SHORTEST_BLOCK:
        return
    if len(body[0]) == width - 1 and sum(len(row) == width for row in body) >= len(body) // 2:
        first = ("", *body[0])
        yield [first, *(row for row in body[1:] if len(row) == width)]
        short = [row for row in body[1:] if len(row) != width]
        if any(read_number(cell) for row in short for cell in row):
            yield [body[0], *short]
        return
    yield body


def _by_position(lines: Sequence[str]) -> list[Row]:
    """Columns that end at the same place in every row (R, SAS, pandas); names above may hold single spaces."""
    tokens = [[(found[0], found.end()) for found in WORD.finditer(line)] for line in lines]
    width = len(tokens[-1]) if tokens else 0
    start = len(lines)
    while start and len(tokens[start - 1]) == width and _ends(tokens[start - 1])[1:] == _ends(tokens[-1])[1:]:
        start -= 1
    if width < SHORTEST_BLOCK or not 0 < start <= MOST_HEADER_LINES or len(lines) - start < SHORTEST_BLOCK:
        return []
    if any(read_number(word) for row in tokens[1:start] for word, _ in row):  # rows of data, not lines of a header
        return []
    alone = [row[0][1] for row in tokens[:start] if len(row) == 1]  # the index's name on a line of its own
    ends = [max([row[0][1] for row in tokens[start:]] + alone), *_ends(tokens[-1])[1:]]
    edges = [0, *ends[:-1], LONGEST_LINE]
    names = [
        " ".join(filter(None, (line[left:right].strip() for line in lines[:start])))
        for left, right in itertools.pairwise(edges)
    ]
    return [tuple(map(clean, names)), *(tuple(clean(word) for word, _ in row) for row in tokens[start:])]


def _ends(row: Sequence[tuple[str, int]]) -> list[int]:
    return [end for _, end in row]


def _series(rows: Sequence[Row], name: str) -> list[Row]:
    """What `value_counts()` prints: labels, values, and a last line with the name of the values."""
    pairs = [row for row in rows if len(row) == SHORTEST_BLOCK]
    label = next((row[0] for row in rows if len(row) == 1), "")
    return [(label, name or "value"), *pairs] if pairs else []
