"""How long the opt-outs of a region of 2.3 million people take: to load, to ask about, to take an answer in, to apply.

    python -m benchmarks.opt_outs [PEOPLE]

Goal: to write who is denied to a use takes at most 3 s, whatever the use and also when the answer is stale (everybody).
The baseline of the same run is a bare join and aggregate over the spine's numbers, which nothing that asks about each
person can do without. On a busy machine read the ratio rather than the seconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb
from rich.console import Console
from rich.table import Table

from governance.registry import initialise
from governance.settings import Settings, load_settings
from intake.nhs_number import nhs_number_sql
from intake.optouts import Use, write_denied
from intake.optouts.answering import import_check
from intake.optouts.asking import export_check
from intake.optouts.loading import load_opt_outs
from intake.places import IntakePlaces

PEOPLE, GOAL_SECONDS = 2_300_000, 3.0
ACTOR = "operator:benchmark"
Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """One step: seconds by the clock, and of all processors."""

    what: str
    seconds: float
    processor: float


def make_spine(settings: Settings, people: int) -> Path:
    """Everybody with a number of the range not issued; one in 200 has a second one, one in 1000 was merged."""
    file = IntakePlaces.of(settings).spine
    with duckdb.connect(str(file)) as spine:
        spine.execute(
            "CREATE TABLE nhs_number AS SELECT n AS nhs_number, row_number() OVER () AS person_id FROM"
            f" (SELECT n FROM range(9000000000, 9999999999) t(n) WHERE {nhs_number_sql('n')} LIMIT {people})"
        )
        spine.execute("CREATE TABLE person AS SELECT person_id, nhs_number FROM nhs_number ORDER BY person_id")
        spine.execute(
            f"INSERT INTO nhs_number SELECT nhs_number, 1 + person_id % {people} FROM person WHERE person_id % 200 = 0"
        )
        spine.execute(
            "CREATE TABLE merged AS SELECT person_id AS from_person_id, person_id + 1 AS to_person_id FROM person"
            " WHERE person_id % 1000 = 7"
        )
        spine.execute("CREATE TABLE link (feed VARCHAR, person_ref UBIGINT, person_id BIGINT)")
        spine.execute("INSERT INTO link SELECT 'gp', person_id, person_id FROM person")
    return file


def write_opt_outs(spine: Path, file: Path) -> None:
    """Eight in a hundred have one: Type 1, local, an objection, or a Type 1 that was withdrawn."""
    lines = (
        "{0},type_1,,active,2024-01-01,\n",
        "{0},local,,active,,\n",
        "{0},gdpr_objection,acute_trust,pending,2025-02-02,\n",
        "{0},type_1,,active,2023-01-01,\n{0},type_1,,withdrawn,2024-06-01,\n",
    )
    with duckdb.connect(str(spine), read_only=True) as held, file.open("w") as stream:
        stream.write("nhs_number,kind,controller,status,from,to\n")
        for number, place in held.execute(
            "SELECT nhs_number, person_id FROM person WHERE person_id % 100 < 8"
        ).fetchall():
            stream.write(lines[place % 4].format(number))


def answer(request: Path, file: Path) -> None:
    """Five in a hundred opted out nationally."""
    with request.open() as asked, file.open("w") as allowed:
        allowed.writelines(line for line in asked if int(line[:9]) % 20)


def main() -> None:
    """Measure and print."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else PEOPLE
    rows: list[Row] = []

    def timed(what: str, work: Callable[[], Result]) -> Result:
        began, worked = time.perf_counter(), time.process_time()
        result = work()
        rows.append(Row(what, time.perf_counter() - began, time.process_time() - worked))
        return result

    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDE_STATE"] = str(Path(folder) / "state")
        settings = load_settings()
        store = initialise(settings)
        spine = make_spine(settings, people)
        opt_outs, answered = Path(folder) / "o.csv", Path(folder) / "a.dat"
        write_opt_outs(spine, opt_outs)
        loaded = timed("load a file of opt-outs", lambda: load_opt_outs(settings, store, opt_outs, actor=ACTOR))
        request = timed("write the check service's file", lambda: export_check(settings, store, actor=ACTOR))
        answer(request.file, answered)
        timed("take its answer in", lambda: import_check(settings, store, answered, actor=ACTOR))
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{spine}' AS spine (READ_ONLY)")
            bare = "SELECT count(*) FROM (SELECT person_id, count(*) FROM spine.person JOIN spine.nhs_number n"
            bare += " USING (person_id) GROUP BY person_id)"
            timed("bare join and aggregate", lambda: connection.execute(bare).fetchall())
            for use in Use:
                timed(f"denied to {use}", lambda use=use: _deny(connection, settings, use))  # type: ignore[misc]
            late = settings.model_copy(update={"opt_out_answer_days": 0})
            timed("denied, answer stale", lambda: _deny(connection, late, Use.NATIONAL))
        store.close()
    _show(people, loaded.rows, rows)


def _deny(connection: duckdb.DuckDBPyConnection, settings: Settings, use: Use) -> None:
    write_denied(connection, settings, use, person_ids_relation="spine.person")


def _show(people: int, opt_outs: int, rows: list[Row]) -> None:
    bare = next(row.seconds for row in rows if row.what == "bare join and aggregate")
    table = Table(title=f"{people:,} people, {opt_outs:,} opt-outs on file")
    for heading in ("step", "seconds", "of processors", "x bare", "goal"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for row in rows:
        goal = "" if not row.what.startswith("denied") else "met" if row.seconds <= GOAL_SECONDS else "MISSED"
        table.add_row(row.what, f"{row.seconds:.2f}", f"{row.processor:.2f}", f"{row.seconds / bare:.1f}", goal)
    Console().print(table)


if __name__ == "__main__":
    main()
