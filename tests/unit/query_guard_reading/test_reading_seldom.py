"""What is seldom asked of the reader: it reads it, or says no, and whatever goes wrong inside it is a refusal."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlglot import exp

from governance.refusal import Refusal
from query_guard.asked import Asked
from query_guard.duckdb_rules import Free
from query_guard.policy.reading import read_statement
from query_guard.policy.reading.refusals import refuse
from query_guard.policy.reading.translating import _write

VISITS = "from visit_occurrence"
START = "visit_start_date"


@pytest.mark.parametrize(
    ("sql", "days", "written"),
    [
        (f"{START} - interval (:n) day", -3, f"{START} + INTERVAL '3' DAY"),
        (f"{START} + interval (:n) day", -3, f"{START} - INTERVAL '3' DAY"),
        (f"{START} + interval (:n) day", 3, f"{START} + INTERVAL '3' DAY"),
        (f"interval (:n) day + {START}", -3, f"INTERVAL (-3) DAY + {START}"),
        (f"{START} + interval (:n) day", 2.5, f"{START} + INTERVAL (2.5) DAY"),
    ],
    ids=range(5),
)
def test_an_interval_given_as_a_parameter(reading: Any, sql: str, days: float, written: str) -> None:
    assert reading.written(f"select {sql} {VISITS}", "duckdb", {"n": days}) == f"SELECT {written} FROM visit_occurrence"


def test_truth_values_are_cast_where_the_dialect_has_them(reading: Any) -> None:
    assert reading.written("select cast(1 = 1 as boolean) from person", "postgres").startswith("SELECT CAST(1 = 1 AS B")
    assert (
        reading.code("select cast(gender_source_value as boolean) from person", "postgres") == "dialect-not-translated"
    )


def test_dates_as_parameters_are_written_in_full(reading: Any) -> None:
    sql = f"select count(*) {VISITS} where visit_start_date > :d"
    assert "> '2020-01-31'" in reading.written(sql, "tsql", {"d": "2020-01-31"})
    assert "2020-01-31" in reading.written(sql, "tsql", {"d": date(2020, 1, 31)})
    assert reading.code(sql, "tsql", {"d": "20200131"}) == "dialect-not-translated"


def test_a_group_is_rolled_up_once(reading: Any) -> None:
    sql = "select count(*) from person group by year_of_birth with rollup with rollup"
    assert reading.code(sql, "tsql") == "dialect-not-translated"


def test_whatever_goes_wrong_is_a_refusal() -> None:
    with pytest.raises(Refusal, match="sql-not-read"):
        read_statement("select 1 from person", "tsql", (), object())  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="dialect-not-translated"):
        _write(exp.select(exp.Anonymous(this="f")).from_(exp.Table(this=exp.to_identifier("t"), hints=[exp.Hint()])))
    deep: exp.Expr = exp.column("x")
    for _ in range(5000):
        deep = exp.Not(this=deep)
    odd = refuse("type-mismatch", deep)  # too deep to be written out
    assert (odd.code, odd.where) == ("type-mismatch", "")


def test_a_mapping_on_a_receipt_is_shown_as_one() -> None:
    from types import MappingProxyType

    asked = Asked("SELECT ?", "duckdb", [MappingProxyType({"date": "2020-01-31"})])
    assert asked.for_receipt == 'SELECT ?\n-- parameters: [{"date": "2020-01-31"}]'


def test_a_free_field_is_a_scalar() -> None:
    assert all(Free().allows(value) for value in ("x", 1, None, True))
    assert not any(Free().allows(value) for value in ([], {}, [1]))
