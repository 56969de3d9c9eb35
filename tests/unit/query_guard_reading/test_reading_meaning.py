"""Translated text means what it meant: answers of DuckDB against those of the source database.

`postgres.json` holds PostgreSQL 15's own answers, `tsql.json` the documented ones of SQL Server; SQLite is asked here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures" / "dialects"


def cases(name: str) -> list[Any]:
    entries = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(entry, id=f"{number:03}") for number, entry in enumerate(entries)]


@pytest.mark.parametrize("case", cases("postgres"))
def test_postgres(reading: Any, case: dict[str, Any]) -> None:
    assert reading.answer(case["sql"], "postgres") == case["answer"]


@pytest.mark.parametrize("case", cases("tsql"))
def test_tsql(reading: Any, case: dict[str, Any]) -> None:
    assert reading.answer(case["sql"], "tsql") == case["answer"], case["about"]


@pytest.mark.parametrize("case", cases("sqlite"))
def test_sqlite(reading: Any, plain: Any, case: dict[str, Any]) -> None:
    assert reading.answer(case["sql"], "sqlite") == plain(reading.lite.execute(case["sql"]).fetchall())


@pytest.mark.parametrize("case", cases("refused"))
def test_what_would_change_its_meaning_is_refused(reading: Any, case: dict[str, Any]) -> None:
    refusal = reading.refusal(case["sql"], case["dialect"])
    assert (refusal.code, case["why"]) == (case["code"], case["why"])
    if refusal.code == "dialect-not-translated":
        assert refusal.where
        assert refusal.remedy


@pytest.mark.parametrize("case", cases("dbplyr"))
def test_what_dbplyr_writes(reading: Any, plain: Any, case: dict[str, Any]) -> None:
    ours = plain(reading.duck.execute(case["same_as"]).fetchall())
    assert [row[: len(ours[0])] for row in reading.answer(case["sql"], case["dialect"])] == ours, case["about"]


@pytest.mark.parametrize("case", cases("ohdsi"))
def test_what_ohdsi_studies_write(reading: Any, plain: Any, case: dict[str, Any]) -> None:
    ours = plain(reading.duck.execute(case["same_as"]).fetchall())
    assert reading.answer(case["sql"], case["dialect"], case["parameters"]) == ours, case["about"]


@pytest.mark.parametrize(
    ("dialect", "sql", "written"),
    [
        ("sqlite", "select date('now') as d", "SELECT CURRENT_DATE AS d"),
        ("tsql", "select cast(getdate() as date) as d", "SELECT CAST(CURRENT_TIMESTAMP AS DATE) AS d"),
        ("postgres", "select now()::date as d", "SELECT CAST(CURRENT_TIMESTAMP AS DATE) AS d"),
        (
            "postgres",
            "select mode() within group (order by month_of_birth) as m from person",
            "SELECT MODE(month_of_birth) AS m FROM person",
        ),
        ("tsql", "select string_agg(x, ',') as s from (select 'a' as x) q", None),
        ("postgres", "select array_agg(person_id) as s from person", "SELECT ARRAY_AGG(person_id) AS s FROM person"),
    ],
)
def test_what_depends_on_the_day_or_is_judged_later(reading: Any, dialect: str, sql: str, written: str | None) -> None:
    found = reading.written(sql, dialect)
    assert written is None or found == written
