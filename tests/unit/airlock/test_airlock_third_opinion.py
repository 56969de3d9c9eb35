"""Where complete reviews differ, one more checker is asked, never one of the same people, and the majority decides."""

from __future__ import annotations

import pytest

from egress.ending_review import vote_and_go_on
from egress.reading import read_request
from egress.release import release
from egress.reviewing import comment, conclude, reopen
from egress.states import State
from governance.refusal import Refusal
from governance.registry import add_person, change_project, give_role, withdraw_role
from governance.roles import Role
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    CHECKER,
    PROJECT,
    SECOND,
    STEWARD,
    THIRD,
    AirlockWorld,
    output,
)
from tests.support.approvals import train

pytestmark = pytest.mark.slow
FOURTH = "checker-d"


def disputed(world: AirlockWorld, first: str = "approve", second: str = "changes") -> str:
    request = world.submitted()
    world.vote_all(CHECKER, request, first)
    assert world.vote_all(SECOND, request, second) is State.THIRD_OPINION
    return request


@pytest.mark.parametrize(
    ("first", "second", "third", "outcome"),
    [
        ("approve", "changes", "approve", State.APPROVED),
        ("reject", "approve", "approve", State.APPROVED),
        ("approve", "changes", "changes", State.RETURNED),
        ("approve", "reject", "reject", State.REJECTED),
        ("approve", "changes", "reject", State.RETURNED),  # all three differ
        ("changes", "reject", "reject", State.REJECTED),
        ("changes", "reject", "changes", State.RETURNED),
        ("changes", "reject", "approve", State.RETURNED),
    ],
)
def test_the_majority_of_three_decides(
    world: AirlockWorld, first: str, second: str, third: str, outcome: State
) -> None:
    request = disputed(world, first, second)
    assert world.vote_all(THIRD, request, third) is State.REVIEWED
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is outcome


def test_never_the_same_people_and_nothing_concludes_before(world: AirlockWorld) -> None:
    request = disputed(world)
    for checker in (CHECKER, SECOND):
        with pytest.raises(Refusal, match="already-reviewed"):
            world.vote_all(checker, request)
        with pytest.raises(Refusal, match="wrong-state"):
            conclude(world.airlock, actor=checker, request_id=request)
        with pytest.raises(Refusal, match="opinion-due"):
            reopen(world.airlock, actor=checker, request_id=request, reason="I give up.")
    with pytest.raises(Refusal, match="wrong-state"):
        release(world.airlock, requested_by=CHECKER, request_id=request)


def test_the_third_is_blind_and_the_author_learns_of_no_dispute(world: AirlockWorld) -> None:
    request = world.submitted()
    comment(world.airlock, actor=CHECKER, request_id=request, text="column two", audience="checkers")
    world.vote_all(CHECKER, request, "changes")
    before = read_request(world.airlock, AUTHOR, request).summary
    world.vote_all(SECOND, request)
    seen = read_request(world.airlock, THIRD, request)
    assert (seen.comments, [vote for file in seen.files for vote in file.votes]) == ((), [])
    assert seen.summary.state is State.THIRD_OPINION
    told = read_request(world.airlock, AUTHOR, request)
    assert told.summary == before
    assert all(step.state is not State.THIRD_OPINION for step in told.history)
    assert "further" not in told.summary.standing.words
    world.vote_all(THIRD, request)
    shown = read_request(world.airlock, THIRD, request)
    assert {vote.checker for file in shown.files for vote in file.votes} == {CHECKER, SECOND, THIRD}
    assert [one.text for one in shown.comments] == ["column two"]


def test_an_approving_third_opinion_releases_at_once(world: AirlockWorld) -> None:
    request = disputed(world)
    decisions = {file.id: "approve" for file in world.outputs(request)}
    assert vote_and_go_on(world.airlock, actor=THIRD, request_id=request, decisions=decisions) is State.RELEASED


def test_a_partial_further_opinion_is_none(world: AirlockWorld) -> None:
    request = world.submitted(output("a.csv"), output("b.csv", b"b,1\n"))
    first, second = (file.id for file in world.outputs(request))
    world.vote_all(CHECKER, request)
    world.vote(SECOND, request, {first: "approve", second: "changes"})
    assert world.vote(THIRD, request, {first: "approve"}) is State.THIRD_OPINION
    assert world.vote(THIRD, request, {second: "approve"}) is State.REVIEWED


def test_with_nobody_left_one_of_the_two_may_return_it(world: AirlockWorld) -> None:
    request = disputed(world)
    withdraw_role(world.store, actor="service:test", subject=THIRD, role=Role.OUTPUT_CHECKER)
    reopen(world.airlock, actor=CHECKER, request_id=request, reason="We differ about column two.")
    assert world.state(request) is State.RETURNED


def sensitive(world: AirlockWorld) -> None:
    change_project(world.store, actor=ADMIN, slug=PROJECT, sensitive=True)
    add_person(world.store, actor="service:test", subject=FOURTH, name=FOURTH, organisation="Northbridge NHS ICB")
    give_role(world.store, actor="service:test", subject=FOURTH, role=Role.OUTPUT_CHECKER)
    train(world.store, FOURTH)


def test_sensitive_sources_need_three_and_the_controller(world: AirlockWorld) -> None:
    from egress.controlling import decide

    sensitive(world)
    request = world.submitted()
    assert "three output checkers" in read_request(world.airlock, AUTHOR, request).summary.standing.words.casefold()
    states = [world.vote_all(checker, request) for checker in (CHECKER, SECOND, THIRD)]
    assert states == [State.PART_REVIEWED, State.PART_REVIEWED, State.REVIEWED]
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.AWAIT_CONTROLLER
    decide(world.airlock, actor=STEWARD, request_id=request, decision="approved", reason="Agreed.")
    release(world.airlock, requested_by=CHECKER, request_id=request)
    assert world.state(request) is State.RELEASED


def test_three_that_differ_ask_a_fourth(world: AirlockWorld) -> None:
    sensitive(world)
    request = world.submitted()
    for checker, decision in ((CHECKER, "approve"), (SECOND, "changes")):
        assert world.vote_all(checker, request, decision) is State.PART_REVIEWED
    assert world.vote_all(THIRD, request) is State.THIRD_OPINION
    assert world.vote_all(FOURTH, request) is State.REVIEWED
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.AWAIT_CONTROLLER


def test_a_project_that_becomes_sensitive_holds_back_what_two_approved(world: AirlockWorld) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    change_project(world.store, actor=ADMIN, slug=PROJECT, sensitive=True)
    with pytest.raises(Refusal, match="approvals-missing"):
        release(world.airlock, requested_by=CHECKER, request_id=request)
