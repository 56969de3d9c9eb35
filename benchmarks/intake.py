"""What the intake costs, from six feeds to a project's extract, beside a bare copy of the same rows in the same run.

    python -m benchmarks.intake [--people N] [--smaller] [--in FOLDER]

The baseline is DuckDB copying every delivered file to Parquet and nothing else, in a process of its own. Each step is
the `sde` command an operator would type, so its memory is that of the whole process, children too. `--people 2300000`
is the region the goals speak of (100 million rows; about 10 GB of disk); the default is a tenth of it. `--smaller`
runs a tenth of that first, to see how the time grows with the rows.

Goals: feeds to the harmonised region within 6 x the copy and 8 GB; ten times the rows within 11 x the time; a cut of
ten per cent of the people within 1 x the copy; a live project without newly opted-out people within 30 s.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from governance.clock import today
from governance.demo_register import demo_approvals
from governance.registry import create_project, current_extract, grant_table, initialise
from governance.roles import ALL_TABLES, Mode, Purpose
from governance.settings import load_settings
from governance.store import open_store
from intake.feeds import region_feeds

SDE = str(Path(sys.executable).parent / "sde")
PEOPLE, SEED = 230_000, 20_260_101
ACTOR = "service:benchmark"
GOAL_COPIES, GOAL_BYTES, GOAL_GROWTH, GOAL_CUT, GOAL_REFRESH = 6.0, 8 * 10**9, 11.0, 1.0, 30.0
INTAKE = ("land", "region")  # the steps from feeds to the harmonised region
TENTH = "tenth"
BORN = ("--born-after", "1944", "--born-before", "1959")  # about a tenth of the people

COPY = """
import sys, duckdb
connection = duckdb.connect(config={"memory_limit": "6GB"})
for number, file in enumerate(sys.argv[2:]):
    reader = "read_parquet" if file.endswith(".parquet") else "read_csv"
    options = "" if reader == "read_parquet" else ", all_varchar = true, ignore_errors = true"
    connection.execute(f"COPY (SELECT * FROM {reader}('{file}'{options})) TO '{sys.argv[1]}/{number}.parquet'")
"""


@dataclass
class Spent:
    """Seconds on the clock and of the processors, and the most memory (bytes), of processes that have ended, by step.

    On a busy machine the clock tells of others too; the processors' seconds tell of the step alone.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)

    def run(self, step: str, *command: str, environment: dict[str, str]) -> None:
        """Run one process to its end. Raises SystemExit with what it said if it fails."""
        began = time.perf_counter()
        with tempfile.TemporaryFile("w+") as said:
            child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                said.seek(0)
                sys.exit(f"{step} failed ({child.returncode}): {said.read()[-2000:]}")
        took, worked = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
        self.seconds[step] = self.seconds.get(step, 0.0) + took
        self.processor[step] = self.processor.get(step, 0.0) + worked
        print(f"  {step}: {took:.1f} s ({worked:.1f} of processors), {usage.ru_maxrss / 1e3:,.0f} MB", file=sys.stderr)
        self.memory[step] = max(self.memory.get(step, 0), usage.ru_maxrss * 1024)

    def total(self, *steps: str) -> float:
        """Seconds of these steps together."""
        return sum(self.seconds[step] for step in steps)


@dataclass(frozen=True)
class Measured:
    """One size of the region: people, delivered rows, people in the cut, and what each step took."""

    people: int
    rows: int
    cut: int
    spent: Spent

    @property
    def intake_seconds(self) -> float:
        """From feeds to the harmonised region."""
        return self.spent.total(*INTAKE)


def measure(people: int, folder: Path) -> Measured:
    """Make a region of so many people below `folder`, copy it barely, take it in, cut it, refresh the cut."""
    spent, region, state = Spent(), folder / "region", folder / "state"
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("SDE_")}, "SDE_STATE": str(state)}

    def sde(step: str, *arguments: str) -> None:
        spent.run(step, SDE, *arguments, environment=environment)

    sde("synth", "synth", "--people", str(people), "--seed", str(SEED), "--out", str(region))
    files = [str(file) for feed in region_feeds() for file in sorted((region / feed.name).rglob("*.*"))]
    (folder / "copied").mkdir()
    spent.run("copy", sys.executable, "-c", COPY, str(folder / "copied"), *files, environment=environment)
    shutil.rmtree(folder / "copied")
    prepare(state)
    sde("land", "delivery", "collect", str(region))
    sde("opt-outs", "optout", "load", str(region / "optouts" / "optouts.csv"))
    sde("region", "region", "build")
    request, answer = str(folder / "request.dat"), str(folder / "answer.dat")
    sde("check service", "optout", "check-export", "--out", request)
    sde("(its answer)", "synth", "answer", request, str(region), answer)
    sde("check service", "optout", "check-import", answer)
    sde("(cohort)", "grant", "cohort", TENTH, *BORN)
    sde("cut", "extract", "build", TENTH)
    opt_somebody_out(region, environment)
    sde("refresh", "extract", "refresh", TENTH)
    return Measured(people, count_rows(files), people_in_extract(state), spent)


def prepare(state: Path) -> None:
    """A register with one project, granted every table."""
    settings = load_settings(state=state)
    store = initialise(settings)
    create_project(
        store, actor=ACTOR, slug=TENTH, title="A tenth of the region", purpose=Purpose.LOCAL_RESEARCH,
        mode=Mode.AGGREGATE, profile="nhs-sde", ends=today() + timedelta(days=365),
        approvals=demo_approvals(TENTH, today() + timedelta(days=365)),
    )  # fmt: skip
    grant_table(store, actor=ACTOR, slug=TENTH, table=ALL_TABLES)
    store.close()


def opt_somebody_out(region: Path, environment: dict[str, str]) -> None:
    """Of everybody, one more person opts out: enough for the refresh to build anew."""
    nobody_yet = f"""
        SELECT nhs_number FROM '{region}/truth/person*.parquet' WHERE person NOT IN
        (SELECT person FROM '{region}/truth/opt_out*.parquet') ORDER BY nhs_number LIMIT 1"""
    ((number,),) = duckdb.sql(nobody_yet).fetchall()
    subprocess.run((SDE, "optout", "record", "local"), input=f"{number}\n", text=True, env=environment, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def count_rows(files: list[str]) -> int:
    """Delivered rows; of CSV files lines that can be read as rows."""
    rows = 0
    for file in files:
        reader = (
            f"'{file}'"
            if file.endswith(".parquet")
            else f"read_csv('{file}', all_varchar = true, ignore_errors = true)"
        )
        rows += duckdb.sql(f"SELECT count(*) FROM {reader}").fetchall()[0][0]
    return rows


def people_in_extract(state: Path) -> int:
    """How many people the cut holds."""
    with open_store(load_settings(state=state)).reading() as session:
        held = current_extract(session, TENTH)
    return held.people if held else 0


def show(measured: Measured) -> None:
    """One line a step, with what it is held against."""
    spent, copy, worked = measured.spent, measured.spent.seconds["copy"], measured.spent.processor
    table = Table(title=f"{measured.people:,} people, {measured.rows:,} delivered rows, {measured.cut:,} in the cut")
    for heading in ("", "seconds", "x the copy", "processor seconds", "x the copy's", "memory, MB", "goal"):
        table.add_column(heading, justify="right" if heading else "left")
    goals = {"cut": f"{GOAL_CUT:g} x", "refresh": f"{GOAL_REFRESH:g} s"}
    for step, seconds in spent.seconds.items():
        times = (seconds, seconds / copy, worked[step], worked[step] / worked["copy"])
        table.add_row(step, *_in_words(*times), f"{spent.memory[step] / 1e6:,.0f}", goals.get(step, ""))
    table.add_section()
    most = max(spent.memory[step] for step in INTAKE)
    seconds, goal = measured.intake_seconds, f"{GOAL_COPIES:g} x, {GOAL_BYTES / 1e6:,.0f} MB"
    work = sum(worked[step] for step in INTAKE)
    times = (seconds, seconds / copy, work, work / worked["copy"])
    table.add_row("feeds to region", *_in_words(*times), f"{most / 1e6:,.0f}", goal)
    Console(width=110).print(table)


def _in_words(seconds: float, copies: float, worked: float, work_of_copies: float) -> tuple[str, str, str, str]:
    return f"{seconds:.1f}", f"{copies:.2f}", f"{worked:.1f}", f"{work_of_copies:.2f}"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="benchmarks.intake")
    options.add_argument("--people", type=int, default=PEOPLE)
    options.add_argument("--smaller", action="store_true", help="measure a tenth first, for how the time grows")
    options.add_argument("--in", dest="folder", help="where the files lie meanwhile (default: the temporary directory)")
    wanted, _ = options.parse_known_args()
    sizes = [wanted.people // 10, wanted.people] if wanted.smaller else [wanted.people]
    done: list[Measured] = []
    for people in sizes:
        with tempfile.TemporaryDirectory(prefix="sde-intake-", dir=wanted.folder) as folder:
            done.append(measure(people, Path(folder)))
        show(done[-1])
    if len(done) == 2:
        rows, seconds = (getattr(done[1], name) / getattr(done[0], name) for name in ("rows", "intake_seconds"))
        print(f"{rows:.1f} x the rows took {seconds:.1f} x the time (goal: {GOAL_GROWTH:g} x for 10 x)")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
