"""Every approval at every gate: ended, not begun, withdrawn, suspended, stopped, and in force again once renewed.

One register and one airlock for all of it; each cause is put right again before the next, which is the promise that
work resumes cleanly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from egress.collecting import collect, collect_by_link
from egress.links import make_link
from egress.policies import check_can_release, check_can_send, check_can_take, check_can_vote
from egress.release import release
from egress.reviewing import conclude
from egress.states import State
from egress.submission import submit
from governance import registry
from governance.callers import Caller
from governance.demo_register import BOARD, UNIVERSITY, demo_approvals
from governance.refusal import Refusal
from governance.roles import ApprovalKind, StopScope
from governance.settings import load_settings
from hub.edge.approval import Approval as EdgeApproval
from hub.edge.table import Workspace
from hub.housekeeping.approvals import EndedApprovals
from hub.portal.permissions import Permission, check_permission
from hub.workspace_standing import Standing
from query_guard.case import read_scope
from tests.support.airlock_world import AUTHOR, CHECKER, PROJECT, SECOND, AirlockWorld, output
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow  # some twenty causes, each at a dozen gates

BY, OTHER = "operator:test", "operator:other"
COURSE = "project-work"  # of researchers; output checkers have the demonstration's own
FAR = timedelta(days=200)
#: Gates by whom a cause must hit.
MEMBER = ("spawn", "query", "edge", "open workspace", "member's page", "submit", "take")
REVIEW = ("vote", "reviewer's page")
EVERYWHERE = (*MEMBER, *REVIEW, "release")
LEAVING = ("submit", "take", "vote", "release")


@dataclass
class Scene:
    """The world with one request at each stage, so that every gate has something to decide."""

    world: AirlockWorld
    clock: MovingClock
    draft: str
    waiting: str
    approved: str
    released: str

    def today(self) -> date:
        return self.clock.today()

    def refusals(self) -> dict[str, str]:
        """Gate -> code; gates that let through are not in it."""
        found: dict[str, str] = {}
        for name, gate in GATES.items():
            with self.world.store.reading() as session:
                try:
                    gate(self, session)
                except Refusal as refusal:
                    found[name] = refusal.code
        return found


def ask_query(scene: Scene, session: Session) -> None:
    try:
        read_scope(scene.world.airlock.settings, scene.world.store, Caller(AUTHOR, PROJECT, "channel"))
    except Refusal as refusal:
        if refusal.code != "no-extract":  # let in; there is nothing to read in this world
            raise


def ask_edge(scene: Scene, session: Session) -> None:
    said = EdgeApproval(scene.world.store, scene.world.airlock.settings.session_hours)._read(Workspace(AUTHOR, PROJECT))
    if isinstance(said, Refusal):
        raise said


def ask_sweep(scene: Scene, session: Session) -> None:
    for code in EndedApprovals(None, scene.world.store)._ended([(AUTHOR, PROJECT)]).values():  # type: ignore[arg-type]
        raise Refusal(code, "ended")


Gate = Callable[[Scene, Session], object]
GATES: dict[str, Gate] = {
    "spawn": lambda scene, session: Standing(scene.world.store, AUTHOR, PROJECT).check_approved(),
    "query": ask_query,
    "edge": ask_edge,
    "open workspace": ask_sweep,
    "member's page": lambda scene, session: check_permission(session, AUTHOR, Permission.MEMBER, PROJECT),
    "submit": lambda scene, session: check_can_send(session, AUTHOR, request_of(session, scene.draft)),
    "take": lambda scene, session: check_can_take(session, AUTHOR, request_of(session, scene.released)),
    "vote": lambda scene, session: check_can_vote(
        session,
        SECOND,
        request_of(session, scene.waiting),
        dict.fromkeys((file.id for file in scene.world.outputs(scene.waiting)), "approve"),
    ),
    "reviewer's page": lambda scene, session: check_permission(session, SECOND, Permission.CHECKER),
    "release": lambda scene, session: check_can_release(session, CHECKER, request_of(session, scene.approved)),
}


def request_of(session: Session, request_id: str) -> object:
    from egress.moving import load_request

    return load_request(session, request_id)


@pytest.fixture(scope="module")
def scene(airlock_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Nothing is in the way in it."""
    settings = load_settings(state=tmp_path_factory.mktemp("standing") / "state")
    world = AirlockWorld.copy_of(airlock_template, settings)
    later = date.today() + FAR
    registry.set_course(
        world.store, actor=BY, code=COURSE, title="Project work", months=12, required_for=["researcher"]
    )
    registry.record_training(world.store, actor=BY, subject=AUTHOR, course=COURSE, expires=later)
    released, approved = world.reviewed(), world.reviewed(output("second.csv", b"sex,people\nF,340\nM,410\n"))
    for request in (released, approved):
        conclude(world.airlock, actor=CHECKER, request_id=request)
    release(world.airlock, requested_by=CHECKER, request_id=released)
    waiting = world.submitted(output("third.csv", b"sex,people\nF,120\nM,410\n"))
    draft = world.draft(output("fourth.csv", b"sex,people\nF,900\nM,410\n"))
    with pytest.MonkeyPatch.context() as patch:
        clock = MovingClock()
        clock.install(patch)
        made = Scene(world, clock, draft, waiting, approved, released)
        assert made.refusals() == {}
        yield made
    world.store.close()


@dataclass(frozen=True)
class Cause:
    """One thing with a first and a last day. `write` puts it on record; `code` begins the code; `gates` are those it
    closes, and no others."""

    write: Callable[[Scene, date, date], None]
    code: str
    gates: tuple[str, ...]


def affiliation(subject: str, home: str) -> Callable[[Scene, date, date], None]:
    def write(scene: Scene, first: date, last: date) -> None:
        registry.record_affiliation(
            scene.world.store, actor=BY, subject=subject, organisation=home, starts=first, until=last
        )

    return write


def agreement(home: str) -> Callable[[Scene, date, date], None]:
    def write(scene: Scene, first: date, last: date) -> None:
        registry.record_agreement(
            scene.world.store, actor=BY, name=home, reference=f"Demo: {home}", starts=first, until=last
        )

    return write


def training(subject: str, course: str) -> Callable[[Scene, date, date], None]:
    def write(scene: Scene, first: date, last: date) -> None:
        store = scene.world.store
        with pytest.raises(Refusal, match="no-such-record"):
            while True:  # what was on record would cover the days before
                registry.withdraw_training(store, actor=BY, subject=subject, course=course, reason="test")
        registry.record_training(store, actor=BY, subject=subject, course=course, taken=first, expires=last)

    return write


def membership(scene: Scene, first: date, last: date) -> None:
    registry.add_member(
        scene.world.store, actor=BY, slug=PROJECT, subject=AUTHOR, role="researcher", starts=first, until=last
    )


def project(scene: Scene, first: date, last: date) -> None:
    registry.change_project(scene.world.store, actor=BY, slug=PROJECT, starts=first, ends=last)


def approval(kind: ApprovalKind) -> Callable[[Scene, date, date], None]:
    def write(scene: Scene, first: date, last: date) -> None:
        (paper,) = [one for one in demo_approvals(PROJECT, last) if one.kind == kind]
        renewed = registry.Approval(paper.kind, paper.reference, paper.party, first, last)
        registry.record_approval(scene.world.store, actor=BY, slug=PROJECT, approval=renewed)

    return write


PAPERS = (ApprovalKind.ETHICS, ApprovalKind.DPIA, ApprovalKind.CONTROLLER_AGREEMENT)  # the others go the same way
CHECKERS = ("vote", "reviewer's page", "release")  # of the checkers' organisation: both of them
CAUSES = {
    "author's affiliation": Cause(affiliation(AUTHOR, UNIVERSITY), "affiliation", (*MEMBER, "release")),
    "author's agreement": Cause(agreement(UNIVERSITY), "", (*MEMBER, "release")),
    "author's training": Cause(training(AUTHOR, "safe-researcher"), "training", (*MEMBER, "release")),
    "researcher's course": Cause(training(AUTHOR, COURSE), "role-training", (*MEMBER, "release")),
    "membership": Cause(membership, "membership-expired", (*MEMBER, "release")),
    "project": Cause(project, "project", (*MEMBER, "vote", "release")),
    **{kind.value: Cause(approval(kind), "approval", (*MEMBER, "vote", "release")) for kind in PAPERS},
    "checker's affiliation": Cause(affiliation(SECOND, BOARD), "affiliation", REVIEW),
    "checkers' agreement": Cause(agreement(BOARD), "", CHECKERS),
    "checker's training": Cause(training(SECOND, "safe-researcher"), "training", REVIEW),
    "checker's course": Cause(training(SECOND, "output-checking"), "role-training", REVIEW),
}


@pytest.mark.parametrize("name", CAUSES)
def test_ended_not_begun_and_renewed_at_every_gate(scene: Scene, name: str) -> None:
    cause, day = CAUSES[name], scene.today()
    cause.write(scene, day, day + timedelta(days=1))
    assert scene.refusals() == {}, "the last day counts"
    scene.clock.ahead += timedelta(days=2)
    day = scene.today()
    check(scene, cause, "expired", "ended")
    cause.write(scene, day, day + FAR)
    assert scene.refusals() == {}, "renewed"
    cause.write(scene, day + timedelta(days=1), day + FAR)
    check(scene, cause, "not-started", "expired")
    scene.clock.ahead += timedelta(days=1)
    assert scene.refusals() == {}, "it has begun"
    cause.write(scene, scene.today(), scene.today() + FAR)


def check(scene: Scene, cause: Cause, *ends: str) -> None:
    found = scene.refusals()
    assert set(found) == set(cause.gates)
    for code in found.values():
        assert code.startswith(cause.code) and code.endswith(ends), code


def suspend(scene: Scene) -> None:
    registry.suspend_person(scene.world.store, actor=BY, subject=AUTHOR)


def restore(scene: Scene) -> None:
    registry.restore_person(scene.world.store, actor=OTHER, subject=AUTHOR)


def status(word: str) -> Callable[[Scene], None]:
    return lambda scene: registry.change_project(scene.world.store, actor=BY, slug=PROJECT, status=word)


def stopping(scope: StopScope, target: str) -> tuple[Callable[[Scene], None], Callable[[Scene], None]]:
    what = {"scope": scope.value, "target": target, "reason": "A drill."}
    return (
        lambda scene: registry.stop(scene.world.store, actor=BY, **what),
        lambda scene: registry.resume(scene.world.store, actor=OTHER, **what),
    )


PROJECT_GATES = (*MEMBER, "vote", "release")
BY_HAND = {
    "person suspended": (suspend, restore, "person-suspended", (*MEMBER, "release")),
    "project suspended": (status("suspended"), status("active"), "project-not-active", PROJECT_GATES),
    "person stopped": (*stopping(StopScope.PERSON, AUTHOR), "person-stopped", (*MEMBER, "release")),
    "checker stopped": (*stopping(StopScope.PERSON, SECOND), "person-stopped", REVIEW),
    "project stopped": (*stopping(StopScope.PROJECT, PROJECT), "project-stopped", PROJECT_GATES),
    "egress stopped": (*stopping(StopScope.EGRESS, ""), "egress-stopped", LEAVING),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_stopped_by_hand_and_resumed_at_every_gate(scene: Scene, name: str) -> None:
    end, renew, code, gates = BY_HAND[name]
    end(scene)
    assert scene.refusals() == dict.fromkeys(gates, code)
    renew(scene)
    assert scene.refusals() == {}


@pytest.mark.parametrize("name", ["egress stopped", "project stopped", "person suspended"])
def test_the_actions_themselves_refuse_and_change_nothing(scene: Scene, name: str) -> None:
    end, renew, code, _ = BY_HAND[name]
    airlock, world = scene.world.airlock, scene.world
    token = make_link(airlock, actor=AUTHOR, request_id=scene.released).token
    end(scene)
    actions: list[Callable[[], object]] = [
        lambda: submit(airlock, actor=AUTHOR, request_id=scene.draft),
        lambda: release(airlock, requested_by=CHECKER, request_id=scene.approved),
        lambda: make_link(airlock, actor=AUTHOR, request_id=scene.released),
        lambda: collect(airlock, actor=AUTHOR, request_id=scene.released, name="table.csv"),
        lambda: collect_by_link(airlock, actor=AUTHOR, token=token),
    ]
    if name != "person suspended":  # the checkers' own gate
        actions.append(lambda: world.vote_all(SECOND, scene.waiting))
    for action in actions:
        with pytest.raises(Refusal, match=code):
            action()
    renew(scene)
    states = [world.state(request) for request in (scene.draft, scene.approved, scene.waiting, scene.released)]
    assert states == [State.DRAFT, State.APPROVED, State.IN_REVIEW, State.RELEASED]


def test_a_release_under_way_does_not_finish_after_a_stop(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch is thrown between packing and publishing."""
    import egress.release as story

    end, renew, code, _ = BY_HAND["egress stopped"]
    packed = story.pack

    def pack_and_stop(*given: object, **named: object) -> object:
        parcel = packed(*given, **named)  # type: ignore[arg-type]
        end(scene)
        return parcel

    monkeypatch.setattr(story, "pack", pack_and_stop)
    with pytest.raises(Refusal, match=code):
        release(scene.world.airlock, requested_by=CHECKER, request_id=scene.approved)
    assert scene.world.state(scene.approved) is State.RELEASE_FAILED
    renew(scene)
    monkeypatch.undo()
    release(scene.world.airlock, requested_by=CHECKER, request_id=scene.approved)
    assert scene.world.state(scene.approved) is State.RELEASED
