"""Each row of who may do what, and each reason why somebody may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from egress import limits
from egress.buttons import find_obstacle, possible_actions
from egress.drafting import Description
from egress.permissions import PERMISSIONS, check_may
from egress.policies import check_can_create, check_can_preview, check_can_view
from egress.reviewing import conclude, vote
from egress.states import Action, State, Who
from governance.refusal import Refusal
from governance.registry import change_project, give_role, remove_member, suspend_person
from governance.roles import Role
from governance.store.airlock import EgressRequest
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    CHECKER,
    COLLEAGUE,
    PROJECT,
    SECOND,
    STEWARD,
    AirlockWorld,
    output,
)

pytestmark = pytest.mark.slow  # every combination: over ten seconds together

#: person -> the part they act in, action by action; every other pair is refused.
PARTS = {AUTHOR: Who.AUTHOR, CHECKER: Who.CHECKER, STEWARD: Who.CONTROLLER}
PEOPLE = (AUTHOR, COLLEAGUE, CHECKER, STEWARD, ADMIN)


def ask(world: AirlockWorld, request_id: str, check: Callable[..., object], *given: object) -> object:
    with world.store.reading() as session:
        return check(session, *given, session.get(EgressRequest, request_id))


def may(world: AirlockWorld, actor: str, request_id: str, action: Action) -> Who | str:
    """The part, or the refusal's code."""

    def check(session: Session, request: EgressRequest) -> Who:
        return check_may(session, actor, request, action)

    try:
        return ask(world, request_id, check)  # type: ignore[return-value]
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize("action", PERMISSIONS)
def test_each_row(world: AirlockWorld, action: Action) -> None:
    request = world.submitted()
    allowed = PERMISSIONS[action]
    answers = {actor: may(world, actor, request, action) for actor in PEOPLE}
    assert answers[AUTHOR] == (Who.AUTHOR if Who.AUTHOR in allowed else "own-request")
    assert answers[COLLEAGUE] == "no-such-request"  # a member, but neither author nor reviewer
    assert answers[CHECKER] == (Who.CHECKER if Who.CHECKER in allowed else "role-missing")
    assert answers[STEWARD] == (Who.CONTROLLER if Who.CONTROLLER in allowed else "role-missing")
    admin = {Who.CONTROLLER, Who.ADMINISTRATOR} & set(allowed)  # the demonstration's admin is a data steward too
    assert answers[ADMIN] in (admin or {"role-missing"})


def test_an_outsider_is_told_so_whether_or_not_the_request_exists(world: AirlockWorld) -> None:
    request = world.submitted()
    assert may(world, "outsider", request, Action.VIEW) == "not-registered"
    with pytest.raises(Refusal, match="not-registered"):
        vote(world.airlock, actor="outsider", request_id="0" * 16, decisions={1: "approve"})
    with pytest.raises(Refusal, match="no-such-request"):
        vote(world.airlock, actor=CHECKER, request_id="0" * 16, decisions={1: "approve"})


@pytest.mark.parametrize("actor", [AUTHOR, CHECKER, STEWARD])
def test_expired_training_ends_every_part_at_once(world: AirlockWorld, actor: str) -> None:
    request = world.submitted()
    world.train(actor, days=-1)
    assert may(world, actor, request, Action.VIEW) == "training-expired"


def test_a_suspended_checker_is_out(world: AirlockWorld) -> None:
    request = world.submitted()
    suspend_person(world.store, actor="service:test", subject=CHECKER)
    assert may(world, CHECKER, request, Action.VOTE) == "person-suspended"


def test_an_ended_project_stops_author_and_checker(world: AirlockWorld) -> None:
    request = world.submitted()
    change_project(world.store, actor="service:test", slug=PROJECT, status="suspended")
    assert may(world, AUTHOR, request, Action.VIEW) == "project-not-active"
    assert may(world, CHECKER, request, Action.VOTE) == "project-not-active"


def test_a_removed_author_loses_the_request(world: AirlockWorld) -> None:
    request = world.submitted()
    remove_member(world.store, actor="service:test", slug=PROJECT, subject=AUTHOR)
    assert may(world, AUTHOR, request, Action.VIEW) == "not-a-member"


@pytest.mark.parametrize(
    ("actor", "role", "code"),
    [
        (CHECKER, Role.OUTPUT_CHECKER, "checker-is-member"),
        (STEWARD, Role.DATA_STEWARD, "controller-is-member"),
    ],
)
def test_who_was_ever_a_member_neither_checks_nor_decides(
    world: AirlockWorld, actor: str, role: Role, code: str
) -> None:
    request = world.submitted()
    world.join_and_leave(actor, role)
    assert may(world, actor, request, Action.COMMENT) == code


def test_who_voted_cannot_decide_for_the_controller(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request)
    give_role(world.store, actor="service:test", subject=CHECKER, role=Role.DATA_STEWARD)
    assert may(world, CHECKER, request, Action.DECIDE) == "controller-voted"
    assert may(world, CHECKER, request, Action.VIEW) is Who.CHECKER


def test_a_draft_is_its_authors_alone(world: AirlockWorld) -> None:
    request = world.draft()

    def view(session: Session, row: EgressRequest) -> object:
        return check_can_view(session, CHECKER, row)

    with pytest.raises(Refusal, match="no-such-request"):
        ask(world, request, view)

    def preview(session: Session, row: EgressRequest) -> object:
        return check_can_preview(session, CHECKER, row, row.files[0].id)

    with pytest.raises(Refusal, match="wrong-state"):
        ask(world, request, preview)


def test_only_live_members_draft_and_only_so_many(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.store.reading() as session, pytest.raises(Refusal, match="not-a-member"):
        check_can_create(session, CHECKER, PROJECT)
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): limits.AirlockLimits(open_requests=1)})
    world.draft()
    with pytest.raises(Refusal, match="too-many-open"):
        world.draft()


def buttons(world: AirlockWorld, actor: str, request_id: str) -> frozenset[Action]:
    with world.store.reading() as session:
        return possible_actions(session, actor, session.get_one(EgressRequest, request_id))


def test_buttons_follow_state_and_part(world: AirlockWorld) -> None:
    request = world.draft()
    editing = {Action.DESCRIBE, Action.SUBMIT, Action.WITHDRAW, Action.COMMENT}
    assert buttons(world, AUTHOR, request) == editing
    sent = world.submitted()
    assert buttons(world, AUTHOR, sent) == frozenset()
    assert buttons(world, CHECKER, sent) == {Action.VOTE, Action.COMMENT}
    assert buttons(world, STEWARD, sent) == {Action.COMMENT}
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, sent)
    assert buttons(world, CHECKER, sent) == {Action.CONCLUDE, Action.COMMENT}


def test_the_obstacle_is_what_stands_in_the_way(world: AirlockWorld) -> None:
    def obstacle(actor: str, request_id: str) -> str:
        with world.store.reading() as session:
            found = find_obstacle(session, actor, session.get_one(EgressRequest, request_id))
        return found.code if found else ""

    wordless = world.draft(output(), description=Description("t", "", ""))
    assert obstacle(AUTHOR, wordless) == "context-missing"
    assert obstacle(CHECKER, world.submitted()) == ""
    approved = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=approved)
    world.train(AUTHOR, days=-1)
    assert obstacle(CHECKER, approved) == "training-expired"
    assert world.state(approved) is State.APPROVED
