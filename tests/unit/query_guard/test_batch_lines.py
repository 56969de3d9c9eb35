"""Lines of the batch: every line in gives one line out, whatever it holds."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from governance.refusal import Refusal
from query_guard.batch import LONGEST_LINE, _write, read_lines, read_question, write_line
from query_guard.outcome import QueryResult, Verdict
from query_guard.plain_rows import columns_of, plain, rows_of, sql_type, values_of

REFUSED = QueryResult(Verdict.REFUSED, Refusal("some-code", "Why.", "What instead."))


@pytest.mark.parametrize(
    ("line", "number", "sql"),
    [
        (b'{"id": 1, "sql": "SELECT 1"}\n', 1, "SELECT 1"),
        (b'{"id": {"a": [1]}, "sql": "x"}', {"a": [1]}, "x"),
        (b'{"sql": "x"}', None, "x"),
        (b'{"id": "a"}', "a", None),
        (b'{"id": "a", "sql": 5}', "a", None),
        (b'{"id": "a", "sql": null}', "a", None),
        (b"[1, 2]", None, None),
        (b"\n", None, None),
        (b"   \n", None, None),
        (b"{not json", None, None),
        (b'{"id": NaN, "sql": "x"}', None, None),
        (b'\xff\xfe{"id": 1}', None, None),
        (b"[" * 100_000, None, None),
    ],
)
def test_lines_are_understood_or_not(line: bytes, number: Any, sql: str | None) -> None:
    question = read_question(line)
    assert (question.number, question.asked and question.asked.sql) == (number, sql)


def test_long_line_stays_one_line() -> None:
    stream = io.BytesIO(b"a\n" + b"x" * (LONGEST_LINE + 50) + b"\n" + b"b\n\nc")
    lines = list(read_lines(stream))
    assert [len(line) for line in lines] == [2, LONGEST_LINE, 2, 1, 1]


def test_refused_line_has_every_key() -> None:
    line = json.loads(write_line("q1", REFUSED))
    assert line == {
        "id": "q1",
        "verdict": "refused",
        "code": "some-code",
        "message": "Why. What instead.",
        "columns": [],
        "rows": [],
        "suppressed": {"rows": 0, "cells": 0},
        "flags": {},
        "receipt": "",
        "plan_ms": 0.0,
        "execute_ms": 0.0,
        "total_ms": 0.0,
    }


def test_id_that_cannot_be_written_becomes_null() -> None:
    assert json.loads(_write(float("inf"), REFUSED))["id"] is None
    assert json.loads(_write("\ud800", REFUSED))["id"] == "\ud800"


def test_answered_line() -> None:
    table = pa.table({"g": ["a", None], "n": pa.array([10, 25], pa.int64()), "d": [date(2020, 1, 2), None]})
    result = QueryResult(Verdict.ANSWERED, table=table, suppressed_cells=1, flags={"n": "why"}, receipt="r")
    line = json.loads(write_line(7, result))
    assert line["columns"] == [
        {"name": "g", "type": "VARCHAR"},
        {"name": "n", "type": "BIGINT"},
        {"name": "d", "type": "DATE"},
    ]
    assert line["rows"] == [["a", 10, "2020-01-02"], [None, 25, None]]
    assert (line["verdict"], line["code"], line["message"]) == ("answered", "", "")
    assert (line["suppressed"], line["flags"], line["receipt"]) == ({"rows": 0, "cells": 1}, {"n": "why"}, "r")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (1.5, 1.5),
        (Decimal("2.00"), 2),
        (Decimal("2.50"), 2.5),
        (Decimal("NaN"), None),
        (10**30, 10**30),
        (True, True),
        (date(2020, 2, 3), "2020-02-03"),
        (datetime(2020, 2, 3, 4, 5), "2020-02-03T04:05:00"),
        (time(4, 5), "04:05:00"),
        (timedelta(days=1), "1 day, 0:00:00"),
        ("x", "x"),
        (None, None),
    ],
)
def test_plain_values(value: Any, shown: Any) -> None:
    assert plain(value) == shown
    json.dumps(plain(value), allow_nan=False)


def test_types_have_sql_names() -> None:
    assert sql_type(pa.decimal128(10, 2)) == "DECIMAL(10,2)"
    assert sql_type(pa.decimal128(38, 0)) == "HUGEINT"
    assert sql_type(pa.list_(pa.int64())) == "LIST<ITEM: INT64>"


def test_two_columns_may_have_one_name() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "n"])
    assert columns_of(table) == [{"name": "n", "type": "BIGINT"}] * 2
    assert rows_of(table) == [[1, 2]]


def test_table_without_rows_has_columns() -> None:
    table = pa.table({"n": pa.array([], pa.int64())})
    assert (columns_of(table), rows_of(table)) == ([{"name": "n", "type": "BIGINT"}], [])


def test_days_beyond_the_calendar_are_no_values() -> None:
    """DuckDB's infinite day and moment, which Arrow hands over as they are."""
    days = pa.chunked_array([pa.array([0, 2**31 - 1, None], pa.int32()).cast(pa.date32())])
    moments = pa.chunked_array([pa.array([0, 2**63 - 1], pa.int64()).cast(pa.timestamp("us"))])
    assert values_of(days) == [date(1970, 1, 1), None, None]
    assert values_of(moments) == [datetime(1970, 1, 1), None]
    assert rows_of(pa.table({"day": days})) == [["1970-01-01"], [None], [None]]
