"""Shows tables to a checker, with what was found marked on the very cells. Every word of a file is escaped.

A mark never lies in its colour alone: a flagged cell names the number of its finding, a count says what it is.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from egress.inspection.counts import count_columns
from egress.inspection.document import Table
from egress.inspection.flagging import Cell, Flag, Flags
from egress.inspection.places import HEADER_ROW

SHOWN_ROWS = 1_000


def show_tables(tables: Iterable[Table], flags: Flags, threshold: int, round_to: int) -> str:
    """All of them, one after the other."""
    return "".join(_TablePage(table, flags, threshold, round_to).show() for table in tables)


def tag(flags: Flags, flag: Flag) -> str:
    """The visible name of a finding at one of its places, which a link can lead to."""
    return f'<span class="tag {flag.severity.lower()}" id="{flags.anchor(flag)}">finding {flag.number}</span>'


class _TablePage:
    """One table on its way to html."""

    def __init__(self, table: Table, flags: Flags, threshold: int, round_to: int) -> None:
        self._table = table
        self._flags = flags
        self._flagged: Mapping[Cell, tuple[Flag, ...]] = flags.in_table(table)
        self._counts = {
            (row, counted.column): kind
            for kind, holds in (
                ("unrounded", lambda value: value % round_to > 0),
                ("small", lambda value: 0 < value < threshold),  # of "7/123", the graver
            )
            for counted in count_columns(table)
            for row in counted.rows_where(holds)
        }

    def show(self) -> str:
        """The table, the first rows of it and every row with a flag."""
        head = "".join(self._cell("th", HEADER_ROW, i, cell) for i, cell in enumerate(self._table.header))
        shown = self._rows_to_show()
        rows = "".join(map(self._row, shown))
        more = self._table.total_rows - len(shown)
        note = f'<p class="note">{more:,} more rows are not shown.</p>' if more > 0 else ""
        caption = f"<caption>{html.escape(self._table.where or 'Table')}</caption>"
        head = f'<th class="count" scope="col">row</th>{head}'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"

    def _rows_to_show(self) -> list[int]:
        late = {row for row, _ in self._flagged if row >= SHOWN_ROWS}
        return [*range(min(SHOWN_ROWS, len(self._table.rows))), *sorted(late)]

    def _row(self, number: int) -> str:
        cells = "".join(self._cell("td", number, i, cell) for i, cell in enumerate(self._table.rows[number]))
        return f'<tr><th class="count" scope="row">{number + 1}</th>{cells}</tr>'

    def _cell(self, element: str, row: int, column: int, cell: str) -> str:
        text = html.escape(cell)
        kind = self._counts.get((row, column))
        if kind:
            text = f'<mark class="{kind}" title="{kind} count">{text}</mark>'
        found = self._flagged.get((row, column), ())
        scope = ' scope="col"' if element == "th" else ""
        if not found:
            return f"<{element}{scope}>{text}</{element}>"
        worst = "fail" if any(flag.severity == "FAIL" for flag in found) else "review"
        tags = "".join(f" {tag(self._flags, flag)}" for flag in found)
        return f'<{element}{scope} class="flagged {worst}">{text}{tags}</{element}>'
