"""Planted requests: nobody can tell one from another request before their vote, and no way leads out of its review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from egress.budget import spent_today
from egress.calibration.planting import Planted, plant
from egress.collecting import collect
from egress.controlling import decide
from egress.directions import Direction
from egress.ending_review import vote_and_go_on
from egress.endings import withdraw
from egress.inbox import unread_notices
from egress.limits import AirlockLimits, profile_of
from egress.listing import list_for_others, list_own, queue_load
from egress.moving import move
from egress.operator_view import list_requests
from egress.planted import MOVES
from egress.policies import ballot_of, check_can_create, has_controller, project_of
from egress.reading import read_request
from egress.recalling import recall
from egress.release import release
from egress.reviewing import comment, conclude, open_preview, reopen
from egress.states import TRANSITIONS, Action, State
from egress.statistics import statistics
from egress.submission import submit
from egress.tending import tend
from egress.views import RequestView
from egress.watch import find_stuck
from governance.clock import now, today
from governance.data_uses.figures import read_figures
from governance.refusal import Refusal
from governance.registry import give_role
from governance.roles import Role
from governance.store.airlock import EgressRelease, EgressRequest, EgressVote
from governance.store.answers import ReleasedTable
from governance.store.audit_log import AuditEvent
from governance.store.notices import Notice
from hub.portal.views.requests import read_my_requests, read_queue
from tests.support.airlock_world import ADMIN, AUTHOR, CHECKER, COLLEAGUE, SECOND, STEWARD, THIRD, AirlockWorld

LEAK, FAILING, HARMLESS = "all-but-three", "small-counts-for-a-journal", "cohort-by-age"


def planted_for(world: AirlockWorld, item: str = LEAK) -> Planted:
    return plant(world.airlock, actor="service:test", checker=CHECKER, item=item, random=Random(1))


def author_of(world: AirlockWorld, made: Planted) -> str:
    return world.row(made.request).author


def seen_by(world: AirlockWorld, viewer: str) -> set[str]:
    listed = {row.id for row in list_for_others(world.airlock, viewer).rows}
    return listed | {row.id for row in list_own(world.airlock, viewer).rows}


def test_only_the_checkers_it_is_meant_for_see_it(world: AirlockWorld) -> None:
    made = planted_for(world)
    give_role(world.store, actor="service:test", subject=THIRD, role=Role.AUDITOR)  # who may look it up
    for viewer in (AUTHOR, COLLEAGUE, STEWARD, ADMIN, THIRD, "researcher-c"):
        assert made.request not in seen_by(world, viewer), viewer
        with pytest.raises(Refusal) as refused:
            read_request(world.airlock, viewer, made.request)
        assert refused.value.code == "no-such-request"
        assert queue_load(world.airlock, viewer).waiting == 0
        assert unread_notices(world.airlock, viewer) == ()
        with world.store.reading() as session:
            assert not read_my_requests(session, viewer) and not read_queue(session, viewer)
    for checker in (CHECKER, SECOND):
        assert made.request in seen_by(world, checker)
        assert queue_load(world.airlock, checker).waiting == 1
        assert [notice.request for notice in unread_notices(world.airlock, checker)] == [made.request]
        with world.store.reading() as session:
            assert [row.id for row in read_queue(session, checker)] == [made.request]


def skeleton(view: RequestView, author: str) -> dict[str, object]:
    """What a checker reads of a request, but for the words, names, numbers and moments that differ between any two."""
    (file,) = view.files
    return {
        "part": view.part,
        "state": view.summary.state,
        "turn": view.summary.turn,
        "standing": view.summary.standing.words,
        "days to answer": (view.summary.standing.due_at or now()).date(),
        "names its author": view.summary.author == author and view.summary.author_name != "",
        "says": (bool(view.own_words.context), bool(view.own_words.controls), bool(view.summary.title)),
        "file": (file.kind, file.votes, file.group, file.versions, file.is_new),
        "history": [(step.what, step.state) for step in view.history],
        "who did it": [step.actor for step in view.history],
        "in order": sorted(step.at for step in view.history) == [step.at for step in view.history],
        "id": (len(view.summary.id), view.summary.id.isalnum()),
        "began before it was submitted": view.summary.created_at < (view.summary.submitted_at or now()),
        "actions": view.actions,
        "obstacle": view.obstacle,
        "rest": (view.problem, view.exception, view.comments, view.release, view.intended_reason),
    }


def test_a_checker_reads_nothing_on_it_that_another_request_has_not(world: AirlockWorld) -> None:
    real = world.submitted()
    made = planted_for(world)
    views = [read_request(world.airlock, CHECKER, request) for request in (real, made.request)]
    assert author_of(world, made) == AUTHOR  # who submitted before
    assert skeleton(views[0], AUTHOR) == skeleton(views[1], AUTHOR)
    assert views[0].summary.project == views[1].summary.project
    notices = unread_notices(world.airlock, CHECKER)
    assert len({notice.words for notice in notices}) == 1 and len(notices) == 2
    with world.store.reading() as session:
        real_row, planted_row = sorted(read_queue(session, CHECKER), key=lambda row: row.id != real)
    assert (real_row.task, real_row.files, real_row.voted) == (planted_row.task, planted_row.files, planted_row.voted)


def test_it_is_looked_at_and_commented_on_like_any_other(world: AirlockWorld) -> None:
    made = planted_for(world)
    (file,) = world.outputs(made.request)
    assert open_preview(world.airlock, actor=CHECKER, request_id=made.request, file_id=file.id).name == file.name
    comment(world.airlock, actor=CHECKER, request_id=made.request, text="Look at this", audience="author")
    assert [row.text for row in read_request(world.airlock, CHECKER, made.request).comments] == ["Look at this"]
    assert read_request(world.airlock, SECOND, made.request).comments == ()


def test_the_chain_names_no_author_as_one_who_acted(world: AirlockWorld) -> None:
    made = planted_for(world)
    with world.store.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.detail.contains(made.request))).all()
    assert [event.event for event in events] == ["calibration.planted", "egress.screening_started", "egress.screened"]
    assert {event.actor for event in events} == {"service:test", "service:screening"}
    assert f'"shown_author":"{author_of(world, made)}"' in events[0].detail.replace(" ", "")


@pytest.mark.parametrize("item", [LEAK, FAILING])
def test_two_approvals_are_no_way_out(world: AirlockWorld, item: str) -> None:
    made = planted_for(world, item)
    (file,) = world.outputs(made.request)
    for checker in (CHECKER, SECOND, THIRD):
        after = vote_and_go_on(world.airlock, actor=checker, request_id=made.request, decisions={file.id: "approve"})
        assert after is State.IN_REVIEW
    assert tend(world.airlock).released == 0
    assert world.state(made.request) is State.IN_REVIEW
    assert nothing_left(world)


def force(world: AirlockWorld, made: Planted, state: State) -> None:
    """What somebody with the register in their hands might write: votes, a controller, an exception, a state."""
    with world.store.transaction() as session:
        request = session.get_one(EgressRequest, made.request)
        version = profile_of(project_of(session, request)).version
        for file in request.files:
            file.votes += (
                []
                if file.votes
                else [
                    EgressVote(checker=who, turn=1, sha256=file.sha256, policy_version=version, decision="approve")
                    for who in (CHECKER, SECOND, THIRD)
                ]
            )
            for vote in file.votes:
                vote.voted_at = now()
        request.state, request.exception_reason, request.asked_by = state.value, "The funder asks.", CHECKER
        request.controller, request.controlled_turn = STEWARD, 1
        session.flush()
        assert ballot_of(session, request).is_approved and has_controller(request)


def ways_out(world: AirlockWorld, made: Planted) -> list[Callable[[], object]]:
    airlock, request, shown = world.airlock, made.request, author_of(world, made)
    return [
        lambda: release(airlock, requested_by=CHECKER, request_id=request),
        lambda: release(airlock, requested_by=STEWARD, request_id=request),
        lambda: release(airlock, requested_by=ADMIN, request_id=request),
        lambda: conclude(airlock, actor=CHECKER, request_id=request),
        lambda: decide(airlock, actor=STEWARD, request_id=request, decision="approved", reason="Let it pass"),
        lambda: reopen(airlock, actor=CHECKER, request_id=request, reason="Back"),
        lambda: recall(airlock, actor=ADMIN, request_id=request, reason="Back"),
        lambda: submit(airlock, actor=shown, request_id=request),
        lambda: withdraw(airlock, actor=shown, request_id=request),
        lambda: collect(airlock, actor=shown, request_id=request, name="manifest.json"),
    ]


def test_no_state_forced_on_it_lets_it_out(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress.tending.GRACE", timedelta(0))
    made = planted_for(world, FAILING)
    for state in State:
        force(world, made, state)
        for way in ways_out(world, made):
            with pytest.raises(Refusal):
                way()
        assert tend(world.airlock).released == 0
    with world.store.transaction() as session:  # and a release that was written by hand is not answered with
        session.add(EgressRelease(request_id=made.request, folder="x", manifest_sha256="0" * 64, released_at=now()))
        session.get_one(EgressRequest, made.request).state = State.RELEASED.value
    for way in ways_out(world, made):
        with pytest.raises(Refusal):
            way()
    with world.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReleasedTable)) == 0
    assert not list(world.airlock.settings.folder.releases.rglob("manifest.json"))


def test_no_row_of_the_diagram_moves_it_but_its_screening(world: AirlockWorld) -> None:
    made = planted_for(world)
    rows = [row for row in TRANSITIONS if row.source is not None and row.action not in MOVES]
    assert {row.action for row in rows} >= {Action.VOTE, Action.RELEASE, Action.FINISH_RELEASE, Action.DECIDE}
    for row in rows:
        with world.store.transaction() as session:
            request = session.get_one(EgressRequest, made.request)
            with pytest.raises(Refusal) as refused:
                move(session, request, row.action, row.target, actor="service:release")
            assert refused.value.code == "wrong-state"


def nothing_left(world: AirlockWorld) -> bool:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(EgressRelease)) == 0


def test_it_counts_nowhere(world: AirlockWorld) -> None:
    world.reviewed()
    tomorrow = today() + timedelta(days=1)
    with world.store.reading() as session:
        before, public = statistics(session), read_figures(session, tomorrow)
    assert public.outputs_asked == 1
    made = planted_for(world)
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, made.request)
    with world.store.reading() as session:
        assert statistics(session) == before
        assert read_figures(session, tomorrow) == public
        assert spent_today(session, made.project, Direction.OUT).files == 0
        assert made.request not in {row.id for row in list_requests(session, None, None)}
        session.get_one(EgressRequest, made.request).due_at = made_late = now()
        assert made_late and made.request not in {one.request for one in find_stuck(session)}
        told = set(session.scalars(select(Notice.subject).where(Notice.request_id == made.request)))
        assert told == {CHECKER, SECOND, THIRD}  # neither the author nor an administrator


def test_it_takes_no_place_of_its_authors_open_requests(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress.policies.limits_of", lambda *_: AirlockLimits(open_requests=1))
    made = planted_for(world)
    with world.store.reading() as session:
        check_can_create(session, author_of(world, made), made.project)
