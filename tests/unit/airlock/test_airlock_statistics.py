"""The service's statistics on a made history with known answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from egress.controlling import decide
from egress.drafting import add_files
from egress.reviewing import conclude
from egress.statistics import MonthRow, check_can_read_statistics, percentile, statistics, working_hours
from egress.submission import submit
from governance.clock import now
from governance.command_line import main
from governance.refusal import Refusal
from governance.store.airlock import EgressTurn
from tests.support.airlock_service import ServedAirlock
from tests.support.airlock_world import ADMIN, AUTHOR, BAD, CHECKER, SECOND, STEWARD, THIRD, WORDS, AirlockWorld, output

FRIDAY = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "later", "hours"),
    [
        (FRIDAY, timedelta(minutes=30), 0.5),
        (FRIDAY, timedelta(hours=10), 1.0),
        (FRIDAY, timedelta(days=2), 1.0),
        (FRIDAY, timedelta(days=3), 8.0),
        (FRIDAY + timedelta(days=1), timedelta(hours=5), 0.0),
        (FRIDAY, timedelta(weeks=2), 80.0),
        (FRIDAY, timedelta(0), 0.0),
    ],
)
def test_nights_and_weekends_are_not_waited_in(begin: datetime, later: timedelta, hours: float) -> None:
    assert working_hours(begin, begin + later) == hours


def test_percentiles_are_values_that_were_there() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0.0, 0.5, 0.75, 0.9, 1.0)] == [1, 2, 3, 4, 4]
    assert percentile([], 0.5) == 0.0


@pytest.fixture
def history(world: AirlockWorld) -> Iterator[AirlockWorld]:
    """One approved at once, one blocked and then approved, one returned by people, one let pass by the controller, one
    rejected, one under way."""
    at_once = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=at_once)
    blocked = world.submitted(output(content=BAD))
    add_files(world.airlock, actor=AUTHOR, request_id=blocked, files=[output()])
    submit(world.airlock, actor=AUTHOR, request_id=blocked)
    for checker in (CHECKER, THIRD):
        world.vote_all(checker, blocked)
    conclude(world.airlock, actor=CHECKER, request_id=blocked)
    for decision in ("changes", "reject"):
        request = world.submitted()
        for checker in (CHECKER, SECOND):
            world.vote_all(checker, request, decision)
        conclude(world.airlock, actor=CHECKER, request_id=request)
    excepted = world.reviewed(output(content=BAD), description=replace(WORDS, exception="Published already."))
    conclude(world.airlock, actor=CHECKER, request_id=excepted)
    decide(world.airlock, actor=STEWARD, request_id=excepted, decision="approved", reason="So it is.")
    world.vote_all(CHECKER, under_way := world.submitted())
    world.vote_all(CHECKER, under_way, "changes")  # changed its mind: one piece of work
    yield world


def test_a_made_history_has_the_known_answers(history: AirlockWorld) -> None:
    week = now() - timedelta(days=7)
    with history.store.transaction() as session:  # every turn was handed in a week ago: 40 working hours
        session.query(EgressTurn).update({"submitted_at": week})
    with history.store.reading() as session:
        found = statistics(session)
    month = f"{now():%Y-%m}"
    hours = found.months[0].median_hours
    assert found.months == (MonthRow(month, 6, 3, 2, 1, hours, found.months[0].slow_hours, 5, 2, 1, 1),)
    assert hours == pytest.approx(40, abs=0.2)
    assert found.months[0].slow_hours == pytest.approx(40, abs=0.2)
    assert [(row.check, row.turns) for row in found.reasons] == [("people", 1), ("word", 1)]
    assert {row.checker: row.turns for row in found.load} == {CHECKER: 6, SECOND: 4, THIRD: 1}


def test_a_register_without_answers_has_no_months(world: AirlockWorld, gateway: ServedAirlock) -> None:
    assert "Nothing was answered yet" in gateway.browser(CHECKER).open("/services/airlock/statistics").text
    with world.store.reading() as session:
        assert statistics(session).months == ()


def test_operators_read_them_on_the_command_line(
    history: AirlockWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for given in ([], ["--json"]):
        monkeypatch.setattr("sys.argv", ["sde", "airlock", "statistics", *given])
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
        said = capsys.readouterr().out
        assert "checker-a" in said
        assert WORDS.title not in said and "table.csv" not in said
    assert json.loads(said)["months"][0]["answered"] == 6


def test_the_page_is_for_checkers_and_administrators(history: AirlockWorld, gateway: ServedAirlock) -> None:
    for person in (CHECKER, ADMIN):
        page = gateway.browser(person).open("/services/airlock/queue").link("Statistics")
        assert "2 of 5" in page.text and "Why requests came back" in page.text
        assert WORDS.title not in page.text
    for person in (AUTHOR, STEWARD):
        with history.store.reading() as session, pytest.raises(Refusal, match="output checkers and administrators"):
            check_can_read_statistics(session, person)
    assert "role-missing" in gateway.browser(AUTHOR).open("/services/airlock/statistics").text
