"""What analysts write is answered, what lists people is refused: the corpus in `tests/fixtures/analyst_queries`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.support.analyst_queries import AnalystQuery, Ending, ask, ending_of, load_corpus, read_query
from tests.support.guard_lab import GuardLab

CORPUS = load_corpus()
#: Refusals that mean that something gave way behind the policy.
TOO_LATE = frozenset({"query-failed", "query-too-expensive", "guard-failed", "cross-check-failed", "not-recorded"})
#: How many of each the corpus must hold, so that it stays the measure it is.
LEAST_BY_DIALECT = {"duckdb": 100, "tsql": 15, "postgres": 10}
LEAST_BY_SHAPE = {
    "cte": 20,
    "hand-made-percentile": 3,
    "row-number-per-person": 5,
    "window-over-protected": 8,
    "dbplyr": 10,
    "min-max": 10,
    "row-level": 30,
    "data-quality": 5,
    "not-exists": 3,
    "parameters": 3,
}


def test_the_corpus_is_wide() -> None:
    asking = [query for query in CORPUS if query.expect is not Ending.REFUSED]
    assert len(asking) >= 120
    assert len({query.question for query in CORPUS}) == len(CORPUS)
    dialects = Counter(query.dialect for query in CORPUS)
    assert {name: dialects[name] for name in LEAST_BY_DIALECT if dialects[name] < LEAST_BY_DIALECT[name]} == {}
    shapes = Counter(shape for query in CORPUS for shape in query.shapes)
    assert {name: shapes[name] for name in LEAST_BY_SHAPE if shapes[name] < LEAST_BY_SHAPE[name]} == {}


@pytest.mark.parametrize("header", ["-- question: why\n", "-- question: why\n-- colour: red\n", ""])
def test_a_header_that_cannot_be_read_is_refused(tmp_path: Path, header: str) -> None:
    file = tmp_path / "001-odd.sql"
    file.write_text(f"{header}SELECT 1\n")
    with pytest.raises(ValueError, match="header"):
        read_query(file)


@pytest.mark.slow
def test_every_aggregate_query_runs_on_the_demo_data(guard_lab: GuardLab) -> None:
    """A query that plain DuckDB cannot run, or that finds nothing, would measure nothing."""
    silent = []
    with duckdb.connect(str(guard_lab.data().database), read_only=True) as plain:
        for query in CORPUS:
            if query.expect is not Ending.REFUSED and plain.execute(query.plain_sql, query.values).fetchone() is None:
                silent.append(query.name)
    assert silent == []


@pytest.mark.slow
@pytest.mark.parametrize("query", CORPUS, ids=lambda query: query.name)
def test_the_guard_does_what_is_expected(guard_lab: GuardLab, query: AnalystQuery) -> None:
    result = ask(guard_lab, query)
    assert result.code not in TOO_LATE, result.message
    ending = ending_of(result)
    assert query.meets(ending, result.code), f"{ending} instead of {query.expect}: {result.code} {result.message}"
