"""Parameters: places of every form, values that become literals and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlglot import exp

from query_guard.policy.reading import DIALECTS

NAMES = [dialect.name for dialect in DIALECTS]
EVERY = pytest.mark.parametrize("dialect", NAMES)
WHERE = "select count(*) as n from person where {}"


@EVERY
@pytest.mark.parametrize("place", [":year", "$year", "@year"])
def test_named_places_in_every_dialect(reading: Any, dialect: str, place: str) -> None:
    sql = WHERE.format(f"year_of_birth > {place} or month_of_birth = {place}")
    assert reading.answer(sql, dialect, {"year": 1970}) == [[4.0]]


@EVERY
@pytest.mark.parametrize("place", ["?", "$1", ":1"])
def test_places_in_order_in_every_dialect(reading: Any, dialect: str, place: str) -> None:
    assert reading.answer(WHERE.format(f"year_of_birth > {place}"), dialect, [1970]) == [[4.0]]


@EVERY
@pytest.mark.parametrize("name", ["end", "select", "date", "year", "p1", "case", "_x", "from"])
def test_names_may_be_words_of_sql(reading: Any, dialect: str, name: str) -> None:
    assert reading.answer(WHERE.format(f"(:{name} > 1 and year_of_birth > :{name})"), dialect, {name: 1970}) == [[4.0]]


VALUES: list[tuple[Any, str]] = [
    (5, "5"),
    (-5, "-5"),
    (0.25, "0.25"),
    (-1e-7, "-1e-07"),
    (2**63 - 1, str(2**63 - 1)),
    (True, "TRUE"),
    (False, "FALSE"),
    (None, "NULL"),
    ("it's; drop table person --", "'it''s; drop table person --'"),
    ("$p ?? :x @y \\ %", "'$p ?? :x @y \\ %'"),
    ("", "''"),
    (date(2020, 1, 31), "CAST('2020-01-31' AS DATE)"),
    (datetime(2020, 1, 31, 12, 30), "CAST('2020-01-31 12:30:00' AS TIMESTAMP)"),
    ({"date": "2020-01-31"}, "CAST('2020-01-31' AS DATE)"),
    ({"timestamp": "2020-01-31T12:30:00.5"}, "CAST('2020-01-31 12:30:00.500000' AS TIMESTAMP)"),
]


@pytest.mark.parametrize(("value", "written"), VALUES, ids=range(len(VALUES)))
def test_values_become_literals(reading: Any, value: Any, written: str) -> None:
    for dialect in NAMES:
        assert reading.written("select :v as v", dialect, {"v": value}) == f"SELECT {written} AS v"


def test_negative_numbers_are_signs_before_literals(reading: Any) -> None:
    column = reading.read("select ? as v", "duckdb", [-3]).expressions[0].this
    assert (type(column), type(column.this)) == (exp.Neg, exp.Literal)


@pytest.mark.parametrize("value", [date(2020, 1, 31), datetime(2020, 1, 31, 12), 5, -2.5, "x", True, None])
def test_a_bound_value_is_the_very_tree_of_a_written_one(reading: Any, value: Any) -> None:
    bound = reading.read("select ? as v", "duckdb", [value])
    written = {date(2020, 1, 31): "DATE '2020-01-31'", datetime(2020, 1, 31, 12): "TIMESTAMP '2020-01-31 12:00:00'"}
    text = written.get(value) or reading.written("select ? as v", "duckdb", [value]).removeprefix("SELECT ")[:-5]
    assert bound == reading.read(f"select {text} as v")


@EVERY
def test_lists_stand_in_in(reading: Any, dialect: str) -> None:
    sql = WHERE.format("gender_concept_id in (:sex) and year_of_birth not in (1, :years, 2)")
    parameters = {"sex": [8507, 8532], "years": (1950, 1963)}
    assert reading.answer(sql, dialect, parameters) == [[4.0]]
    assert "NOT year_of_birth IN (1, 1950, 1963, 2)" in reading.written(sql, dialect, parameters)


@pytest.mark.parametrize("sql", ["select :v", "select count(*) from person where person_id = :v", "select f(:v)"])
def test_lists_stand_nowhere_else(reading: Any, sql: str) -> None:
    assert reading.code(sql, "duckdb", {"v": [1, 2]}) == "parameter-list-misplaced"


@pytest.mark.parametrize(
    ("sql", "parameters", "code"),
    [
        ("select :v", (), "parameter-missing"),
        ("select ?", (), "parameter-missing"),
        ("select ?, ?", [1], "parameter-missing"),
        ("select :v", {"V": 1}, "parameter-missing"),
        ("select :v, ?", {"v": 1}, "parameter-missing"),
        ("select ?", [1, 2], "parameter-superfluous"),
        ("select :v", {"v": 1, "w": 2}, "parameter-superfluous"),
        ("select ':v'", {"v": 1}, "parameter-superfluous"),
        ("select 1 -- :v", {"v": 1}, "parameter-superfluous"),
        ("select :v", {"v": {"day": "2020-01-31"}}, "parameter-not-understood"),
        ("select :v", {"v": {"date": "31.1.2020"}}, "parameter-not-understood"),
        ("select :v", {"v": {"date": "2020-02-30"}}, "parameter-not-understood"),
        ("select :v", {"v": {"date": "2020-W05-1"}}, "parameter-not-understood"),
        ("select :v", {"v": {"date": 20200131}}, "parameter-not-understood"),
        ("select :v", {"v": {"date": "2020-01-31", "sql": "x"}}, "parameter-not-understood"),
        ("select :v", {"v": {"timestamp": "2020-01-31T12:00:00+02:00"}}, "parameter-not-understood"),
        ("select :v", {"v": datetime(2020, 1, 1, tzinfo=UTC)}, "parameter-not-understood"),
        ("select :v", {"v": float("nan")}, "parameter-not-understood"),
        ("select :v", {"v": float("inf")}, "parameter-not-understood"),
        ("select :v", {"v": 2**63}, "parameter-not-understood"),
        ("select :v", {"v": "a\0b"}, "parameter-not-understood"),
        ("select :v", {"v": "a\u202eb"}, "parameter-not-understood"),
        ("select :v", {"v": b"bytes"}, "parameter-not-understood"),
        ("select :v", {"v": object()}, "parameter-not-understood"),
        ("select 1 where 1 in (:v)", {"v": []}, "parameter-not-understood"),
        ("select 1 where 1 in (:v)", {"v": [[1]]}, "parameter-not-understood"),
        ("select 1 where 1 in (:v)", {"v": list(range(1001))}, "parameters-too-many"),
        ("select 1", list(range(101)), "parameters-too-many"),
        ("select :v", {"v": "x" * (64 * 1024 + 1)}, "parameters-too-many"),
        ("select count(*) from :v", {"v": "person"}, "construct-not-available"),
        ("select count(*) from person as :v", {"v": "p"}, "construct-not-available"),
        ("select 1 as :v", {"v": "p"}, "construct-not-available"),
        ("select person_id from person order by :v", {"v": 1}, "construct-not-available"),
        ("select person_id from person group by :v", {"v": 1}, "construct-not-available"),
    ],
    ids=range(34),
)
def test_what_does_not_fit_is_refused(reading: Any, sql: str, parameters: Any, code: str) -> None:
    for dialect in NAMES:
        assert reading.code(sql, dialect, parameters) == code


def test_refusals_name_the_parameter_and_never_its_value(reading: Any) -> None:
    refusal = reading.refusal("select :year", "duckdb", {"year": b"secret"})
    assert "«year»" in refusal.message
    assert "secret" not in str(refusal.as_dict())
    assert "«year»" in reading.refusal("select :year").message


def test_a_thousand_codes_are_welcome(reading: Any) -> None:
    codes = list(range(1000))
    tree = reading.read(WHERE.format("gender_concept_id in (:codes)"), "tsql", {"codes": codes})
    assert len(tree.find(exp.In).expressions) == 1000


@pytest.mark.parametrize(("days", "written"), [(30, "+ INTERVAL '30' DAY"), (-30, "- INTERVAL '30' DAY")])
def test_days_to_move_by(reading: Any, days: int, written: str) -> None:
    sql = "select dateadd(day, @days, visit_start_datetime) as d from visit_occurrence"
    assert written in reading.written(sql, "tsql", {"days": days})
    sql = "select visit_start_datetime + interval (:days) day as d from visit_occurrence"
    assert written in reading.written(sql, "duckdb", {"days": days})


def test_weeks_and_top_by_parameter(reading: Any) -> None:
    sql = "select top (@n) dateadd(week, @weeks, visit_start_date) as d from visit_occurrence order by 1"
    assert reading.answer(sql, "tsql", {"n": 1, "weeks": -2}) == [["2015-04-20"]]
    assert reading.answer("select person_id from person order by 1 limit ?", "duckdb", [1]) == [[1.0]]


def test_kinds_of_values_decide_divisions(reading: Any) -> None:
    assert reading.answer("select @a / 2 as v", "tsql", {"a": 7}) == [[3.0]]
    assert reading.answer("select @a / 2 as v", "tsql", {"a": 7.0}) == [[3.5]]
    assert reading.code("select isnull(month_of_birth, @a) from person", "tsql", {"a": 0.5}) == "dialect-not-translated"
    assert reading.code("select 'x' like @a", "tsql", {"a": "[x]"}) == "dialect-not-translated"


def test_a_colon_behind_a_name_is_an_alias(reading: Any) -> None:
    assert reading.written("select n: count(*) from person") == "SELECT COUNT(*) AS n FROM person"
    assert reading.written("select a:b from (select 1 as b) q").startswith("SELECT b AS a")
    assert (
        reading.written("select '5'::int as a, :b as c", "duckdb", {"b": 1}) == "SELECT CAST('5' AS INT) AS a, 1 AS c"
    )


def test_signs_inside_texts_and_comments_are_no_places(reading: Any) -> None:
    assert reading.read("select '? $1 :x @y' as a /* ? :z */ from person", "postgres")
