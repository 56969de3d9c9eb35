"""Lists page by page, where each request stands, what is stuck, and what the service does by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from egress import limits
from egress.attempts import PASSING, plan_retry
from egress.commands.airlock import app
from egress.controlling import decide
from egress.drafting import Description
from egress.endings import withdraw
from egress.limits import DEFAULT, AirlockLimits, Amounts
from egress.listing import LONGEST_PAGE, Listing, list_for_others, list_own, queue_load
from egress.moving import find_request
from egress.policies import check_can_view
from egress.reading import read_request
from egress.recalling import recall
from egress.release import release
from egress.reviewing import conclude
from egress.standing import HOLDERS, NEXT, Holder, say_day, standing_of
from egress.states import RESTING, State, Who
from egress.tending import tend
from egress.watch import CHECKS, WORDS, Stuck, Why, find_stuck
from governance.access import can
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import change_project, withdraw_role
from governance.roles import Role
from governance.store.airlock import EgressRequest
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    BAD,
    CHECKER,
    COLLEAGUE,
    PROJECT,
    SECOND,
    STEWARD,
    THIRD,
    AirlockWorld,
    output,
)
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow
VIEWERS = (AUTHOR, COLLEAGUE, CHECKER, SECOND, THIRD, STEWARD, ADMIN, "keyholder-a")
EXCEPTION = Description("t", "c", "d", exception="The funder asks for it.")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    made = MovingClock()
    made.install(monkeypatch)
    return made


def change(world: AirlockWorld, request: str, **values: object) -> None:
    with world.store.transaction() as session:
        row = session.get_one(EgressRequest, request)
        for name, value in values.items():
            setattr(row, name, value)


def stuck(world: AirlockWorld) -> list[tuple[str, Why]]:
    with world.store.reading() as session:
        return [(one.request, one.why) for one in find_stuck(session)]


def all_pages(world: AirlockWorld, viewer: str, size: int) -> list[Listing]:
    pages = [list_for_others(world.airlock, viewer, size=size)]
    while pages[-1].next:
        pages.append(list_for_others(world.airlock, viewer, size=size, after=pages[-1].next))
    return pages


def populate(world: AirlockWorld) -> list[str]:
    """Requests of two people in most of the states."""
    returned = world.submitted()
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, returned, "changes")
    conclude(world.airlock, actor=CHECKER, request_id=returned)
    disputed = world.submitted()
    world.vote_all(CHECKER, disputed)
    world.vote_all(SECOND, disputed, "reject")
    referred = world.reviewed(output(content=BAD), description=EXCEPTION)
    conclude(world.airlock, actor=SECOND, request_id=referred)
    withdrawn = world.draft()
    withdraw(world.airlock, actor=AUTHOR, request_id=withdrawn)
    part = world.submitted()
    world.vote_all(THIRD, part)
    return [returned, disputed, referred, withdrawn, part, world.reviewed(), world.submitted(), world.draft()]


@pytest.mark.parametrize("when", ["in force", "project suspended", "steward voted", "checker was a member"])
def test_a_list_shows_exactly_what_may_be_opened(world: AirlockWorld, when: str, clock: MovingClock) -> None:
    made = populate(world)
    if when == "project suspended":
        change_project(world.store, actor="service:test", slug=PROJECT, status="suspended")
    if when == "checker was a member":
        world.join_and_leave(THIRD, Role.OUTPUT_CHECKER)
    if when == "steward voted":
        from governance.registry import give_role

        give_role(world.store, actor="service:test", subject=STEWARD, role=Role.OUTPUT_CHECKER)
        world.vote_all(STEWARD, made[-2])
        withdraw_role(world.store, actor="service:test", subject=STEWARD, role=Role.OUTPUT_CHECKER)
    for viewer in VIEWERS:
        listed = [row.id for page in all_pages(world, viewer, 2) for row in page.rows]
        with world.store.reading() as session:
            rows = [find_request(session, viewer, request) for request in made]
            opened = {row.id for row in rows if row.author != viewer and can(check_can_view, session, viewer, row)}
        assert len(listed) == len(set(listed))
        assert set(listed) == opened, viewer


def test_a_queue_goes_by_deadline_and_rests_last(world: AirlockWorld) -> None:
    late, soon, later = world.submitted(), world.submitted(), world.submitted()
    change(world, late, due_at=now() - timedelta(days=2))
    change(world, soon, due_at=now() + timedelta(hours=2))
    done = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=done)
    release(world.airlock, requested_by=CHECKER, request_id=done)
    rows = [row for page in all_pages(world, CHECKER, 1) for row in page.rows]
    assert [row.id for row in rows] == [late, soon, later, done]
    assert [row.standing.overdue for row in rows] == [True, False, False, False]
    assert rows[3].standing.due_at is None
    load = queue_load(world.airlock, CHECKER)
    assert (load.waiting, load.overdue) == (3, 1)
    assert list_for_others(world.airlock, CHECKER, project="respiratory").rows == ()
    assert rows[0].files == 1 and rows[0].author_name == "Amara Osei"


def test_own_requests_come_page_by_page(world: AirlockWorld) -> None:
    made = [world.draft() for _ in range(5)]
    first = list_own(world.airlock, AUTHOR, size=3)
    second = list_own(world.airlock, AUTHOR, PROJECT, after=first.next, size=3)
    assert [row.id for row in (*first.rows, *second.rows)] == made[::-1]
    assert (second.next, len(list_own(world.airlock, AUTHOR, size=LONGEST_PAGE * 9).rows)) == ("", 5)


@pytest.mark.parametrize(
    "after", ["x", "own~yesterday~1", "waiting~2026-11-22T10:00:00~1", "own~2026-11-22T10:00:00+00:00~1"]
)
def test_a_strange_page_is_refused(world: AirlockWorld, after: str) -> None:
    with pytest.raises(Refusal, match="bad-page"):
        list_for_others(world.airlock, CHECKER, after=after)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("part", [Who.AUTHOR, Who.CHECKER])
def test_there_is_a_reason_for_every_state(state: State, part: Who) -> None:
    moment = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
    since = moment - timedelta(days=2)
    row = EgressRequest(
        direction="out", state=state.value, changed_at=since, moved_at=since, due_at=moment + timedelta(days=1), turn=1
    )
    standing = standing_of(row, part, DEFAULT, moment)
    assert len(standing.words) > 15
    assert (standing.due_at is None) == (state in RESTING)
    assert {*HOLDERS, *NEXT} == set(State) - {State.PART_REVIEWED}  # which nobody is shown
    if standing.holder is not Holder.NOBODY:
        assert "since Monday" in standing.words
    if part is Who.AUTHOR and state is State.THIRD_OPINION:
        assert "differ" not in standing.words


def test_words_say_who_and_until_when() -> None:
    moment = datetime(2026, 11, 18, 12, tzinfo=UTC)
    since = moment - timedelta(days=2)
    row = EgressRequest(
        direction="out", state="in_review", changed_at=since, moved_at=since, due_at=moment + timedelta(days=1), turn=1
    )
    words = standing_of(row, Who.AUTHOR, DEFAULT, moment).words
    assert words.startswith("With two output checkers since Monday; due by tomorrow. Two output checkers look at it")
    row.due_at = moment - timedelta(days=1)
    assert "; was due by yesterday." in standing_of(row, Who.CHECKER, DEFAULT, moment).words
    row.moved_at = None  # of before it was kept
    assert standing_of(row, Who.CHECKER, DEFAULT, moment).since == since


@pytest.mark.parametrize(("days", "said"), [(0, "today"), (2, "Friday"), (-2, "Monday"), (9, "27 November 2026")])
def test_days_are_said_as_people_say_them(days: int, said: str) -> None:
    moment = datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert say_day(moment + timedelta(days=days), moment) == said


def test_budgets_hold_files_and_cells_of_person_and_project(
    world: AirlockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limit(**given: Amounts) -> None:
        monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): AirlockLimits(**given)})

    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    cells = world.outputs(request)[0].cells
    assert cells > 0
    for given in ({"daily": Amounts(1, 10**6, cells - 1)}, {"project_daily": Amounts(0, 10**6, 10**6)}):
        limit(**given)
        with pytest.raises(Refusal, match="budget-spent"):
            release(world.airlock, requested_by=CHECKER, request_id=request)
    limit(daily=Amounts(1, 10**6, cells))
    left = read_request(world.airlock, AUTHOR, request).budget
    assert (left.asked.cells, left.person_left.cells, left.fits) == (cells, cells, True)
    release(world.airlock, requested_by=CHECKER, request_id=request)
    spent = read_request(world.airlock, CHECKER, request).budget
    assert (spent.person_left.cells, spent.person_left.files, spent.fits) == (0, 0, False)
    other = world.submitted()
    assert read_request(world.airlock, CHECKER, other).budget.person_left.files == 0


def test_more_cells_than_a_day_allows_are_told_at_once(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): AirlockLimits(daily=Amounts(9, 10**6, 2))})
    request = world.submitted()
    assert world.state(request) is State.RETURNED
    assert [finding.check for finding in read_request(world.airlock, AUTHOR, request).findings] == ["budget"]
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): AirlockLimits(daily=Amounts(0, 10**6, 2))})
    with pytest.raises(Refusal, match="request-too-large"):
        world.submitted()


def test_approved_requests_leave_by_themselves_when_they_can(world: AirlockWorld, clock: MovingClock) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    assert tend(world.airlock).released == 0  # left to the person who just approved it
    change_project(world.store, actor="service:test", slug=PROJECT, status="suspended")
    clock.ahead = timedelta(minutes=20)
    assert tend(world.airlock).released == 0
    assert stuck(world) == [(request, Why.AUTHOR_OUT_OF_FORCE)]
    change_project(world.store, actor="service:test", slug=PROJECT, status="active")
    assert tend(world.airlock).released == 0  # it was put off
    assert stuck(world) == [(request, Why.RELEASE_WAITING)]
    clock.ahead = timedelta(minutes=40)
    assert tend(world.airlock).released == 1
    assert (world.state(request), stuck(world)) == (State.RELEASED, [])


def test_a_failed_release_is_tried_again_with_growing_waits(world: AirlockWorld, clock: MovingClock) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    key = world.airlock.settings.folder.keys / "release-signing.pem"
    key.parent.mkdir(exist_ok=True)
    held = key.read_bytes() if key.exists() else b""
    key.unlink(missing_ok=True)
    key.mkdir()
    with pytest.raises(Refusal):
        release(world.airlock, requested_by=CHECKER, request_id=request)
    waits = []
    while (row := world.row(request)).retry_at is not None:
        assert world.state(request) is State.RELEASE_FAILED
        waits.append(round((row.retry_at - now()) / timedelta(minutes=1)))
        assert tend(world.airlock).released == 0  # not before its time
        clock.ahead += timedelta(minutes=waits[-1] + 1)
        assert tend(world.airlock).released == 0
    assert waits == [1, 4, 16, 64, 256]
    assert stuck(world) == [(request, Why.RELEASE_FAILING)]
    key.rmdir()
    if held:
        key.write_bytes(held)
    release(world.airlock, requested_by=SECOND, request_id=request)
    assert world.state(request) is State.RELEASED


def test_a_changed_file_is_not_tried_again(world: AirlockWorld) -> None:
    assert "file-changed" not in PASSING
    row = EgressRequest(attempts=1)
    plan_retry(row, "file-changed", DEFAULT)
    assert (row.problem, row.retry_at) == ("file-changed", None)


def test_a_failed_release_whose_checker_is_gone_is_put_off(world: AirlockWorld, clock: MovingClock) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    change(world, request, state="release_failed", asked_by=CHECKER, retry_at=now() - timedelta(minutes=1))
    withdraw_role(world.store, actor="service:test", subject=CHECKER, role=Role.OUTPUT_CHECKER)
    assert tend(world.airlock).released == 0
    later = world.row(request).retry_at
    assert later is not None and later > now()


def test_a_screening_left_half_way_is_taken_up(world: AirlockWorld, clock: MovingClock) -> None:
    request = world.submitted()
    change(world, request, state="screening", moved_at=now())
    assert (tend(world.airlock).screened, stuck(world)) == (0, [])
    clock.ahead = timedelta(minutes=16)
    assert stuck(world) == [(request, Why.SERVICE_SLOW)]
    assert tend(world.airlock).screened == 1
    assert world.state(request) is State.IN_REVIEW


def test_one_broken_screening_does_not_stop_the_others(
    world: AirlockWorld, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sorted((world.submitted(), world.submitted()))
    for request in (first, second):
        change(world, request, state="screening", moved_at=now() - timedelta(hours=1))
    from egress import tending

    real = tending.screen
    monkeypatch.setattr(tending, "screen", lambda airlock, one: 1 / 0 if one == first else real(airlock, one))
    assert tend(world.airlock).screened == 1
    assert (world.state(first), world.state(second)) == (State.SCREENING, State.IN_REVIEW)


def test_every_way_of_being_stuck_is_named(world: AirlockWorld, clock: MovingClock) -> None:
    disputed = world.submitted()
    world.vote_all(CHECKER, disputed)
    world.vote_all(SECOND, disputed, "reject")
    referred = world.reviewed(output(content=BAD), description=EXCEPTION)
    conclude(world.airlock, actor=SECOND, request_id=referred)
    reviewed, waiting = world.reviewed(), world.submitted()
    failed = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=failed)
    change(world, failed, state="release_failed")
    assert stuck(world) == [(failed, Why.RELEASE_FAILING)]
    for checker in (SECOND, THIRD, CHECKER):
        withdraw_role(world.store, actor="service:test", subject=checker, role=Role.OUTPUT_CHECKER)
    for steward in (STEWARD, ADMIN):
        withdraw_role(world.store, actor="service:test", subject=steward, role=Role.DATA_STEWARD)
    assert dict(stuck(world)) == {
        disputed: Why.NO_FURTHER_CHECKER,
        referred: Why.NO_CONTROLLER,
        reviewed: Why.TOO_FEW_CHECKERS,
        waiting: Why.TOO_FEW_CHECKERS,
        failed: Why.RELEASE_FAILING,
    }
    world.train(AUTHOR, -1)
    assert dict(stuck(world))[failed] is Why.AUTHOR_OUT_OF_FORCE
    assert set(WORDS) == set(Why)
    change_project(world.store, actor="service:test", slug=PROJECT, status="suspended")
    assert {dict(stuck(world))[one] for one in (disputed, reviewed, waiting)} == {Why.PROJECT_OUT_OF_FORCE}
    assert set(CHECKS) == set(State) - RESTING


def test_what_is_only_late_says_so(world: AirlockWorld) -> None:
    request = world.submitted()
    change(world, request, due_at=now() - timedelta(minutes=1))
    assert stuck(world) == [(request, Why.OVERDUE)]
    result = CliRunner().invoke(app, ["stuck", "--json"], catch_exceptions=False)
    assert [(row["request"], row["why"]) for row in json.loads(result.output)] == [(request, "overdue")]
    assert Stuck(request, PROJECT, "in_review", Why.OVERDUE, now(), Why.OVERDUE.words, 1).words


def test_a_recall_leaves_the_queue(world: AirlockWorld) -> None:
    request = world.reviewed(output(content=BAD), description=EXCEPTION)
    conclude(world.airlock, actor=CHECKER, request_id=request)
    decide(world.airlock, actor=STEWARD, request_id=request, decision="approved", reason="Fine.")
    release(world.airlock, requested_by=CHECKER, request_id=request)
    recall(world.airlock, actor=SECOND, request_id=request, reason="A mistake.")
    assert queue_load(world.airlock, CHECKER).waiting == 0
    assert list_for_others(world.airlock, CHECKER).rows[0].standing.holder is Holder.AUTHOR
