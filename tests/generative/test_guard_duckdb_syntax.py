"""Whatever DuckDB's language holds: a refusal that tells nothing, or a plan that is read as meant and runs.

The statements are those of `guard_grammar_wild`, asked of the nastiest data. A plan's texts pass the strict
cross-check; a refusal comes soon, is no stumble of the guard, and has only words of its own, of the caller and of the
catalogue in it.
"""

from __future__ import annotations

import re
import time
from random import Random

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.refusal import Refusal
from query_guard.crosscheck import cross_check
from query_guard.policy import plan_query
from query_guard.policy.code import Code
from query_guard.policy.codes import CODES
from tests.support.guard_grammar_wild import WildGrammar
from tests.support.guard_policy import NHS, PolicyLab
from tests.support.relations.nasty import nasty_lab

pytestmark = pytest.mark.slow

SECONDS = 4.0  # of the processor, for one plan; most take milliseconds
CANARY = "Zaphodbeeblebrox"
#: What only the guard's own files, other people's tables or a fault would bring into a refusal.
INSIDE = re.compile(
    rf"{CANARY}|987654321|sde_marks|person_ordinal|hidden_ledger|Traceback|\.py\b|sqlglot|<class|0x[0-9a-f]{{6,}}|Expression\("
)


class PlainParser:
    """DuckDB's parser, for the cross-check."""

    def __init__(self, engine: duckdb.DuckDBPyConnection) -> None:
        self._engine = engine

    def ask(self, sql: str) -> pa.Table:
        """See query_guard.crosscheck.Parser."""
        return self._engine.sql(sql).to_arrow_table()


@pytest.fixture(scope="module")
def nasty() -> PolicyLab:
    """The nastiest data, with values and a table that no refusal may name."""
    lab = nasty_lab()
    lab.fill("person", [(987654321, 8507, 1950, "1950-01-01", CANARY, CANARY)])
    lab.fill("concept", [(987654321, CANARY, "Gender", "x", 1.0)])
    lab.data.execute("CREATE TABLE hidden_ledger (nhs_number VARCHAR)")
    return lab


@pytest.fixture(scope="module")
def functions() -> tuple[str, ...]:
    """Every name that DuckDB can call."""
    rows = duckdb.connect().execute("SELECT DISTINCT function_name FROM duckdb_functions() ORDER BY 1").fetchall()
    return tuple(str(name) for (name,) in rows if re.fullmatch("[a-z_0-9]+", str(name)))


def check_refusal(refusal: Refusal, sql: str) -> None:
    """Its code and message are of the table, and nothing from behind the guard is in it."""
    assert refusal.code in BY_CODE, refusal.code
    assert refusal.code != "guard-failed", sql
    assert refusal.remedy, sql
    told = " ".join((refusal.message, refusal.remedy, refusal.where))
    assert len(told) < 1000
    for found in INSIDE.findall(told):
        assert found.lower() in sql.lower(), (sql, told)


BY_CODE: dict[str, Code] = {code.code: code for code in CODES}


def check(lab: PolicyLab, sql: str, dialect: str = "duckdb") -> bool:
    """Whether a statement is planned; every property is asserted on the way."""
    started = time.process_time()
    try:
        plan = plan_query(sql, lab.catalogue, NHS, dialect=dialect)
    except Refusal as refusal:
        check_refusal(refusal, sql)
        return False
    finally:
        assert time.process_time() - started < SECONDS, sql
    cross_check(plan, lab.catalogue, PlainParser(lab.data))
    answer = lab.ask(sql, dialect)  # an error of the engine would be one bit about the data
    assert CANARY not in str(answer.flags)
    return True


@settings(
    max_examples=800,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_any_statement_is_planned_as_meant_or_refused(nasty: PolicyLab, functions: tuple[str, ...], seed: int) -> None:
    check(nasty, WildGrammar(Random(seed), functions).statement())


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), dialect=st.sampled_from(["tsql", "postgres", "sqlite"]))
def test_so_it_is_in_other_dialects(nasty: PolicyLab, functions: tuple[str, ...], seed: int, dialect: str) -> None:
    check(nasty, WildGrammar(Random(seed), functions).statement(), dialect)


def test_enough_is_planned_and_enough_is_refused(nasty: PolicyLab, functions: tuple[str, ...]) -> None:
    planned = sum(check(nasty, WildGrammar(Random(seed), functions).statement()) for seed in range(200))
    assert 20 < planned < 180
