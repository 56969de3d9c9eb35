"""The words between worker and parent, and the worker's own functions, run here without a process."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import threading
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from query_guard.engine import worker

START = {"database": False, "memory_bytes": 2**30, "seconds": 2.0, "threads": 1}


@pytest.fixture
def locked() -> Any:
    with duckdb.connect(":memory:") as connection:
        worker.lock(connection, START)
        yield connection


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[int, int]]:
    """Limits that the worker would set on its process; the test's own process keeps its own."""
    wanted: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(worker.resource, "setrlimit", wanted.__setitem__)
    return wanted


def stream_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def test_frames_come_back_as_sent() -> None:
    pipe = io.BytesIO()
    worker.write_frame(pipe, worker.QUERY, b"abc")
    pipe.seek(0)
    assert worker.read_frame(pipe) == (worker.QUERY, b"abc")
    with pytest.raises(EOFError):
        worker.read_frame(pipe)


def test_frame_that_is_too_long_or_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        worker.read_frame(io.BytesIO(worker.FRAME.pack(worker.ANSWER, 100)), most=99)
    with pytest.raises(EOFError):
        worker.read_frame(io.BytesIO(worker.FRAME.pack(worker.ANSWER, 100) + b"short"))


def test_external_access_goes_last_but_for_the_lock_itself() -> None:
    names = [name for name, _, _ in worker.lock_settings(START)]
    assert names[0] == "temp_directory"
    assert names[-2:] == ["enable_external_access", "lock_configuration"]
    assert "disabled_filesystems" not in names  # setting it first makes external access impossible to switch off


@pytest.mark.parametrize(
    ("name", "wanted", "held", "good"),
    [
        ("threads", "2", "2", True),
        ("threads", "2", "3", False),
        ("memory_limit", "1024MiB", "1.0 GiB", True),
        ("memory_limit", "1000MiB", "1000.0 MiB", True),
        ("memory_limit", "1024MiB", "18.8 GiB", False),
        ("memory_limit", "1024MiB", "512 bytes", False),
    ],
)
def test_reading_back(name: str, wanted: str, held: str, good: bool) -> None:
    assert worker.is_in_force(name, wanted, held) is good


def test_lock_holds_for_new_cursors(locked: Any) -> None:
    cursor = locked.cursor()
    for name, _, wanted in worker.lock_settings(START):
        held = cursor.sql(f"SELECT value FROM duckdb_settings() WHERE name = '{name}'").fetchall()[0][0]
        assert worker.is_in_force(name, wanted, held), name


def test_lock_that_does_not_hold_stops_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "is_in_force", lambda *_: False)
    with duckdb.connect(":memory:") as connection, pytest.raises(RuntimeError):
        worker.lock(connection, START)


def test_answer_is_an_arrow_stream(locked: Any) -> None:
    request = {"sql": "SELECT sum(n) AS s FROM given", "names": ["given"], "rows": 10, "bytes": 10**6}
    data = worker.answer(locked, request, [stream_of(pa.table({"n": [1, 2]}))])
    assert pa.ipc.open_stream(data).read_all()["s"].to_pylist() == [3]


@pytest.mark.parametrize(("rows", "size", "kind"), [(2, 10**6, "rows"), (10**6, 10, "bytes")])
def test_answer_that_is_too_large_stops(locked: Any, rows: int, size: int, kind: str) -> None:
    with pytest.raises(worker.TooMuch) as caught:
        worker.answer(locked, {"sql": "SELECT * FROM range(100)", "names": [], "rows": rows, "bytes": size}, [])
    assert worker.error_kind(caught.value) == kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (duckdb.ConversionException("Could not convert string 'Smith'"), "error"),
        (duckdb.CatalogException("no table"), "error"),
        (duckdb.OutOfMemoryException("x"), "memory"),
        (MemoryError(), "memory"),
        (duckdb.InterruptException("x"), "time"),
        (duckdb.FatalException("x"), "fatal"),
        (duckdb.InternalException("x"), "fatal"),
        (OSError(), "fatal"),
    ],
)
def test_only_one_word_of_an_error_leaves(error: Exception, kind: str) -> None:
    assert worker.error_kind(error) == kind
    assert kind in worker.ERROR_KINDS


def request_of(sql: str) -> bytes:
    pipe = io.BytesIO()
    worker.write_frame(pipe, worker.QUERY, json.dumps({"sql": sql, "names": [], "rows": 10, "bytes": 10**6}).encode())
    return pipe.getvalue()


def test_serving_until_the_pipe_ends(locked: Any, limits: dict[int, tuple[int, int]]) -> None:
    asked, said = io.BytesIO(request_of("SELECT 1 AS x") + request_of("SELECT CAST('Smith' AS INT)")), io.BytesIO()
    worker.serve(locked, START, threading.Event(), asked, said)
    said.seek(0)
    kind, payload = worker.read_frame(said)
    assert (kind, pa.ipc.open_stream(payload).read_all().to_pydict()) == (worker.ANSWER, {"x": [1]})
    assert worker.read_frame(said) == (worker.FAILED, b"error")
    assert set(limits) == {resource.RLIMIT_CPU}


def test_serving_ends_after_a_fatal_error(
    locked: Any, limits: dict[int, tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any) -> memoryview:
        raise RuntimeError("Smith")

    monkeypatch.setattr(worker, "answer", break_down)
    said = io.BytesIO()
    worker.serve(locked, START, threading.Event(), io.BytesIO(request_of("SELECT 1") * 2), said)
    said.seek(0)
    assert worker.read_frame(said) == (worker.FAILED, b"fatal")
    assert said.read() == b""


def test_process_limits(limits: dict[int, tuple[int, int]]) -> None:
    worker.limit_process()
    assert limits[resource.RLIMIT_CORE] == limits[resource.RLIMIT_NPROC] == limits[resource.RLIMIT_FSIZE] == (0, 0)
    assert limits[resource.RLIMIT_AS] == (worker.ADDRESS_SPACE, worker.ADDRESS_SPACE)


WATCHED = """
import threading
from query_guard.engine import worker
busy = threading.Event()
start = {"memory_bytes": 16 * worker.MEBIBYTE}
worker.SLACK_BYTES = 16 * worker.MEBIBYTE
threading.Thread(target=worker.watch_memory, args=(start, busy), daemon=True).start()
busy.set()
more = [b"x" * worker.MEBIBYTE for _ in range(400)]
print("alive")
"""


@pytest.mark.slow
def test_a_query_that_holds_too_much_ends_its_process() -> None:
    ended = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "alive" not in ended.stdout
