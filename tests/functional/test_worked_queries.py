"""The how-to's worked queries are asked as they stand on the page, in its order: what it shows is what comes back.

Where answers changed on purpose, `python -m tests.support.worked_queries` writes the new ones into the page; then read
what the page says about them.
"""

from __future__ import annotations

import re

import pytest

from query_guard.outcome import QueryResult, Verdict
from tests.support.guard_lab import GuardLab
from tests.support.worked_queries import PAGE, WorkedQuery, read_page, rewrite, show

TEXT = PAGE.read_text(encoding="utf-8")
QUERIES = read_page(TEXT)


def test_the_page_has_twenty_worked_queries() -> None:
    assert {query.number for query in QUERIES} == {*range(21)}  # 0: what stands at its end
    assert len(QUERIES) == TEXT.count("```sql") == TEXT.count("```text")


def test_every_worked_query_says_how_it_was_protected_and_gives_a_tip() -> None:
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        if section[0].isdigit():
            assert "**Protected:**" in section
            assert "**Tip:**" in section


@pytest.fixture(scope="module")
def answers(guard_lab: GuardLab) -> dict[str, QueryResult]:
    """All of them, asked of one new guard in order: what was asked before may matter."""
    return {query.name: guard_lab.ask(query.asked) for query in QUERIES}


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_what_the_page_shows_is_what_comes_back(answers: dict[str, QueryResult], query: WorkedQuery) -> None:
    result = answers[query.name]
    assert result.verdict is Verdict.ANSWERED or not query.number, result.message
    assert show(result) == query.shown


@pytest.mark.slow
def test_the_page_is_rewritten_to_itself(answers: dict[str, QueryResult]) -> None:
    assert rewrite(TEXT, lambda query: answers[query.name]) == TEXT
