"""The list of whom an extract was cut for and what opt-outs closed of them: what the next cut starts from if only
opt-outs have changed.

Promise: it lies in the identifiable zone (0600), never with the extract, and goes when its extract goes; it holds the
region's numbers and reasons but no pseudonym, so that it leads from no row of an extract to anybody. Its digest stands
in the extract's manifest and is made with 32 random bytes that stay here: nobody can try out who is in it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from governance.settings import Settings
from intake.cut.source import Source
from intake.places import IntakePlaces
from intake.sources import digest_file

FOLDER, ENDING = "cuts", ".parquet"
BUILDING = ".building-"


@dataclass(frozen=True)
class ListSeal:
    """What a manifest says of the list: its SHA-256, and the feeds and reasons whose places its numbers are."""

    sha256: str
    feeds: tuple[str, ...]
    kinds: tuple[str, ...]


def list_file(settings: Settings, folder: str) -> Path:
    """The list of an extract, by its folder relative to the extracts (`project/version`)."""
    return IntakePlaces.of(settings).identifiable / FOLDER / f"{folder}{ENDING}"


@contextmanager
def new_list(settings: Settings, project: str) -> Iterator[Path]:
    """Where a list is written; gone afterwards unless `keep_list` took it. Raises OSError."""
    folder = list_file(settings, project).with_suffix("")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = folder / f"{BUILDING}{secrets.token_hex(8)}"
    try:
        yield building
    finally:
        building.unlink(missing_ok=True)


def write_list(connection: duckdb.DuckDBPyConnection, cohort: str, source: Source, file: Path) -> ListSeal | None:
    """Write the cohort (a relation source_person_id, kind, feed, closed). A source without feeds has no list: it is
    never cut again for an opt-out."""
    if not source.feeds:
        return None
    people = connection.sql(f"SELECT source_person_id, kind, feed, closed FROM {cohort}").to_arrow_table()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        pq.write_table(people.replace_schema_metadata({"salt": secrets.token_hex(32)}), stream)
        stream.flush()
        os.fsync(stream.fileno())
    return ListSeal(digest_file(file), source.feeds, source.kinds)


def keep_list(building: Path, settings: Settings, folder: str) -> None:
    """Give a list, if one was written, its extract's name. Until the extract is on record the next sweep removes it."""
    if building.exists():
        building.rename(list_file(settings, folder))


def prune_lists(settings: Settings, project: str, alive: Collection[str]) -> None:
    """Remove the lists of extracts that are not among the folders that are alive. Only for who holds the lock."""
    held = list_file(settings, project).with_suffix("")
    for found in held.iterdir() if held.is_dir() else ():
        if f"{project}/{found.name.removesuffix(ENDING)}" not in alive:
            found.unlink(missing_ok=True)
