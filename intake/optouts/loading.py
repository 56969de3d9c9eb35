"""Loads a file of opt-outs, or one that somebody told us: the story of how a person's wish gets on record.

Promise: a file is loaded whole or not at all. A line that cannot be read is a person whose wish would be lost, so it
stops the load and is counted with its line number; a steward may load the rest, and then the lines left over stay on
record, unresolved, until somebody deals with them. Opt-outs of people who are not in the region yet wait for them.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import pyarrow as pa

from governance.clock import today
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.optouts.changing import TARGET, Outcome, change_opt_outs
from intake.optouts.choice import COLUMNS, Choice, Fault, read_choice
from intake.optouts.database import Connection
from intake.optouts.people import count_unknown
from intake.optouts.state import in_force_sql
from intake.progress import Progress

BATCH = 50_000
LINES_NAMED = 10
MOST_FAULTS = 10_000


@dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Attributes:
        version: of the opt-outs now in force; the same as before if the file had been loaded last already.
        rows: choices recorded.
        counts: of these by kind and status (`type_1.active`).
        not_in_region: NHS numbers among them that nobody in the region has yet; they act when the person appears.
        unresolved: lines left over, if the steward had the rest loaded.
        had_effect: of a single choice: whether the number's opt-outs are others by it on its first day. To take back
            what nobody said is mostly a mistyped number.
    """

    version: int
    rows: int
    counts: dict[str, int]
    not_in_region: int
    unresolved: int
    had_effect: bool = True


@dataclass
class _Reading:
    """What is gathered while a file is read."""

    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    faulty: list[tuple[int, Fault, str]] = field(default_factory=list)
    rows: int = 0


def load_opt_outs(
    settings: Settings,
    store: Store,
    file: Path,
    *,
    actor: str,
    keep_valid: bool = False,
    progress: Progress = lambda *_: None,
) -> LoadReport:
    """Load a CSV file (its form: `intake.optouts`). `keep_valid`: load the lines that can be read although others
    cannot, which then stand unresolved.

    Raises Refusal `no-such-file`, `not-opt-outs`, `bad-opt-outs` and those of `change_opt_outs`.
    """
    if not file.is_file():
        raise Refusal("no-such-file", f"There is no file {file.name}.", "Check the path.")

    def work(connection: Connection, version: int) -> Outcome[LoadReport]:
        reading = _Reading()
        try:
            with file.open(encoding="utf-8-sig", newline="") as stream:
                _store_choices(connection, version, _read_lines(stream, reading, file.stat().st_size, progress))
        except (UnicodeDecodeError, csv.Error):
            raise _not_opt_outs("It is not CSV in UTF-8.") from None
        _check_faults(reading, keep_valid)
        return _finish(connection, settings, version, reading)

    return change_opt_outs(settings, store, work, event="optouts.loaded", actor=actor)


def record_choice(settings: Settings, store: Store, choice: Choice, *, actor: str) -> LoadReport:
    """Put one choice on record, as somebody told it. Raises Refusal as `change_opt_outs`."""

    def work(connection: Connection, version: int) -> Outcome[LoadReport]:
        reading = _Reading(rows=1, counts=Counter({f"{choice.kind}.{choice.status}": 1}))
        reading.digest.update(repr(choice).encode())
        before = _in_force(connection, choice)
        _store_choices(connection, version, [choice])
        done = _finish(connection, settings, version, reading)
        return replace(done, result=replace(done.result, had_effect=_in_force(connection, choice) != before))

    return change_opt_outs(settings, store, work, event="optouts.recorded", actor=actor)


def _in_force(connection: Connection, choice: Choice) -> set[tuple[str, str, str]]:
    """Kind, controller and status of the number's opt-outs on the choice's first day."""
    in_force = in_force_sql(TARGET, choice.starts or today())
    return set(
        connection.execute(
            f"SELECT kind, controller, status FROM ({in_force}) WHERE nhs_number = ?", [choice.nhs_number]
        ).fetchall()
    )


def _read_lines(stream: TextIO, reading: _Reading, size: int, progress: Progress) -> Iterator[Choice]:
    lines = csv.reader(stream, strict=True)
    header = tuple(name.strip().lower() for name in next(lines, []))
    if header != COLUMNS:
        raise _not_opt_outs(f"Its first line must be {','.join(COLUMNS)}.")
    read = 0
    for fields in lines:
        if not fields:
            continue  # an empty line says nothing about anybody
        text = ",".join(fields)
        read += len(text) + 1
        reading.digest.update(text.encode() + b"\n")
        choice = read_choice(fields)
        if isinstance(choice, Fault):
            reading.faults[choice] += 1
            reading.faulty.append((lines.line_num, choice, text))
            if len(reading.faulty) > MOST_FAULTS:
                raise _not_opt_outs(f"More than {MOST_FAULTS:,} lines cannot be read.")
            continue
        reading.rows += 1
        reading.counts[f"{choice.kind}.{choice.status}"] += 1
        if reading.rows % BATCH == 0:
            progress("reading opt-outs", min(read, size), size)
        yield choice


def _store_choices(connection: Connection, version: int, choices: Iterable[Choice]) -> None:
    batch: list[Choice] = []
    for choice in choices:
        batch.append(choice)
        if len(batch) == BATCH:
            _insert(connection, version, batch)
            batch = []
    _insert(connection, version, batch)


def _insert(connection: Connection, version: int, batch: list[Choice]) -> None:
    columns = {
        "nhs_number": pa.array([choice.nhs_number for choice in batch], pa.int64()),
        "kind": pa.array([choice.kind.value for choice in batch], pa.string()),
        "controller": pa.array([choice.controller for choice in batch], pa.string()),
        "status": pa.array([choice.status.value for choice in batch], pa.string()),
        "starts": pa.array([choice.starts for choice in batch], pa.date32()),
        "ends": pa.array([choice.ends for choice in batch], pa.date32()),
    }
    connection.register("incoming", pa.table(columns))
    connection.execute(f"INSERT INTO {TARGET}.choice SELECT {version}, * FROM incoming")
    connection.unregister("incoming")


def _check_faults(reading: _Reading, keep_valid: bool) -> None:
    if not reading.faults or (keep_valid and reading.rows):
        return
    lines = ", ".join(str(line) for line, _, _ in reading.faulty[:LINES_NAMED])
    more = ", ..." if len(reading.faulty) > LINES_NAMED else ""
    reasons = "; ".join(f"{count:,} {fault}" for fault, count in reading.faults.most_common())
    raise Refusal(
        "bad-opt-outs",
        f"{len(reading.faulty):,} of {len(reading.faulty) + reading.rows:,} lines cannot be read: {reasons}"
        f" (line {lines}{more}). Nothing was loaded.",
        "Correct these lines: each is a person's wish. Or load the others now with --keep-valid.",
    )


def _finish(connection: Connection, settings: Settings, version: int, reading: _Reading) -> Outcome[LoadReport]:
    rows = [[version, line, fault.value, text] for line, fault, text in reading.faulty]
    if rows:
        connection.executemany(f"INSERT INTO {TARGET}.unresolved VALUES (?, ?, ?, ?)", rows)
    content = reading.digest.hexdigest()
    newest = connection.execute(f"SELECT number, content FROM {TARGET}.version ORDER BY number DESC LIMIT 1").fetchall()
    if newest and newest[0][1] == content:  # loaded just before: loading it again says nothing new
        return Outcome(LoadReport(newest[0][0], 0, {}, 0, 0), "", {})
    unknown = count_unknown(connection, settings, f"(SELECT nhs_number FROM {TARGET}.choice WHERE version = {version})")
    counts = dict(sorted(reading.counts.items()))
    report = LoadReport(version, reading.rows, counts, unknown, len(rows))
    return Outcome(report, content, {"rows": reading.rows, "not_in_region": unknown, "unresolved_now": len(rows)})


def _not_opt_outs(why: str) -> Refusal:
    return Refusal("not-opt-outs", f"The file is not a file of opt-outs. {why}", "See docs/how-to/opt-outs.md.")
