"""The switch: while many ask, extracts are replaced and destroyed; every answer comes wholly from one of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.callers import Caller
from governance.registry import change_project
from governance.registry.regions import RegionView
from governance.settings import Settings, load_settings
from governance.store import Store
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.regional import RegionSource
from intake.cut.retiring import retire_extracts
from query_guard.answer import Guard, answer_query, open_guard
from query_guard.asked import Asked
from query_guard.outcome import QueryResult
from query_guard.switch import in_force
from tests.support.opt_out_region import ask_and_answer, make_spine, nhs_number
from tests.support.region_lab import Row, person, put_region

pytestmark = pytest.mark.slow

BY, PROJECT = "operator:test", "gi-bleed"
PEOPLE = range(1, 121)
SEXES = {"v1": 8507, "v2": 8532}
#: Names the version in the free table and tells it by the people: both come from one extract, or they contradict.
QUESTION = """SELECT c.concept_name AS version, p.gender_concept_id AS sex, count(*) AS n
FROM person p JOIN concept c ON c.concept_id = 1 GROUP BY 1, 2"""
SWITCHES = 6


def tables(version: str) -> dict[str, list[Row]]:
    people = [person(number, "gp", gender_concept_id=SEXES[version]) for number in PEOPLE]
    return {"person": people, "concept": [{"concept_id": 1, "concept_name": version}]}


@pytest.fixture
def region(settings: Settings, demo_register: Store, tmp_path: Path) -> Iterator[tuple[Settings, list[RegionView]]]:
    """Two versions of a region; replaced extracts are destroyed at once."""
    settings.folder.create()
    make_spine(settings, {number: [nhs_number(number)] for number in PEOPLE})
    ask_and_answer(settings, demo_register, tmp_path)
    versions = [put_region(settings, demo_register, version, tables(version)) for version in SEXES]
    yield load_settings(state=settings.folder.root, extracts_kept=1), versions


def build(settings: Settings, store: Store, version: RegionView) -> None:
    build_extract(settings, store, ExtractOrder(PROJECT, RegionSource(settings, version)), actor=BY)


def ask(guard: Guard, subject: str) -> QueryResult:
    return answer_query(guard, Caller(subject, PROJECT, "test"), Asked(QUESTION))


def test_every_answer_comes_wholly_from_one_extract_and_none_fails(
    region: tuple[Settings, list[RegionView]], demo_register: Store
) -> None:
    settings, versions = region
    build(settings, demo_register, versions[0])
    results: list[QueryResult] = []
    ended = threading.Event()

    def keep_asking(guard: Guard, subject: str) -> None:
        while not ended.is_set():
            results.append(ask(guard, subject))

    with open_guard(settings, demo_register) as guard:
        askers = [
            threading.Thread(target=keep_asking, args=(guard, subject))
            for subject in ("researcher-a", "researcher-b")
            for _ in range(3)
        ]
        for asker in askers:
            asker.start()
        for number in range(1, SWITCHES + 1):
            told = len(results)
            build(settings, demo_register, versions[number % 2])
            wait_until(lambda told=told: len(results) > told + 6)  # type: ignore[misc]
        ended.set()
        for asker in askers:
            asker.join()
        refused = {result.refusal.code for result in results if result.refusal is not None}
        assert not refused
        answers = {tuple(sorted(row.items())) for result in results for row in result.table.to_pylist()}
        pairs = {(dict(row)["version"], dict(row)["sex"]) for row in answers}
        assert pairs == set(SEXES.items())
        assert all(result.table.num_rows == 1 for result in results)
    assert len(list((settings.folder.extracts / PROJECT).iterdir())) == 1


def test_engines_of_extracts_that_ended_end(region: tuple[Settings, list[RegionView]], demo_register: Store) -> None:
    settings, versions = region
    build(settings, demo_register, versions[0])
    with open_guard(settings, demo_register) as guard:
        assert ask(guard, "researcher-a").refusal is None
        wait_until(lambda: len(guard.engines.held) == 2)
        build(settings, demo_register, versions[1])
        guard.engines.keep_only(in_force(demo_register))
        assert not guard.engines.held
        assert ask(guard, "researcher-a").refusal is None
        change_project(demo_register, actor=BY, slug=PROJECT, status="closed")
        assert len(retire_extracts(settings, demo_register, actor=BY)) == 1
        guard.engines.keep_only(in_force(demo_register))
        assert not guard.engines.held
        refusal = ask(guard, "researcher-a").refusal
        assert refusal is not None
        assert refusal.code == "project-not-active"


def wait_until(holds: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
