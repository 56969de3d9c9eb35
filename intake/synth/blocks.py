"""Makes the region block by block, so that its memory does not grow with its people, and writes each table as it is
made. The order of `PARTS` is the order in which one part needs another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from intake.feeds import Feed, FeedColumn, find_feed
from intake.progress import Progress
from intake.synth.engine import Engine

#: People of one block; a multiple of twelve, which is a whole number of households.
BLOCK = 12 * 12288
#: Folders of a feed: what came first, and what came later (late rows, corrections, submissions made again).
DELIVERIES = ("1-first", "2-late")


@dataclass(frozen=True)
class Part:
    """One job of a block: rules that happen, then a file of `sql/`, then the feeds that are ready to be written."""

    title: str
    rules: tuple[str, ...] = ()
    sql: str | None = None
    feeds: tuple[str, ...] = ()


PARTS = (
    Part("people", sql="people"),
    Part("identities", sql="identities"),
    Part("life courses", sql="courses"),
    Part("plans", sql="plan"),
    Part("general practice", ("journal",), "gp", ("gp",)),
    Part("hospitals", ("apc", "op"), "hospital"),
    Part("emergencies", ("ecds", "ambulance"), "emergency", ("hospital", "ambulance")),
    Part("community services", ("community",), "community", ("community",)),
    Part("mental health services", ("mental_health",), "mental_health", ("mental_health",)),
    Part("social care", ("social_care",), "social_care", ("social_care",)),
    Part("truth", sql="truth"),
)
TRUTHS = (
    "person",
    "fault",
    *(
        f"identity_{name}"
        for name in (
            "gp",
            "hospital",
            "ambulance",
            "community",
            "mental_health",
            "social_care",
        )
    ),
)


@dataclass
class Written:
    """Rows written so far, by delivered table (`gp.journal`)."""

    rows: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, rows: int) -> None:
        """Count what one file holds."""
        self.rows[name] = self.rows.get(name, 0) + rows


@dataclass(frozen=True)
class Writer:
    """Writes files of the region below a folder: `csv` names the feeds that are delivered as CSV."""

    engine: Engine
    folder: Path
    csv: frozenset[str]

    def write(self, relation: str, file: Path, *, columns: Iterable[FeedColumn] = (), csv: bool = False) -> int:
        """One file of a relation (of these columns, as their types), unless it would be empty. Returns its rows."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = ", ".join(f'CAST("{one.name}" AS {one.type}) AS "{one.name}"' for one in columns) or "*"
        form = "FORMAT csv, HEADER" if csv else "FORMAT parquet, COMPRESSION snappy"
        target = str(file.with_name(file.name + (".csv" if csv else ".parquet"))).replace("'", "''")
        written = self.engine.connection.execute(f"COPY (SELECT {names} FROM {relation}) TO '{target}' ({form})")
        rows = int(written.fetchall()[0][0])
        if rows == 0:
            Path(target).unlink()
        return rows


def write_blocks(writer: Writer, people: int, progress: Progress, *, block: int = BLOCK) -> Mapping[str, int]:
    """Every block of the region. Returns rows by delivered table."""
    engine, written = writer.engine, Written()
    engine.run("submissions")
    engine.run("optouts")
    blocks = [(first, min(first + block, people)) for first in range(0, people, block)]
    total = len(blocks) * len(PARTS)
    for nth, (first, last) in enumerate(blocks):
        engine.turn_to(first, last)
        part_name = f"_{nth + 1:03d}" if len(blocks) > 1 else ""
        for job, part in enumerate(PARTS):
            progress(part.title, nth * len(PARTS) + job, total)
            _make(engine, part)
            for feed in part.feeds:
                _write_feed(writer, find_feed(feed), part_name, written)
        for truth in TRUTHS:
            writer.write(f"truth_{truth}", writer.folder / "truth" / f"{truth}{part_name}")
    progress("done", total, total)
    return written.rows


def _make(engine: Engine, part: Part) -> None:
    for rules in part.rules:
        journal = rules == "journal"  # far the biggest, read only once, and goes back to before the region opened
        engine.happen(rules, keep="VIEW" if journal else "TABLE", ever=journal)
    if part.sql:
        engine.run(part.sql)


def _write_feed(writer: Writer, feed: Feed, part_name: str, written: Written) -> None:
    for table in feed.tables.values():
        for number, delivery in enumerate(DELIVERIES, 1):
            rows = writer.write(
                f"{feed.name}_{table.name}_rows WHERE delivery = {number}",
                writer.folder / feed.name / delivery / f"{table.file}{part_name}",
                columns=table.columns.values(),
                csv=feed.name in writer.csv,
            )
            written.add(f"{feed.name}.{table.name}", rows)
