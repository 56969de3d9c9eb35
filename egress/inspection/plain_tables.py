"""Reads the tables of a file as plain texts, in the locked child, for comparing two versions of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from egress.comparing import PlainTable
from egress.inspection.asking import ask_about
from egress.inspection.child_process import ChildProcess

LONGEST_ANSWER = 32 * 2**20


def read_tables(child: ChildProcess, path: Path, name: str, limit: int) -> tuple[PlainTable, ...] | None:
    """Every table of the file in order, by a child started with the way "tables"; None if it could not be read, or
    holds more than can be told."""
    return ask_about(child, path, name, limit=limit, longest=LONGEST_ANSWER, understand=_understand)


def _understand(told: dict[str, Any]) -> tuple[PlainTable, ...]:
    return tuple(map(_table, told["tables"]))


def _table(told: dict[str, Any]) -> PlainTable:
    header, rows = told["header"], told["rows"]
    if not isinstance(header, list) or not isinstance(rows, list):
        raise TypeError
    return PlainTable(str(told["where"]), tuple(map(str, header)), tuple(tuple(map(str, row)) for row in rows))
