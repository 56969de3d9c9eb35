"""Opens the engine that reads deliveries, bounded in memory, and tells what went wrong in words that hold no value.

Promise: it spills below the identifiable zone only, loads no extension, and none of its own messages (which can quote a
row) goes further than here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from governance.settings import Settings
from intake.progress import Progress
from intake.sources import open_workbench, quote_text

PERCENT = 100
ASK_EVERY = 0.5  # seconds


@contextmanager
def open_engine(settings: Settings, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that puts what does not fit its memory into `scratch` (made, and left to the caller to remove)."""
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_workbench() as connection:
        connection.execute(f"SET memory_limit = '{settings.intake_memory_bytes} B'")
        connection.execute(f"SET temp_directory = {quote_text(str(scratch))}")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = true")
        connection.execute("SET enable_progress_bar_print = false")
        yield connection


def run(connection: duckdb.DuckDBPyConnection, sql: str, what: str, progress: Progress) -> int:
    """One long statement, with its progress in per cent; the first number it answers, or 0.

    Raises Refusal as `plain_errors`. Interrupting it (Ctrl-C) leaves the connection usable.
    """
    over = threading.Event()

    def tell() -> None:
        while not over.wait(ASK_EVERY):
            progress(what, max(0, min(PERCENT, int(connection.query_progress()))), PERCENT)

    progress(what, 0, PERCENT)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        with plain_errors():
            found = connection.execute(sql).fetchone()
    finally:
        over.set()
        teller.join()
    progress(what, PERCENT, PERCENT)
    return int(found[0]) if found and isinstance(found[0], int) else 0


@contextmanager
def plain_errors() -> Iterator[None]:
    """What the engine or the disk cannot do, as Refusal `disk-full`, `not-enough-memory` or `unreadable-file`."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        if "disk" in str(error).lower() or "temp_directory" in str(error).lower():
            raise disk_full() from None
        raise Refusal(
            "not-enough-memory",
            "The engine's memory does not suffice for this delivery.",
            "Raise intake_memory_bytes, or deliver the table in parts.",
        ) from None
    except duckdb.IOException:
        raise disk_full() from None
    except duckdb.Error:
        raise Refusal(
            "unreadable-file",
            "A file of the delivery is damaged or not what its name says.",
            "Ask the sender for it again.",
        ) from None
    except OSError:
        raise disk_full() from None


def quote_file(file: Path) -> str:
    """A file to read, as an SQL literal."""
    return quote_text(file_pattern(file))


def file_pattern(file: Path) -> str:
    """The engine reads a path as a pattern, and the state folder may lie below any name."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(file))


def disk_full() -> Refusal:
    """What is said when nothing more can be written."""
    return Refusal(
        "disk-full",
        "The disk is full or cannot be written; nothing was half done.",
        "Free some space, then run `sde delivery resume`, or land the delivery again.",
    )
