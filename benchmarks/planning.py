"""What planning a query of thirty lines costs, part by part, beside DuckDB's own parse of the very same text.

    python -m benchmarks.planning [ROUNDS]

Goal: 6 ms from text to cross-checked plan. Processor time of this process, in which DuckDB's parser runs too; all parts
take turns in each round, so that a busy machine slows them alike. Read the ratio rather than the milliseconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from benchmarks.guard import middle_and_high
from governance.disclosure import PROFILES
from intake.omop import omop_catalogue
from query_guard.crosscheck import ReadingShelf, cross_check, read_parse
from query_guard.policy import plan_query
from query_guard.policy.check_shape import check_shape
from query_guard.policy.reading import read_statement

GOAL_MILLISECONDS = 6.0
ROUNDS = 200
QUESTION = """
WITH first_visit AS (
    SELECT person_id, min(visit_start_date) AS first_day
    FROM visit_occurrence
    WHERE visit_concept_id IN (9201, 9202)
    GROUP BY person_id
),
tests AS (
    SELECT m.person_id, count(*) AS tests, avg(m.value_as_number) AS mean_value
    FROM measurement m
    JOIN first_visit f ON f.person_id = m.person_id
        AND m.measurement_date BETWEEN f.first_day AND f.first_day + INTERVAL 1 YEAR
    WHERE m.value_as_number IS NOT NULL
    GROUP BY m.person_id
),
cohort AS (
    SELECT p.person_id, p.gender_concept_id, t.tests, t.mean_value,
           floor((year(f.first_day) - p.year_of_birth) / 10) * 10 AS age_band
    FROM person p
    JOIN first_visit f ON f.person_id = p.person_id
    LEFT JOIN tests t ON t.person_id = p.person_id
)
SELECT c.concept_name AS sex,
       k.age_band,
       count(DISTINCT k.person_id) AS people,
       avg(k.tests) AS tests,
       count(*) FILTER (WHERE k.mean_value > 50) AS above
FROM cohort k
JOIN concept c ON c.concept_id = k.gender_concept_id
GROUP BY c.concept_name, k.age_band
HAVING count(DISTINCT k.person_id) > 20
ORDER BY sex, age_band
""".strip()


class InProcess:
    """DuckDB's parser, in this process and on one thread."""

    def __init__(self) -> None:
        self._engine = duckdb.connect(config={"threads": 1})

    def ask(self, sql: str) -> pa.Table:
        """See query_guard.crosscheck.Parser."""
        return self._engine.sql(sql).to_arrow_table()


def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of the processor by part, `parts()` in turn in each round."""
    found: dict[str, list[float]] = {}
    todo = parts()
    for name, action in todo.items():
        action()
        found[name] = []
    for _ in range(rounds):
        for name, action in todo.items():
            begun = time.process_time()
            action()
            found[name].append((time.process_time() - begun) * 1000)
    return found


def parts() -> dict[str, Callable[[], Any]]:
    """The baseline, the whole, and what the whole is made of."""
    catalogue, profile, parser, engine = omop_catalogue(), PROFILES["nhs-sde"], InProcess(), duckdb.connect()
    plan = plan_query(QUESTION, catalogue, profile)
    tree = read_statement(QUESTION, "duckdb", (), catalogue)
    texts = [step.sql for step in plan.steps]
    asked = "SELECT " + ", ".join("json_serialize_sql('" + sql.replace("'", "''") + "')" for sql in texts)
    documents = [str(column[0].as_py()) for column in parser.ask(asked).columns]
    shelf = ReadingShelf()
    cross_check(plan, catalogue, parser, shelf)

    def whole() -> None:
        cross_check(plan_query(QUESTION, catalogue, profile), catalogue, parser, ReadingShelf())

    def again() -> None:
        cross_check(plan_query(QUESTION, catalogue, profile), catalogue, parser, shelf)

    return {
        "baseline: DuckDB parses the caller's text": lambda: engine.extract_statements(QUESTION),
        "whole: plan and cross-check": whole,
        "whole, texts met before": again,
        "plan": lambda: plan_query(QUESTION, catalogue, profile),
        "  of it: read": lambda: read_statement(QUESTION, "duckdb", (), catalogue),
        "  of it: check the shape": lambda: check_shape(tree),
        "cross-check": lambda: cross_check(plan, catalogue, parser, ReadingShelf()),
        "  of it: DuckDB parses the guard's texts": lambda: [engine.extract_statements(sql) for sql in texts],
        "  of it: parsed and written as JSON": lambda: parser.ask(asked),
        "  of it: JSON read": lambda: [json.loads(document) for document in documents],
        "  of it: JSON read and compared": lambda: [read_parse(document) for document in documents],
    }


def report(found: dict[str, list[float]]) -> float:
    """Print the table; return the median of the whole in milliseconds."""
    baseline, whole = (middle_and_high(times)[0] for times in list(found.values())[:2])
    table = Table("part", "p50", "p90", "lowest", "times the baseline", title="ms of the processor")
    for name, times in found.items():
        middle, high = middle_and_high(times)
        table.add_row(name, f"{middle:.2f}", f"{high:.2f}", f"{min(times):.2f}", f"{middle / baseline:.1f}")
    console = Console()
    console.print(table)
    verdict = "reached" if whole < GOAL_MILLISECONDS else "missed"
    lines = len(QUESTION.splitlines())
    console.print(f"{lines} lines planned and cross-checked in {whole:.1f} ms (goal {GOAL_MILLISECONDS}: {verdict})")
    return whole


def main(rounds: int = ROUNDS) -> None:
    """Measure in this process; no state is needed."""
    report(measure(rounds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
