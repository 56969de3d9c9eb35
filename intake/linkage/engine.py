"""The engine a spine is built with, and the place beside the old one where it is built.

Promise: a new spine appears whole under its name or not at all; one builder at a time; a full disk is a refusal.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.places import IntakePlaces

BUILDING, LOCK = ".building-spine-", ".spine.lock"


def quote_text(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def only_builder(places: IntakePlaces) -> Iterator[None]:
    """Wait until no other process links or decides. The lock goes with the process, so a killed one leaves none."""
    places.identifiable.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(places.identifiable / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def spine_being_built(places: IntakePlaces, memory_bytes: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a new, empty spine; it takes the old one's place when the block ends well. Call under
    `only_builder`. Raises Refusal `disk-full`."""
    _clear(places)
    site = Path(tempfile.mkdtemp(prefix=BUILDING, dir=places.identifiable))
    try:
        file = site / "new.duckdb"  # a database goes by its file: `spine` is the one in force
        with _opened(file, memory_bytes, site / "spill") as connection:
            yield connection
            connection.execute("CHECKPOINT")
        _put_in_place(file, places.spine)
    except Exception as error:
        refusal = _said(error) or _said(error.__cause__)  # Splink wraps what the engine says
        if refusal is None:
            raise
        raise refusal from None
    finally:
        shutil.rmtree(site, ignore_errors=True)


@contextmanager
def _opened(file: Path, memory_bytes: int, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "memory_limit": f"{memory_bytes // 2**20}MiB",
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    connection = duckdb.connect(str(file), config=config)
    try:
        file.chmod(0o600)
        yield connection
    finally:
        connection.close()


def _put_in_place(file: Path, spine: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())
    file.rename(spine)


def _clear(places: IntakePlaces) -> None:
    """What a killed builder left."""
    for left in places.identifiable.glob(f"{BUILDING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _said(error: BaseException | None) -> Refusal | None:
    """What the machine could not do; None if that is not it. An engine's own words can hold a value, so none are passed
    on. (DuckDB calls a checkpoint that could not be written fatal.)"""
    if isinstance(error, duckdb.OutOfMemoryException):
        return Refusal(
            "not-enough-memory",
            "The memory set for the intake is not enough for linking.",
            "Raise `intake_memory_bytes`, or free disk space for what does not fit.",
        )
    if isinstance(error, duckdb.IOException | duckdb.FatalException | OSError):
        return Refusal(
            "disk-full",
            "The people could not be linked: a file could not be read or written. The links in force stay.",
            "Free disk space and run again.",
        )
    return None
