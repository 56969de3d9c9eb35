"""Names places in a table for a finding. Promise: a name never quotes an identifier, only where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from egress.inspection.document import Table, within
from egress.inspection.identifiers import holds_identifier

ROWS_NAMED = 5
LONGEST_NAME = 40
HEADER_ROW = -1
UNSAFE = re.compile(r"[^\w %()/<>=+.,&'-]")


def safe_name(label: str) -> str:
    """A label that may be quoted, or "" if it is empty, too long, or may itself be data."""
    shown = UNSAFE.sub("", label).strip()
    quotable = bool(shown) and len(shown) <= LONGEST_NAME and any(letter.isalpha() for letter in shown)
    return shown if quotable and not holds_identifier(label) else ""


def column_name(table: Table, index: int) -> str:
    """ "column n_deaths", or by its position from 1."""
    name = safe_name(table.header[index])
    return f"column {name}" if name else f"column {index + 1}"


def place_of(table: Table, rows: Sequence[int], column: int) -> str:
    """ "rows 3, 7 and 2 more, column n_deaths"; rows count data rows from 1, HEADER_ROW is the header."""
    return within(table.where, f"{rows_named(rows)}, {column_name(table, column)}")


def rows_named(rows: Sequence[int]) -> str:
    """ "row 3", "rows 3 and 7", "rows 1, 2, 3, 4, 5 and 20 more", "header"."""
    names = ["header" if row == HEADER_ROW else str(row + 1) for row in rows]
    if names == ["header"]:
        return "header"
    word = "row" if len(names) == 1 else "rows"
    if len(names) > ROWS_NAMED:
        return f"{word} {', '.join(names[:ROWS_NAMED])} and {len(names) - ROWS_NAMED} more"
    return f"{word} {' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))}"
