"""What the guard adds to a query over plain DuckDB: the same ten questions, the same extract, in one run.

    python -m benchmarks.guard [ROUNDS]      (on a busy machine: chrt -f 10 python -m benchmarks.guard)

Goal: less than 25 ms added at the median with warm workers, on GiBleed. The two ways take turns, so that a busy
machine slows both; read the ratio rather than the milliseconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import quantiles
from typing import Any

import duckdb
import httpx
from rich.console import Console
from rich.table import Table

from query_guard.engine.process import EngineProcess
from query_guard.outcome import Verdict
from query_guard.service.server import GUARD_SOCKET
from tests.support.guard_lab import GuardLab, gibleed_file, open_lab

GOAL_MILLISECONDS = 25.0
ROUNDS = 30
SDE = Path(sys.executable).parent / "sde"

QUESTIONS = {
    "count of people": "SELECT count(*) AS n FROM person",
    "people by sex": "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id",
    "people by decade of birth": (
        "SELECT floor(year_of_birth / 10) * 10 AS decade, count(*) AS n FROM person GROUP BY 1 ORDER BY 1"
    ),
    "people with a condition": (
        "SELECT count(DISTINCT person_id) AS n FROM condition_occurrence WHERE condition_concept_id = 192671"
    ),
    "ten commonest conditions": (
        "SELECT c.concept_name, count(DISTINCT o.person_id) AS n FROM condition_occurrence o "
        "JOIN concept c ON c.concept_id = o.condition_concept_id GROUP BY c.concept_name ORDER BY n DESC LIMIT 10"
    ),
    "conditions by sex": (
        "SELECT p.gender_concept_id, count(*) AS n FROM person p "
        "JOIN condition_occurrence o ON o.person_id = p.person_id GROUP BY p.gender_concept_id"
    ),
    "prescriptions by year": (
        "SELECT year(drug_exposure_start_date) AS y, count(*) AS n FROM drug_exposure GROUP BY 1 ORDER BY 1"
    ),
    "days of supply by drug": (
        "SELECT drug_concept_id, sum(days_supply) AS days FROM drug_exposure GROUP BY drug_concept_id "
        "HAVING count(DISTINCT person_id) > 100"
    ),
    "age of those with a bleed": (
        "SELECT avg(p.year_of_birth) AS born FROM person p "
        "SEMI JOIN condition_occurrence o ON o.person_id = p.person_id AND o.condition_concept_id = 192671"
    ),
    "measurements by kind": (
        "SELECT measurement_concept_id, count(*) AS n, count(DISTINCT person_id) AS people FROM measurement GROUP BY 1"
    ),
}


def measure(lab: GuardLab, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each round: by question, by way (`plain`, `guard`, and the guard's parts)."""
    found: dict[str, dict[str, list[float]]] = {}
    with duckdb.connect(str(lab.data().database), read_only=True) as plain:
        for name, sql in QUESTIONS.items():
            times: dict[str, list[float]] = {"plain": [], "guard": [], "plan": [], "execute": []}
            ask(lab, sql)
            plain.sql(sql).to_arrow_table()
            for _ in range(rounds):
                times["plain"].append(timed(lambda sql=sql: plain.sql(sql).to_arrow_table())[0])
                spent, result = timed(lambda sql=sql: ask(lab, sql))
                times["guard"].append(spent)
                times["plan"].append(result.plan_ms)
                times["execute"].append(result.execute_ms)
            found[name] = times
    return found


def ask(lab: GuardLab, sql: str) -> Any:
    """One answered question; a refusal would make the measurement meaningless."""
    result = lab.ask(sql)
    if result.verdict is not Verdict.ANSWERED:
        raise SystemExit(f"not answered ({result.code}): {sql}")
    return result


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """(milliseconds, what the action returned)."""
    begun = time.perf_counter()
    result = action()
    return (time.perf_counter() - begun) * 1000, result


def middle_and_high(values: list[float]) -> tuple[float, float]:
    """p50 and p90."""
    cuts = quantiles(values, n=10, method="inclusive")
    return cuts[4], cuts[8]


def report(found: dict[str, dict[str, list[float]]]) -> float:
    """Print the table; return the median over all questions and rounds of the time added, in milliseconds."""
    table = Table("question", "plain p50", "guard p50", "p90", "added p50", "ratio", "plan", "execute", title="ms")
    added: list[float] = []
    for name, times in found.items():
        plain, _ = middle_and_high(times["plain"])
        guard, high = middle_and_high(times["guard"])
        added += [one - other for one, other in zip(times["guard"], times["plain"], strict=True)]
        plan, execute = (middle_and_high(times[part])[0] for part in ("plan", "execute"))
        numbers = (plain, guard, high, guard - plain, guard / plain, plan, execute)
        table.add_row(name, *(f"{number:.1f}" for number in numbers))
    console = Console()
    console.print(table)
    middle, high = middle_and_high(added)
    verdict = "reached" if middle < GOAL_MILLISECONDS else "missed"
    console.print(
        f"added over plain DuckDB: p50 {middle:.1f} ms, p90 {high:.1f} ms (goal {GOAL_MILLISECONDS}: {verdict})"
    )
    return middle


def start_of_worker(lab: GuardLab) -> float:
    """Seconds from nothing to a locked, verified worker."""
    begun = time.perf_counter()
    with EngineProcess(lab.data().database, lab.guard.engines.limits) as engine:
        engine.wait_until_ready()
        return time.perf_counter() - begun


def start_of_service(lab: GuardLab) -> float:
    """Seconds until `sde guard serve` answers."""
    folder = lab.settings.folder
    begun = time.perf_counter()
    environment = {"PATH": os.environ["PATH"], "SDE_STATE": str(folder.root)}
    process = subprocess.Popen([SDE, "guard", "serve"], env=environment, stderr=subprocess.DEVNULL)
    try:
        transport = httpx.HTTPTransport(uds=str(folder.run / GUARD_SOCKET))
        with httpx.Client(transport=transport, base_url="http://guard") as client:
            while True:
                with suppress(httpx.TransportError):
                    client.get("/openapi.json")
                    return time.perf_counter() - begun
                time.sleep(0.01)
    finally:
        process.terminate()
        process.wait()


def main(rounds: int = ROUNDS) -> None:
    """Measure on a state folder of its own."""
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder) / "state", gibleed_file()) as lab:
        report(measure(lab, rounds))
        starts = sorted(start_of_worker(lab) for _ in range(5))
        print(f"cold start of a worker: p50 {starts[2] * 1000:.0f} ms")
        print(f"start of the service: {min(start_of_service(lab) for _ in range(3)):.1f} s (goal 2.0)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
