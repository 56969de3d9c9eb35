"""The locked engine's child process: one DuckDB, locked before the first request, answering over a pipe.

Promise: it opens at most the one read-only extract it was started with, every setting of the lock is read back before
the first query, and no word of DuckDB's (they can hold data values) ever leaves: an error is one of ERROR_KINDS.

It runs inside bubblewrap as a plain script beside nothing but duckdb and pyarrow, so it imports nothing of ours. The
parent imports this file too, for the words both sides share. A frame is: kind (1 byte), length (8 bytes), payload.
"""

import json
import os
import resource
import struct
import sys
import threading
import time
from typing import Any, BinaryIO

LIBRARIES = "/engine/lib"  # where the sandbox binds duckdb and pyarrow, and nothing else
DATABASE = "/engine/extract.duckdb"
FRAME = struct.Struct(">cQ")
START, READY, QUERY, TABLE, ANSWER, FAILED = b"S", b"R", b"Q", b"T", b"A", b"F"
#: error: DuckDB refused or failed; memory, time: a limit was met; rows, bytes: the answer is too large; fatal: the
#: process can no longer be trusted and ends.
ERROR_KINDS = ("error", "memory", "time", "rows", "bytes", "fatal")
BATCH_ROWS = 8192
MEBIBYTE = 2**20
SLACK_BYTES = 256 * MEBIBYTE  # memory beside DuckDB's own limit: Python, Arrow buffers, thread stacks
#: Address space is not memory: DuckDB reserves gigabytes for a join of a few rows. A last line behind `watch_memory`.
ADDRESS_SPACE = 16 * 1024 * MEBIBYTE
LOOK_EVERY = 0.01  # seconds
UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def lock_settings(start: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """(name, SQL value, value as DuckDB reads it back), in the order in which they must be set.

    The order is not free: everything that external access needs must be off before external access is (DuckDB 2.0
    refuses some of these afterwards), and the configuration is locked last.
    """
    memory = f"{start['memory_bytes'] // MEBIBYTE}MiB"
    milliseconds = str(max(1, int(start["seconds"] * 900)))  # gives up by itself a little before it is killed
    return (
        ("temp_directory", "''", ""),
        ("max_temp_directory_size", "'0KB'", "0 bytes"),
        ("autoload_known_extensions", "false", "false"),
        ("autoinstall_known_extensions", "false", "false"),
        ("allow_community_extensions", "false", "false"),
        ("allow_persistent_secrets", "false", "false"),
        ("python_enable_replacements", "false", "false"),
        ("enable_logging", "false", "0"),
        ("error_on_division_by_zero", "false", "false"),
        ("memory_limit", f"'{memory}'", memory),
        ("threads", str(start["threads"]), str(start["threads"])),
        ("async_threads", "0", "0"),
        ("max_execution_time", milliseconds, milliseconds),
        ("max_expression_depth", "250", "250"),
        ("catalog_error_max_schemas", "0", "0"),
        ("enable_external_access", "false", "false"),
        ("lock_configuration", "true", "true"),
    )


def read_frame(stream: BinaryIO, most: int = 2**40) -> tuple[bytes, bytes]:
    """One frame: (kind, payload). Raises EOFError at the end, ValueError if longer than `most` bytes."""
    kind, length = FRAME.unpack(_read_exactly(stream, FRAME.size))
    if length > most:
        raise ValueError("a frame is too long")
    return kind, _read_exactly(stream, length)


def write_frame(stream: BinaryIO, kind: bytes, payload: bytes | memoryview) -> None:
    """Send one frame."""
    stream.write(FRAME.pack(kind, len(payload)))
    stream.write(payload)


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def bytes_read_back(text: str) -> tuple[float, float]:
    """DuckDB's "1.5 GiB" as (bytes, what rounding to one decimal can hide)."""
    number, unit = text.split()
    return float(number) * UNITS[unit], UNITS[unit] * 0.05


def is_in_force(name: str, wanted: str, held: str) -> bool:
    """Whether a setting reads back as it was set; sizes come back rounded."""
    if name != "memory_limit":
        return wanted == held
    size, slack = bytes_read_back(held)
    return abs(int(wanted.removesuffix("MiB")) * MEBIBYTE - size) <= slack


def lock(connection: Any, start: dict[str, Any]) -> dict[str, str]:
    """Lock one DuckDB and read every setting back. Raises RuntimeError on a mismatch: the process must not serve.

    A plain SET holds for one cursor only (DuckDB 2.0, whatever its `scope` column says), and every query gets a new
    one: so GLOBAL, and the reading back over a new cursor, as a query would see it.
    """
    settings = lock_settings(start)
    for name, value, _ in settings:
        connection.execute(f"SET GLOBAL {name} = {value}").fetchall()
    cursor = connection.cursor()
    held = dict(cursor.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    cursor.close()
    for name, _, wanted in settings:
        if not is_in_force(name, wanted, held[name]):
            raise RuntimeError("the lock does not hold")
    return {name: held[name] for name, _, _ in settings}


def watch_memory(start: dict[str, Any], busy: threading.Event) -> None:
    """End the process as soon as a query holds more memory than it may, for ever in a thread of its own.

    DuckDB's own limit does not cover all of its functions (a list of 3e8 numbers took 8 GB against a limit of 500 MB),
    and some of them do not stop when told to; DuckDB computes without Python's lock, so this thread runs beside it.
    """
    page = resource.getpagesize()
    file = os.open("/proc/self/statm", os.O_RDONLY)
    most = int(os.pread(file, 100, 0).split()[1]) * page + start["memory_bytes"] + SLACK_BYTES
    while True:
        busy.wait()
        if int(os.pread(file, 100, 0).split()[1]) * page > most:
            os._exit(1)  # the parent hears no answer: `killed`
        time.sleep(LOOK_EVERY)


def limit_process() -> None:
    """Operating system limits, after the libraries are loaded and all threads have started."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # no further process or thread; root is exempt by the kernel


def limit_processor_time(start: dict[str, Any]) -> None:
    """Allow this query `seconds` on every thread, beyond what the process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + start["seconds"] * start["threads"]) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


class TooMuch(Exception):  # noqa: N818  (its name is its meaning)
    """The answer has more rows or bytes than the request allows; `args[0]` is the error kind."""


def answer(connection: Any, request: dict[str, Any], tables: list[bytes]) -> memoryview:
    """Execute one approved text over a fresh cursor and return an Arrow IPC stream.

    Args:
        connection: the locked DuckDB.
        request: `sql`, `names` of the given tables, most `rows`, most `bytes`.
        tables: Arrow IPC streams, one for each name; visible to this query only.
    """
    import pyarrow as pa

    cursor = connection.cursor()
    try:
        for name, data in zip(request["names"], tables, strict=True):
            cursor.register(name, pa.ipc.open_stream(data).read_all())
        reader = cursor.sql(request["sql"]).to_arrow_reader(BATCH_ROWS)
        sink, rows = pa.BufferOutputStream(), 0
        with pa.ipc.new_stream(sink, reader.schema) as writer:
            for batch in reader:
                rows += batch.num_rows
                if rows > request["rows"]:
                    raise TooMuch("rows")
                writer.write_batch(batch)
                if sink.tell() > request["bytes"]:
                    raise TooMuch("bytes")
        return memoryview(sink.getvalue())
    finally:
        cursor.close()


def error_kind(error: Exception) -> str:
    """The one word that may leave about an error. Never its text."""
    import duckdb

    if isinstance(error, TooMuch):
        return str(error.args[0])
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return "memory"
    if isinstance(error, duckdb.InterruptException):
        return "time"
    if isinstance(error, duckdb.FatalException | duckdb.InternalException) or not isinstance(error, duckdb.Error):
        return "fatal"
    return "error"


def serve(connection: Any, start: dict[str, Any], busy: threading.Event, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the parent closes the pipe or the process can no longer be trusted."""
    while True:
        try:
            _, payload = read_frame(requests)
        except EOFError:
            return
        request = json.loads(payload)
        tables = [read_frame(requests)[1] for _ in request["names"]]
        limit_processor_time(start)
        kind = ""
        busy.set()
        try:
            write_frame(answers, ANSWER, answer(connection, request, tables))
        except Exception as error:
            kind = error_kind(error)
            write_frame(answers, FAILED, kind.encode())
        busy.clear()
        answers.flush()
        if kind == "fatal":
            return


def main() -> None:
    """Start, lock, verify, report ready, serve."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.path.insert(0, LIBRARIES)
    import duckdb
    import pyarrow  # noqa: F401  (loaded now, so that the first query does not wait for it)

    start = json.loads(read_frame(requests)[1])
    connection = duckdb.connect(DATABASE, read_only=True) if start["database"] else duckdb.connect(":memory:")
    held = lock(connection, start)
    busy = threading.Event()
    threading.Thread(target=watch_memory, args=(start, busy), daemon=True).start()
    limit_process()
    write_frame(answers, READY, json.dumps(held).encode())
    answers.flush()
    serve(connection, start, busy, requests, answers)


if __name__ == "__main__":
    main()
    os._exit(0)  # nothing to tidy, nothing to say
