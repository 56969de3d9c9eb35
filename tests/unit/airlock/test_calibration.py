"""What planted requests show, to whom, and when the next one is planted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from typer.testing import CliRunner

from egress.airlock import Airlock
from egress.calibration.library import LIBRARY, draw_item, find_item
from egress.calibration.planting import Planted, plant
from egress.calibration.results import (
    FEWEST,
    Share,
    check_can_read_results,
    has_answered,
    is_right,
    own_results,
    plants,
    scores,
)
from egress.calibration.scheduling import is_due, is_working_time, plant_due
from egress.commands.airlock import app
from egress.listing import list_for_others
from egress.states import State
from egress.submission import submit
from governance.access import can
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import give_role
from governance.roles import Role
from tests.support.airlock_world import ADMIN, AUTHOR, CHECKER, PROJECT, SECOND, STEWARD, THIRD, AirlockWorld
from tests.support.moving_clock import MovingClock

LEAK, HARMLESS = "all-but-three", "cohort-by-age"


def planted_for(world: AirlockWorld, item: str, checker: str = CHECKER) -> Planted:
    return plant(world.airlock, actor="service:test", checker=checker, item=item, random=Random(1))


@pytest.mark.parametrize(
    ("leaks", "decision", "right"),
    [
        (True, "approve", False),
        (True, "changes", True),
        (True, "reject", True),
        (False, "approve", True),
        (False, "changes", False),
        (False, "reject", False),
    ],
)
def test_what_is_right(leaks: bool, decision: str, right: bool) -> None:
    assert is_right(leaks, decision) is right


def test_small_numbers_bear_no_rate() -> None:
    assert Share(0, 0).words == "none yet"
    assert Share(3, FEWEST - 1).words == "3 of 9 (too few for a rate)"
    assert Share(9, 12).words == "9 of 12 (75 %, 95 % interval 47 to 91)"
    assert Share(12, 12).words == "12 of 12 (100 %, 95 % interval 76 to 100)"
    assert Share(0, 10).words == "0 of 10 (0 %, 95 % interval 0 to 28)"


def test_one_vote_tells_and_ends_it_for_that_checker_only(world: AirlockWorld) -> None:
    made = planted_for(world, LEAK)
    score, answers = own_results(world.airlock, CHECKER)
    assert (score.caught, answers) == (Share(0, 0), ())
    assert not has_answered(world.airlock, CHECKER, made.request)
    assert world.vote_all(CHECKER, made.request) is State.IN_REVIEW
    assert has_answered(world.airlock, CHECKER, made.request)
    score, (answer,) = own_results(world.airlock, CHECKER)
    assert (score.caught, score.passed) == (Share(0, 1), Share(0, 0))
    assert (answer.right, answer.leaks, answer.decision) == (False, True, "approve")
    assert "all but three" in answer.text and "count under 10" in answer.told
    with pytest.raises(Refusal) as refused:  # no second thoughts once it is told
        world.vote_all(CHECKER, made.request, "reject")
    assert refused.value.code == "no-such-request"
    assert list_for_others(world.airlock, CHECKER).rows == ()
    assert [row.id for row in list_for_others(world.airlock, SECOND).rows] == [made.request]
    assert own_results(world.airlock, SECOND)[1] == ()
    world.vote_all(SECOND, made.request, "reject")
    assert own_results(world.airlock, SECOND)[0].caught == Share(1, 1)
    assert len(own_results(world.airlock, CHECKER)[1]) == 1


def test_who_reads_whose_results(world: AirlockWorld) -> None:
    made = [planted_for(world, LEAK), planted_for(world, HARMLESS)]
    world.vote_all(CHECKER, made[0].request, "changes")
    world.vote_all(CHECKER, made[1].request, "reject")
    world.vote_all(SECOND, made[1].request)
    give_role(world.store, actor="service:test", subject=THIRD, role=Role.AUDITOR)
    with world.store.reading() as session:
        readers = (AUTHOR, CHECKER, SECOND, STEWARD, ADMIN, THIRD)
        assert [who for who in readers if can(check_can_read_results, session, who)] == [ADMIN, THIRD]
        found = {score.checker: (score.caught, score.passed) for score in scores(session)}
        assert found == {CHECKER: (Share(1, 1), Share(0, 1)), SECOND: (Share(0, 0), Share(1, 1))}
        rows = {row.item: (row.votes, row.right, row.is_open) for row in plants(session)}
        assert rows == {LEAK: (1, 1, True), HARMLESS: (2, 1, True)}
    for viewer in (AUTHOR, STEWARD):
        with pytest.raises(Refusal) as refused:
            own_results(world.airlock, viewer)
        assert refused.value.code == "role-missing"


def test_nothing_is_planted_for_who_may_look_it_up(world: AirlockWorld) -> None:
    give_role(world.store, actor="service:test", subject=CHECKER, role=Role.AUDITOR)
    for checker, code in ((CHECKER, "checker-knows"), (AUTHOR, "role-missing")):
        with pytest.raises(Refusal) as refused:
            planted_for(world, LEAK, checker)
        assert refused.value.code == code


def test_a_made_output_that_a_check_stops_is_shown_to_nobody(world: AirlockWorld) -> None:
    broken = Airlock(world.store, world.airlock.settings, lambda *given, **named: [], world.airlock.sanitise_file)
    with pytest.raises(Refusal) as refused:
        plant(broken, actor="service:test", checker=CHECKER, item=LEAK)
    assert refused.value.code == "made-output-stopped"
    assert list_for_others(world.airlock, CHECKER).rows == ()
    assert world.events("calibration.") == ["calibration.planted", "calibration.ended"]


def test_it_ends_when_a_request_would_be_late(world: AirlockWorld, clock: MovingClock) -> None:
    made = planted_for(world, LEAK)
    clock.ahead = (world.row(made.request).due_at or now()) - now() + timedelta(minutes=1)
    assert list_for_others(world.airlock, CHECKER).rows == ()
    with pytest.raises(Refusal):
        world.vote_all(CHECKER, made.request)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    made = MovingClock()
    made.install(monkeypatch)
    return made


def to_a_working_hour(clock: MovingClock, *, days: int = 0) -> None:
    """To noon of the next Monday but `days`."""
    monday = timedelta(days=7 - now().weekday() + days)
    clock.ahead += now().replace(hour=12, minute=0) + monday - now()


def with_rate(world: AirlockWorld, every: int) -> AirlockWorld:
    settings = world.airlock.settings.model_copy(update={"calibration_every": every})
    airlock = world.airlock
    return AirlockWorld(Airlock(world.store, settings, airlock.check_files, airlock.sanitise_file, airlock.read_tables))


def review(world: AirlockWorld, checker: str) -> None:
    world.vote_all(checker, world.submitted())


def test_planted_after_about_so_many_reviews(world: AirlockWorld, clock: MovingClock) -> None:
    to_a_working_hour(clock)
    rated = with_rate(world, 2)
    review(world, CHECKER)
    assert plant_due(rated.airlock, Random(3)) == 0  # one of two
    review(world, CHECKER)
    assert plant_due(world.airlock, Random(3)) == 0  # off unless a setting says otherwise
    assert plant_due(rated.airlock, Random(3)) == 1
    assert plant_due(rated.airlock, Random(3)) == 0  # it waits for them
    with world.store.reading() as session:
        (row,) = plants(session)
        assert not is_due(session, SECOND, 0)  # who has one before them too
    clock.ahead += timedelta(minutes=1)
    world.vote_all(CHECKER, row.request)
    with world.store.reading() as session:
        assert not is_due(session, CHECKER, 2)  # the count begins anew
    for _ in range(3):  # at most twice the rate, less one
        review(world, CHECKER)
    with world.store.reading() as session:
        assert is_due(session, CHECKER, 2)


@pytest.mark.parametrize(("days", "hour", "works"), [(0, 12, True), (0, 8, False), (0, 17, False), (5, 12, False)])
def test_only_when_people_work(clock: MovingClock, days: int, hour: int, works: bool) -> None:
    to_a_working_hour(clock, days=days)
    assert is_working_time(now().replace(hour=hour, minute=30)) is works


def test_in_a_project_the_checker_may_review_under_a_member_who_submits(world: AirlockWorld) -> None:
    request = world.draft()
    submit(world.airlock, actor=AUTHOR, request_id=request)
    for _ in range(5):
        made = plant(world.airlock, actor="service:test", checker=CHECKER, item=HARMLESS)
        row = world.row(made.request)
        assert (row.project_slug, row.author) == (PROJECT, AUTHOR)


def test_every_made_output_has_its_turn() -> None:
    planted: Counter[str] = Counter()
    for _ in LIBRARY:
        planted[draw_item(planted, Random(5)).name] += 1
    assert set(planted.values()) == {1} and len(planted) == len(LIBRARY)
    with pytest.raises(Refusal):
        find_item("something-else")


def test_made_outputs_differ_each_time_and_say_what_authors_must() -> None:
    for item in LIBRARY:
        assert item.words.cleaned() == item.words and item.words.context and item.words.controls, item.name
        assert item.told and item.title and "\n" not in item.told
    drawn = [item.write(Random(1)) != item.write(Random(2)) for item in LIBRARY]
    assert sum(drawn) >= len(LIBRARY) - 1  # one is a quotation


def test_commands(world: AirlockWorld) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["calibration", *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    assert "Nothing was planted" in run("list")
    assert LEAK in run("library")
    made = planted_for(world, LEAK)
    assert made.request in run("list")
    world.vote_all(CHECKER, made.request, "reject")
    assert "1 of 1 (too few for a rate)" in run("results")
    (row,) = json.loads(run("results", "--json"))
    assert row["caught"] == {"right": 1, "shown": 1}
