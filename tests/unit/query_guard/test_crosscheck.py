"""Stage 6 over DuckDB's own parse: what it lets through and what it does not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, TableKind
from governance.refusal import Refusal
from query_guard.crosscheck import Mismatch, Reading, ReadingShelf, check_step, cross_check, read_parse
from query_guard.policy.plan import MARKS_TABLE, Flow, Plan, Step, StepKind

COLUMNS = {name: CatalogueColumn(name, "BIGINT") for name in ("a", "b", "c", "d", "y", "person_id")}
CATALOGUE = Catalogue({name: CatalogueTable(name, TableKind.PRIVATE, COLUMNS) for name in ("person", "death")})


def parse(sql: str) -> str:
    text = sql.replace("'", "''")
    return str(duckdb.connect().sql(f"SELECT json_serialize_sql('{text}')").fetchall()[0][0])


def step(
    sql: str,
    tables: Iterable[str] = ("person",),
    functions: Iterable[str] = ("count_star",),
    given: Iterable[str] = (),
    kind: StepKind = StepKind.PROTECT,
) -> Step:
    return Step(kind, "sde_p1", sql, frozenset(tables), frozenset(given), frozenset(functions))


ALLOWED = {
    "SELECT count(*) AS n FROM main.person AS p WHERE p.a = 1 AND NOT (p.b IS NULL OR p.c IN (1, 2.5, 'x', NULL))": (
        {"person"},
        {"count_star"},
    ),
    "WITH sde_rows AS (SELECT p.person_id AS who, CASE WHEN p.y > 1950 THEN 'old' ELSE NULL END AS k FROM person AS p "
    "LEFT JOIN death AS d ON p.person_id = d.person_id) SELECT k, count(DISTINCT who) AS n FROM sde_rows GROUP BY k": (
        {"person", "death"},
        {"count"},
    ),
    "SELECT sum(TRY_CAST(a AS DOUBLE)) FILTER (WHERE a BETWEEN 1 AND 2) AS s FROM person": ({"person"}, {"sum"}),
    "SELECT date_trunc('month', CAST(d AS DATE)) AS m, a + 1 AS b FROM person WHERE c LIKE 'x%'": (
        {"person"},
        {"date_trunc", "+", "~~"},
    ),
    "SELECT CAST(a AS DECIMAL(18, 3)) FROM (SELECT DISTINCT a FROM person) AS q ORDER BY 1 DESC NULLS LAST LIMIT 5": (
        {"person"},
        set[str](),
    ),
    "SELECT 1 FROM person AS p WHERE EXISTS (SELECT 1 FROM death AS d WHERE d.person_id = p.person_id)": (
        {"person", "death"},
        set[str](),
    ),
    "SELECT row_number() OVER (PARTITION BY t1.person_id ORDER BY t1.a ASC NULLS LAST) AS c1 FROM person AS t1": (
        {"person"},
        {"row_number"},
    ),
    "SELECT sum(a) FILTER (WHERE a > 1) OVER (ORDER BY a ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS c1 FROM person": (
        {"person"},
        {"sum"},
    ),
    "SELECT lag(a, 1, 0) OVER () AS c1 FROM person": ({"person"}, {"lag"}),
    "SELECT t1.a AS c1 FROM person AS t1 FULL JOIN death AS t2 ON (t1.person_id = t2.person_id)": (
        {"person", "death"},
        set[str](),
    ),
    "SELECT a AS c1 FROM person UNION ALL SELECT a AS c1 FROM death": ({"person", "death"}, set[str]()),
    "SELECT a AS c1 FROM person INTERSECT SELECT a AS c1 FROM death EXCEPT SELECT 1 AS c1": (
        {"person", "death"},
        set[str](),
    ),
    "SELECT (SELECT min(a) FROM person) AS c1 FROM death": ({"person", "death"}, {"min"}),
    "SELECT max(a, 2) AS n_top, bit_xor(CAST(1 AS UBIGINT) << (hash(a) & 63)) AS n_p0 FROM person": (
        {"person"},
        {"max", "bit_xor", "<<", "hash", "&"},
    ),
}


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_the_policy_writes_is_read_as_meant(sql: str) -> None:
    tables, functions = ALLOWED[sql]
    reading = read_parse(parse(sql))
    check_step(reading, step(sql, tables, functions), CATALOGUE)
    assert reading.tables - reading.own_tables == tables


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM person",
        "SELECT COLUMNS('a.*') FROM person",
        "SELECT #1 FROM person",
        "SELECT a FROM range(10)",
        "SELECT a FROM query('SELECT 1')",
        "SELECT a FROM read_csv('x.csv')",
        "SELECT a FROM other.person",
        "SELECT a FROM db.main.person",
        "SELECT pg_catalog.lower(a) FROM person",
        "SELECT a FROM person USING SAMPLE 10",
        "SELECT a FROM person TABLESAMPLE 10%",
        "SELECT a FROM person AT (VERSION => 1)",
        "SELECT a FROM person QUALIFY row_number() OVER (ORDER BY a) = 1",
        "SELECT nth_value(a, 2) OVER () FROM person",
        "SELECT sum(a) OVER (ORDER BY a ROWS BETWEEN a PRECEDING AND CURRENT ROW) FROM person",
        "SELECT sum(a) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM person",
        "SELECT sum(a) OVER (ORDER BY a GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM person",
        "SELECT sum(a) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM person",
        "SELECT sum(DISTINCT a) OVER () FROM person",
        "SELECT last_value(a IGNORE NULLS) OVER () FROM person",
        "SELECT list(a ORDER BY a) OVER () FROM person",
        "SELECT a FROM person UNION BY NAME SELECT a FROM person",
        "SELECT a FROM person WHERE a > ALL (SELECT a FROM death)",
        "SELECT a FROM person WHERE a < ANY (SELECT a FROM death)",
        "SELECT a FROM person, LATERAL (SELECT person.a) AS t",
        "SELECT GROUPING(a) FROM person GROUP BY a",
        "SELECT a FROM person, death",
        "SELECT a FROM person RIGHT JOIN death ON person.a = death.a",
        "SELECT a FROM person NATURAL JOIN death",
        "SELECT a FROM person JOIN death USING (person_id)",
        "SELECT a FROM person POSITIONAL JOIN death",
        "SELECT a FROM person ASOF JOIN death ON person.a >= death.a",
        "SELECT a FROM person AS p(a)",
        "SELECT a FROM person GROUP BY ALL",
        "SELECT a FROM person GROUP BY GROUPING SETS ((a), ())",
        "SELECT DISTINCT ON (a) a FROM person",
        "SELECT a FROM person LIMIT 10%",
        "SELECT a FROM person LIMIT (SELECT 1)",
        "SELECT a FROM (VALUES (1)) AS t(a)",
        "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT 1 FROM r",
        "WITH a(x) AS (SELECT 1) SELECT x FROM a",
        "WITH a AS (INSERT INTO person VALUES (1) RETURNING *) SELECT 1 FROM a",
        "SELECT a[1] FROM person",
        "SELECT main.person.a FROM person",
        "SELECT {'x': 1} FROM person",
        "SELECT lambda x: x FROM person",
        "SELECT a FROM person WHERE a = $1",
        "SELECT a FROM person WHERE a = ?",
        "SELECT f(a := 1) FROM person",
        "SELECT CAST(a AS STRUCT(x INTEGER)) FROM person",
        "SELECT CAST(a AS BLOB) FROM person",
        "SELECT a COLLATE nocase FROM person",
        "SELECT TRY(a) FROM person",
        "SELECT 1; SELECT 2",
        "DESCRIBE person",
        "SUMMARIZE person",
        "SHOW TABLES",
        "PIVOT person ON a USING count(*)",
        "INSERT INTO person VALUES (1)",
        "SET threads = 1",
        "no sql",
        "",
    ],
)
def test_everything_else_is_a_mismatch(sql: str) -> None:
    with pytest.raises(Mismatch):
        read_parse(parse(sql))


def with_change(path: list[str | int], value: Any) -> str:
    document = json.loads(parse("SELECT count(a) AS n FROM person"))
    place = document["statements"][0]["node"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["a_key_of_a_later_version"], None),
        (["select_list", 0, "a_key_of_a_later_version"], 1),
        (["select_list", 0, "class"], "LAMBDA"),
        (["select_list", 0, "alias"], {"hidden": 1}),
        (["select_list", 0, "distinct"], 1),
        (["select_list", 0], "text"),
        (["select_list"], {}),
        (["from_table", "type"], "TABLE_FUNCTION"),
        (["from_table", "qualified_name"], {"path": [1]}),
        (["from_table"], None),
        (["group_sets"], [[0], [1]]),
    ],
)
def test_unknown_keys_and_values_are_mismatches(path: list[str | int], value: Any) -> None:
    with pytest.raises(Mismatch):
        read_parse(with_change(path, value))


@pytest.mark.parametrize(
    ("tables", "own", "functions"),
    [
        ({"person", "death"}, set(), {"count"}),  # reads more than planned
        (set(), set(), {"count"}),  # reads less
        ({"person"}, {"person"}, {"count"}),  # a CTE hides the table
        ({"person", "death"}, {"death"}, {"count"}),  # a CTE has the name of another table
        ({"person"}, set(), {"count", "getenv"}),
        ({"person"}, set(), set()),
    ],
)
def test_other_tables_or_functions_are_mismatches(tables: set[str], own: set[str], functions: set[str]) -> None:
    with pytest.raises(Mismatch):
        check_step(Reading(tables, own, functions), step("", functions={"count"}), CATALOGUE)


@pytest.mark.parametrize(
    ("sql", "tables", "given", "kind"),
    [
        ("SELECT a AS c1 FROM person", ["person"], [], StepKind.FREE),  # data in the engine without data
        ("SELECT mark AS c1 FROM sde_marks", ["person"], [], StepKind.PROTECT),  # marks that were not planned
        ("SELECT c1 FROM sde_p2", [], ["sde_p1"], StepKind.FREE),  # another step's table
        ("SELECT contributors AS c1 FROM sde_p1", [], ["sde_p1"], StepKind.FREE),  # hidden columns, if they were there
        ("SELECT n_total AS c1 FROM sde_p1", [], ["sde_p1"], StepKind.FREE),
        ("SELECT n_p0 AS c1 FROM sde_p1", [], ["sde_p1"], StepKind.FREE),
        ("WITH sde_p1 AS (SELECT 1 AS c1) SELECT c1 FROM sde_p1", [], ["sde_p1"], StepKind.FREE),
        ("WITH sde_marks AS (SELECT 1 AS c1) SELECT c1 FROM sde_marks", [MARKS_TABLE], [], StepKind.PROTECT),
        ("SELECT t1.mark AS c1 FROM person AS t1", ["person"], [], StepKind.PROTECT),  # a column of the marks only
        ("SELECT t1.c1 AS c2 FROM person AS t1", ["person"], [], StepKind.PROTECT),
        ("SELECT rowid AS c1 FROM sde_p1", [], ["sde_p1"], StepKind.FREE),
        ("SELECT sde_p1 AS c1 FROM sde_p1", [], ["sde_p1"], StepKind.FREE),
    ],
)
def test_a_step_reads_what_it_was_planned_to_read(
    sql: str, tables: list[str], given: list[str], kind: StepKind
) -> None:
    with pytest.raises(Mismatch):
        check_step(read_parse(parse(sql)), step(sql, tables, [], given, kind), CATALOGUE)


def test_marks_are_read_where_they_are_planned() -> None:
    sql = "SELECT hash(mark) AS c1 FROM person INNER JOIN sde_marks ON (person.person_id = sde_marks.person_id)"
    check_step(read_parse(parse(sql)), step(sql, ["person", MARKS_TABLE], ["hash"]), CATALOGUE)


class InProcess:
    """A parser of the same kind as the engine without data."""

    def ask(self, sql: str) -> pa.Table:
        return duckdb.connect().sql(sql).to_arrow_table()


def plan_of(inner: str, outer: str, tables: Iterable[str] = ("person",)) -> Plan:
    first = step(inner, tables)
    last = Step(StepKind.FREE, "sde_f1", outer, frozenset(), frozenset({"sde_p1"}), frozenset())
    return Plan((first, last), (), (), Flow.PROTECTED, 10)


COUNTED = "SELECT count(*) AS c1 FROM person"


def test_a_plan_that_both_parsers_read_alike_passes() -> None:
    plan = plan_of(f"{COUNTED} WHERE a = 'it''s'", "SELECT c1 FROM sde_p1 ORDER BY c1 LIMIT 3")
    cross_check(plan, CATALOGUE, InProcess())


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("SELECT count(*) AS c1 FROM death", "SELECT c1 FROM sde_p1"),
        (COUNTED, "SELECT c1 FROM sde_p1, sde_p1 AS p"),
        (COUNTED, "SELECT c1 FROM person"),
        (COUNTED, "SELECT c1 FROM sde_f1"),
        (COUNTED, "SELECT lower(c1) FROM sde_p1"),
        (COUNTED, "SELECT contributors FROM sde_p1"),
        (f"{COUNTED}; SELECT 1", "SELECT c1 FROM sde_p1"),
        (f"{COUNTED} AS t1 WHERE t1.rowid = 1", "SELECT c1 FROM sde_p1"),
        (f"{COUNTED} AS t1 WHERE t1.person_ordinal = 1", "SELECT c1 FROM sde_p1"),
        ("SELECT count(*) AS c1, t1 AS c2 FROM person AS t1", "SELECT c1 FROM sde_p1"),
    ],
)
def test_a_plan_that_they_read_differently_is_refused_in_one_text(inner: str, outer: str) -> None:
    with pytest.raises(Refusal) as caught:
        cross_check(plan_of(inner, outer), CATALOGUE, InProcess())
    assert caught.value.code == "cross-check-failed"
    assert "person" not in str(caught.value) + caught.value.where


class Counting(InProcess):
    """Counts how often DuckDB is asked."""

    asked = 0

    def ask(self, sql: str) -> pa.Table:
        self.asked += 1
        return super().ask(sql)


def test_a_text_met_before_is_not_parsed_again_but_compared_with_the_new_plan() -> None:
    shelf, parser = ReadingShelf(most=2), Counting()
    plan = plan_of(COUNTED, "SELECT c1 AS c1 FROM sde_p1")
    for _ in range(3):
        cross_check(plan, CATALOGUE, parser, shelf)
    assert parser.asked == 1
    other = replace(plan.steps[0], functions=frozenset({"sum"}))
    with pytest.raises(Refusal):
        cross_check(replace(plan, steps=(other, plan.steps[1])), CATALOGUE, parser, shelf)
    cross_check(
        plan_of("SELECT count(*) AS c1 FROM death", "SELECT c1 AS c2 FROM sde_p1", {"death"}), CATALOGUE, parser, shelf
    )
    cross_check(plan, CATALOGUE, parser, shelf)
    assert parser.asked == 3


def test_a_text_that_was_refused_is_not_kept() -> None:
    shelf, parser = ReadingShelf(), Counting()
    plan = plan_of("SELECT count(*) AS c1 FROM person TABLESAMPLE 10%", "SELECT c1 AS c1 FROM sde_p1")
    for _ in range(2):
        with pytest.raises(Refusal):
            cross_check(plan, CATALOGUE, parser, shelf)
    assert parser.asked == 2


@pytest.mark.parametrize("key", ["having", "qualify", "sample", "where_clause"])
def test_a_key_that_is_missing_is_a_mismatch(key: str) -> None:
    document = json.loads(parse(COUNTED))
    del document["statements"][0]["node"][key]
    with pytest.raises(Mismatch):
        read_parse(json.dumps(document))
