"""The story of a synthetic region: check the order, make it block by block beside its place, put it there whole.

Promise: a folder under the name asked for holds a whole region or was never there; the same order makes the same rows.
"""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.feeds import region_feeds
from intake.progress import Progress
from intake.synth.blocks import BLOCK, DELIVERIES, Writer, write_blocks
from intake.synth.defects import Defect, spoil
from intake.synth.engine import Engine

MOST_PEOPLE = 10_000_000
#: Feeds that come as CSV unless all do: small ones, whose real senders have nothing else.
CSV_FEEDS = frozenset({"social_care", "ambulance"})
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class RegionOrder:
    """What to make: so many people, from a seed, into a new folder; `all_csv` for every feed as CSV; `block` people at
    a time (a multiple of twelve), which changes the files but not their rows."""

    people: int
    seed: int
    folder: Path
    all_csv: bool = False
    memory_bytes: int = 4 * 2**30
    block: int = BLOCK


@dataclass(frozen=True)
class RegionMade:
    """What was made: rows by table (`gp.journal`), faults planted by feed, table and kind."""

    people: int
    seed: int
    rows: Mapping[str, int]
    faults: Mapping[str, int]


def make_region(order: RegionOrder, *, progress: Progress) -> RegionMade:
    """Make the region. Raises Refusal `bad-people`, `bad-seed`, `not-empty`, `cannot-write`, `disk-full` and
    `not-enough-memory`; then nothing is left."""
    check_order(order)
    with _put_in_place_whole(order.folder) as site:
        csv = frozenset(feed.name for feed in region_feeds()) if order.all_csv else CSV_FEEDS
        with Engine(order.people, order.seed, order.memory_bytes, site / ".spill") as engine:
            writer = Writer(engine, site, csv)
            rows = write_blocks(writer, order.people, progress, block=order.block)
            _write_beside(writer)
            _write_truth(writer, _spoil_csv(site, csv, order.people))
            made = RegionMade(order.people, order.seed, rows, _count_faults(engine, site))
        shutil.rmtree(site / ".spill", ignore_errors=True)
        (site / "truth" / "summary.json").write_text(json.dumps(asdict(made), indent=1), encoding="utf-8")
    return made


def check_order(order: RegionOrder) -> None:
    """Raises Refusal `bad-people`, `bad-seed`, `not-empty` or `cannot-write`."""
    if not 1 <= order.people <= MOST_PEOPLE:
        raise Refusal("bad-people", f"A region has 1 to {MOST_PEOPLE:,} people.", "Give --people such a number.")
    if order.block < 1 or order.block % 12:
        raise ValueError("a block is whole groups of twelve people")
    if not 0 <= order.seed < 2**31:
        raise Refusal("bad-seed", "A seed is a whole number from 0 to 2147483647.", "Give --seed such a number.")
    try:
        taken = order.folder.exists() and (not order.folder.is_dir() or any(order.folder.iterdir()))
    except OSError:
        raise _cannot_write() from None
    if taken:
        raise Refusal("not-empty", "There is something in that place already.", "Name a new or an empty folder.")


@contextmanager
def _put_in_place_whole(folder: Path) -> Iterator[Path]:
    site = _open_site(folder)
    try:
        yield site
        site.chmod(0o700)
        site.rename(folder)
    except duckdb.OutOfMemoryException:
        raise Refusal(
            "not-enough-memory", "The memory set for the intake is too small.", "Raise `intake_memory_bytes`."
        ) from None
    except (OSError, duckdb.IOException) as error:
        raise _said(error) from None
    finally:
        shutil.rmtree(site, ignore_errors=True)


def _open_site(folder: Path) -> Path:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    except OSError as error:
        raise _said(error) from None


def _said(error: Exception) -> Refusal:
    """What a failed write means; the engine's own words name files and values, so none are passed on."""
    full = (
        error.errno in _FULL
        if isinstance(error, OSError)
        else any(words in str(error) for words in ("No space left", "File too large", "quota exceeded"))
    )
    if full:
        return Refusal("disk-full", "The disk is full; nothing was made.", "Free space, or ask for fewer people.")
    return _cannot_write()


def _cannot_write() -> Refusal:
    return Refusal("cannot-write", "Nothing can be written in that place.", "Name a folder where you may write.")


def _write_beside(writer: Writer) -> None:
    writer.write("opt_out_rows", writer.folder / "optouts" / "optouts", csv=True)
    writer.write("small_areas", writer.folder / "vocabulary" / "LSOA_IMD", csv=True)
    writer.write("refused_rows", writer.folder / "truth" / "national_refused", csv=True)
    for truth in ("opt_out", "canary"):
        writer.write(f"truth_{truth}", writer.folder / "truth" / truth)


def _spoil_csv(site: Path, csv: frozenset[str], people: int) -> list[tuple[str, str, Defect]]:
    spoilt = []
    for feed in region_feeds():
        for table in feed.tables.values():
            files = sorted((site / feed.name / DELIVERIES[0]).glob(f"{table.file}*.csv"))
            if feed.name in csv and files and table.key:
                spoilt += [(feed.name, table.name, defect) for defect in spoil(files[0], table, people)]
    return spoilt


def _write_truth(writer: Writer, defects: list[tuple[str, str, Defect]]) -> None:
    rows = [(d.fault, feed, table, d.key) for feed, table, d in defects]
    connection = writer.engine.connection
    connection.execute(
        "CREATE TEMP TABLE truth_defect (person BIGINT, fault VARCHAR, feed VARCHAR, of_table VARCHAR, "
        "delivery INTEGER, key VARCHAR)"
    )
    if rows:
        connection.executemany("INSERT INTO truth_defect VALUES (NULL, ?, ?, ?, 1, ?)", rows)
        writer.write("truth_defect", writer.folder / "truth" / "fault_lines")


def _count_faults(engine: Engine, site: Path) -> dict[str, int]:
    files = str(site / "truth" / "fault*.parquet").replace("'", "''")
    if not list((site / "truth").glob("fault*.parquet")):
        return {}
    rows = engine.connection.execute(
        f"SELECT feed || '.' || of_table || ': ' || fault AS what, count(*) FROM '{files}' GROUP BY ALL ORDER BY what"
    )
    return {str(what): int(number) for what, number in rows.fetchall()}
