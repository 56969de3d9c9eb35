"""The rewritten texts, as fixtures: input, inner and outer SQL side by side, to be read and to notice changes.

`tests/fixtures/rewrites/*.sql` hold three parts under `-- input`, `-- inner` and `-- outer`. After a wanted change:
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
    sql = re.sub(r"\s+", " ", sql.strip())
    return re.sub(
        r" (?=(?:FROM|WHERE|GROUP BY|ORDER BY|(?:INNER|LEFT|CROSS|SEMI|ANTI) JOIN|sde_\w+ AS \()\b)|(?<=\)) (?=SELECT)",
        "\n",
        sql,
    )


def parts(file: Path) -> dict[str, str]:
    found = re.split(r"^-- (input|inner|outer)\n", file.read_text(), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(found[1::2], found[2::2], strict=True)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rewriting(lab: PolicyLab, file: Path) -> None:
    asked = parts(file)["input"]
    plan = lab.plan(asked)
    lab.ask(asked)
    text = f"-- input\n{asked}\n\n-- inner\n{fold(plan.inner.sql)}\n\n-- outer\n{fold(plan.outer_sql)}\n"
    if os.environ.get("SDE_UPDATE_REWRITES"):
        file.write_text(text)
    assert text == file.read_text()


def test_there_are_fixtures() -> None:
    assert len(FILES) >= 12


def test_the_callers_names_are_not_in_the_texts(lab: PolicyLab) -> None:
    sql = (
        "select gender_concept_id as evil_one, count(*) as evil_two from person as evil_three group by "
        "evil_one order by evil_two"
    )
    plan = lab.plan(sql)
    assert "evil" not in plan.inner.sql + plan.outer_sql
    assert [column.name for column in plan.columns] == ["evil_one", "evil_two"]
