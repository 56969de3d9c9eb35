"""Schemas before table names: OMOP's usual ones and OHDSI's parameters go, all others stay to be refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlglot import exp

from query_guard.policy.reading import DIALECTS

EVERY = pytest.mark.parametrize("dialect", [dialect.name for dialect in DIALECTS])


def tables(tree: Any) -> list[str]:
    return [table.sql(dialect="duckdb") for table in tree.find_all(exp.Table)]


@EVERY
@pytest.mark.parametrize(
    "name",
    [
        "cdm.person",
        "CDM.person",
        "omop.person",
        "main.person",
        "public.person",
        "dbo.person",
        "@cdm.person",
        "@cdm_database_schema.person",
        "@vocab.person",
        "@end.person",
        "cdm.dbo.person",
        "@cdm.dbo.person",
        '"cdm"."person"',
    ],
)
def test_usual_schemas_are_dropped(reading: Any, dialect: str, name: str) -> None:
    tree = reading.read(f"select count(*) as n from {name} where {name}.person_id > 0", dialect)
    assert [table.strip('"') for table in tables(tree)] == ["person"]
    assert tree.find(exp.Column).args.get("db") is None


@EVERY
@pytest.mark.parametrize(
    "name", ["secret.person", "cdm.secret.person", "secret.cdm.person", "information_schema.tables", "pg_catalog.x"]
)
def test_other_schemas_stay(reading: Any, dialect: str, name: str) -> None:
    assert tables(reading.read(f"select count(*) as n from {name}", dialect)) == [name]


def test_two_dots_of_sql_server(reading: Any) -> None:
    assert tables(reading.read("select count(*) as n from cdm..person", "tsql")) == ["person"]
    assert tables(reading.read("select count(*) as n from secret..person", "tsql")) == ["secret..person"]


@EVERY
def test_an_alias_that_is_called_like_a_schema_stays(reading: Any, dialect: str) -> None:
    tree = reading.read("select cdm.person_id from person cdm", dialect)
    assert tree.find(exp.Column).sql() == "cdm.person_id"


@EVERY
@pytest.mark.parametrize(
    "sql",
    [
        "with person as (select * from cdm.person) select count(*) as n from person",
        "with x as (select 1 as a), Person as (select 2 as a) select count(*) as n from dbo.person",
        "select count(*) as n from (with person as (select 1 as a) select * from @cdm.person) q",
    ],
)
def test_a_table_behind_a_with_name_is_refused(reading: Any, dialect: str, sql: str) -> None:
    refusal = reading.refusal(sql, dialect)
    assert (refusal.code, "«person»" in refusal.message) == ("table-behind-with", True)


def test_parameters_and_schemas_live_together(reading: Any) -> None:
    sql = "select count(*) as n from @cdm.person p where p.year_of_birth > @year"
    assert reading.answer(sql, "ohdsi", {"year": 1970}) == [[4.0]]
