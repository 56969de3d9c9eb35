"""Reads the tables of a file as plain texts, in the locked child, for comparing two versions of it."""

from __future__ import annotations

import json
from pathlib import Path

from egress.comparing import PlainTable
from egress.inspection.child_process import ChildProcess
from egress.inspection.messages import Question
from egress.inspection.opening import CannotOpenError, open_for_checks

SECONDS = 20.0
LONGEST_ANSWER = 32 * 2**20


def read_tables(child: ChildProcess, path: Path, name: str, limit: int) -> tuple[PlainTable, ...] | None:
    """Every table of the file in order, by a child started with the way "tables"; None if it could not be read, or
    holds more than can be told."""
    try:
        opened = open_for_checks(path, limit)
    except CannotOpenError:
        return None
    answer = child.ask(Question({"name": name}, opened.content).packed(), SECONDS, LONGEST_ANSWER)
    try:
        return tuple(_understand(told) for told in json.loads(answer or b"")["tables"])
    except (ValueError, KeyError, TypeError, RecursionError):
        child.end()  # it may have given up: the next file deserves a fresh one
        return None


def _understand(told: dict[str, object]) -> PlainTable:
    header, rows = told["header"], told["rows"]
    if not isinstance(header, list) or not isinstance(rows, list):
        raise TypeError
    return PlainTable(str(told["where"]), tuple(map(str, header)), tuple(tuple(map(str, row)) for row in rows))
