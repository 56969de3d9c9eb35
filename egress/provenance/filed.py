"""Asks the locked child for the tables of a file. Promise: no byte of it is parsed here, and what the child tells is
believed only as far as its shape holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from egress.inspection.asking import SECONDS, ask_about
from egress.inspection.child_process import ChildProcess
from egress.provenance.tables import Figure, FiledCell, FiledTable

LONGEST_ANSWER = 48 * 2**20

Tables = tuple[FiledTable, ...] | None


def read_filed_tables(files: Sequence[tuple[Path, str]], *, limit: int) -> Iterable[Tables]:
    """The tables of each file, in order; None for one that could not be read. Never raises.

    Args:
        files: path and name of each.
        limit: most bytes of a file.
    """
    with ChildProcess("tell", SECONDS) as child:
        for path, name in files:
            yield ask_about(child, path, name, limit=limit, longest=LONGEST_ANSWER, understand=understand)


def understand(told: dict[str, Any]) -> tuple[FiledTable, ...]:
    """What the child told, as values. Raises ValueError, KeyError or TypeError for another form."""
    return tuple(_table(one) for one in told["tables"])


def _table(told: dict[str, Any]) -> FiledTable:
    header = tuple(map(_cell, told["header"]))
    rows = tuple(tuple(map(_cell, row)) for row in told["rows"])
    if any(len(row) != len(header) for row in rows):
        raise ValueError("a table is a rectangle")
    return FiledTable(str(told["place"]), header, rows, bool(told["whole"]))


def _cell(told: list[Any]) -> FiledCell:
    text, figures, is_key = told
    return FiledCell(str(text), tuple(Figure(float(value), int(places)) for value, places in figures), bool(is_key))
