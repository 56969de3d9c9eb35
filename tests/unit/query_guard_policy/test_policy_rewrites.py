"""The rewritten texts, as fixtures: the caller's SQL and every step of its plan side by side, to be read and to notice
changes.

`tests/fixtures/rewrites/*.sql` hold the question under `-- input` and each step under `-- KIND NAME`. After a wanted
change:
`SDE_UPDATE_REWRITES=1 .venv/bin/pytest tests/unit/query_guard_policy/test_policy_rewrites.py`, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.guard_policy import PolicyLab

pytestmark = pytest.mark.slow  # every combination: several seconds together

FOLDER = Path(__file__).parents[2] / "fixtures" / "rewrites"
FILES = sorted(FOLDER.glob("*.sql"))


def fold(sql: str) -> str:
    """One line per clause and CTE: for reading only."""
    clauses = r"FROM|WHERE|GROUP BY|ORDER BY|HAVING|UNION|(?:INNER|LEFT|FULL|CROSS|SEMI|ANTI) JOIN|sde_\w+ AS \("
    sketches = r"bit_xor\(\w+\) FILTER \(WHERE \w+ = 0\)|CAST\(1 AS UBIGINT\) << \("
    lines = rf"(?<! DISTINCT) (?=(?:{clauses})\b)|(?<=\)) (?=SELECT)|(?<=,) (?={sketches})"
    return re.sub(lines, "\n", re.sub(r"\s+", " ", sql.strip()))


def question(file: Path) -> str:
    """The caller's text."""
    return file.read_text().removeprefix("-- input\n").partition("\n\n-- ")[0].strip()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rewriting(lab: PolicyLab, file: Path) -> None:
    asked = question(file)
    plan = lab.plan(asked)
    lab.ask(asked)
    steps = "".join(f"\n-- {step.kind} {step.name}\n{fold(step.sql)}\n" for step in plan.steps)
    text = f"-- input\n{asked}\n{steps}"
    if os.environ.get("SDE_UPDATE_REWRITES"):
        file.write_text(text)
    assert text == file.read_text()


def test_there_are_fixtures() -> None:
    assert len(FILES) >= 24


def test_the_callers_names_are_not_in_the_texts(lab: PolicyLab) -> None:
    sql = (
        "select gender_concept_id as evil_one, count(*) as evil_two from person as evil_three group by "
        "evil_one order by evil_two"
    )
    plan = lab.plan(sql)
    assert "evil" not in "".join(step.sql for step in plan.steps)
    assert [column.name for column in plan.columns] == ["evil_one", "evil_two"]
    sql = (
        "with evil_one as (select person_id evil_two, row_number() over evil_window as evil_three from"
        " visit_occurrence window evil_window as (partition by person_id order by visit_start_date)),"
        " evil_four(evil_five, evil_six) as (select evil_three, count(*) from evil_one group by 1)"
        " select evil_five as evil_seven, evil_six from evil_four as evil_eight where exists (select 1 from evil_four"
        " evil_nine where evil_nine.evil_five = evil_eight.evil_five) union all (select 1, 2 from (values (1))"
        " evil_ten)"
    )
    plan = lab.plan(sql)
    assert "evil" not in "".join(step.sql for step in plan.steps)
    assert [column.name for column in plan.columns] == ["evil_seven", "evil_six"]
