"""Questions from a file: the very same `answer_query`, one line in, one line out, always.

For operators and tests. A line that is not understood is a refused line, not a crash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from governance.callers import Caller
from governance.refusal import Refusal
from query_guard.answer import Guard, answer_query
from query_guard.asked import PLAIN_DIALECT, Asked
from query_guard.outcome import QueryResult, Verdict
from query_guard.plain_rows import columns_of, rows_of

LONGEST_LINE = 2**20  # bytes, far beyond what a question may have
WANTED = 'Write one JSON object a line: {"id": ..., "sql": "SELECT ..."}; "dialect" and "parameters" may be added.'


@dataclass(frozen=True)
class Question:
    """One line in. `number` is whatever the writer gave as `id`; `asked` is None if the line was not understood."""

    number: Any
    asked: Asked | None


def answer_lines(guard: Guard, caller: Caller, questions: BinaryIO) -> Iterator[str]:
    """One JSON text for each line of `questions`, as soon as it is known."""
    for line in read_lines(questions):
        question = read_question(line)
        if question.asked is None:
            result = QueryResult(Verdict.REFUSED, Refusal("bad-line", "This line is not a question.", WANTED))
        else:
            result = answer_query(guard, caller, question.asked)
        yield _write(question.number, result)


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of at most LONGEST_LINE bytes; the rest of a longer one is skipped, so that it stays one line."""
    while line := stream.readline(LONGEST_LINE):
        yield line
        while not line.endswith(b"\n") and (line := stream.readline(LONGEST_LINE)):
            pass


def read_question(line: bytes) -> Question:
    """Understand one line; what cannot be understood keeps its `id` if it has one."""
    try:
        document = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return Question(None, None)
    if not isinstance(document, dict):
        return Question(None, None)
    return Question(document.get("id"), _read_asked(document))


def _read_asked(document: dict[str, Any]) -> Asked | None:
    sql, dialect = document.get("sql"), document.get("dialect", PLAIN_DIALECT)
    parameters = document.get("parameters") or ()
    if isinstance(sql, str) and isinstance(dialect, str) and isinstance(parameters, list | dict | tuple):
        return Asked(sql, dialect, parameters)
    return None


def _write(number: Any, result: QueryResult) -> str:
    try:
        return write_line(number, result)
    except (
        ValueError,
        RecursionError,
    ):  # an id such as 1e999 or a thousand brackets, which JSON can read but not write
        return write_line(None, result)


def write_line(number: Any, result: QueryResult) -> str:
    """The line for one result; its keys are always the same."""
    table = result.table
    return json.dumps(
        {
            "id": number,
            "verdict": result.verdict,
            "code": result.code,
            "message": result.message,
            "columns": [] if table is None else columns_of(table),
            "rows": [] if table is None else rows_of(table),
            "suppressed": {"rows": result.suppressed_rows, "cells": result.suppressed_cells},
            "flags": result.flags,
            "receipt": result.receipt,
            "plan_ms": round(result.plan_ms, 3),
            "execute_ms": round(result.execute_ms, 3),
            "total_ms": round(result.total_ms, 3),
        },
        allow_nan=False,
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are no JSON
