"""Random walks of the airlock keep its invariants, whoever does what in whatever order, with bytes flipping on disk
and time passing. Each invariant is a named check in tests/support/airlock_invariants.py; number 10 is asked here.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from egress import limits
from egress.collecting import collect
from egress.controlling import decide
from egress.directions import Direction
from egress.drafting import Description, add_files, create_draft, describe, remove_file
from egress.ending_review import conclude_and_release
from egress.endings import withdraw
from egress.grouping import add_group, describe_group, sort_file
from egress.groups import Words
from egress.recalling import recall
from egress.release import fail_interrupted, release
from egress.reviewing import comment, conclude, open_preview, reopen, vote
from egress.screening import screen_waiting
from egress.states import RESTING, State
from egress.submission import submit
from egress.tending import tend
from egress.watch import find_stuck
from governance.access import check_person_in_force
from governance.audit import verify_chain
from governance.refusal import Refusal
from governance.registry import add_member, change_project, remove_member
from governance.roles import ProjectRole, Role
from governance.settings import Settings, load_settings
from governance.store.airlock import EgressRequest
from tests.support.airlock_invariants import INVARIANTS, Moment, read_events
from tests.support.airlock_world import (
    BAD,
    CHECKER,
    GOOD,
    PROJECT,
    SECOND,
    STEWARD,
    THIRD,
    AirlockWorld,
    make_template,
    output,
    supporting,
)
from tests.support.moving_clock import MovingClock
from tests.support.scratch import shared_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # a failing walk is made short before it is shown
#: So small that the walks run into each of the six.
DAILY = limits.Amounts(files=3, bytes=60, cells=14)
PROJECT_DAILY = limits.Amounts(files=4, bytes=90, cells=20)
AUTHORS = ("researcher-a", "researcher-b")
CHECKERS = (CHECKER, SECOND, THIRD)
EVERYBODY = (*AUTHORS, *CHECKERS, STEWARD, "admin", "outsider")
LARGE = b"x" * (DAILY.bytes - 5)
CONTENTS = (GOOD, b"F,250\n", b"REVIEW this", BAD, LARGE)
DESCRIPTIONS = (
    Description("t", "context", "controls", purpose="code"),
    Description("t", "context", "controls", "an exception", purpose="code"),
    Description("u", "context", "controls", "another exception", purpose="code"),
    Description("t", "", "controls"),
)
#: Mostly the people who may, so that walks get far; now and then somebody else.
people = st.sampled_from(EVERYBODY)
authors = st.one_of(st.sampled_from(AUTHORS), st.sampled_from(AUTHORS), people)
checkers = st.one_of(st.sampled_from(CHECKERS), st.sampled_from(CHECKERS), people)
choices = st.integers(0, 3)
decisions = st.sampled_from(("approve", "approve", "approve", "changes", "reject"))
#: Two of three requests go out.
ways = st.sampled_from((Direction.OUT, Direction.OUT, Direction.IN))
#: Before which step of the straight road a byte flips on disk; 0 means never.
flips = st.sampled_from((0, 0, 0, 4, 5))
#: How many steps of the straight road, of which there are six to a release.
roads = st.sampled_from((0, 1, 2, 3, 4, 5, 6, 6))
contents = st.sampled_from((*CONTENTS, GOOD, GOOD, BAD))


#: Events of all walks: a walk that never gets anywhere proves nothing.
REACHED: set[str] = set()
STATES_REACHED: set[str] = set()
SAID = Words("what it shows", controls="rounded")


class AirlockMachine(RuleBasedStateMachine):
    """One gateway, up to four requests, everybody acting on any of them."""

    def __init__(self, template: Path, folder: Path) -> None:
        super().__init__()
        shutil.rmtree(folder, ignore_errors=True)
        self.patch, self.clock = pytest.MonkeyPatch(), MovingClock()
        self.clock.install(self.patch)
        tight = limits.AirlockLimits(daily=DAILY, project_daily=PROJECT_DAILY)
        self.patch.setattr(limits, "LIMITS", {("nhs-sde", "out"): tight})
        self.settings: Settings = load_settings(state=folder)
        self.world = AirlockWorld.copy_of(template, self.settings)
        self.airlock = self.world.airlock
        self.before: dict[str, str] = {}
        self.seen: tuple[int, ...] = ()
        self.requests: list[str] = []
        self.trained: dict[str, date] = {}

    def teardown(self) -> None:
        store = self.airlock.store
        with store.reading() as session:
            assert verify_chain(session, store.audit_head, store.signing_key).holds  # 6
        REACHED.update(event for prefix in ("egress.", "ingress.") for event in self.world.events(prefix))
        self.airlock.store.close()
        self.patch.undo()

    def pick(self, place: int) -> str:
        return self.requests[place % len(self.requests)]

    def attempt(self, action: Callable[..., Any], actor: str | None = None, **given: Any) -> Any:
        """The action's answer, or None if it was refused; anything but a Refusal fails the walk. Invariant 10: what
        succeeded was done by a person in force."""
        named = {} if actor is None else {"requested_by" if action is release else "actor": actor}
        try:
            answer = action(self.airlock, **named, **given)
        except Refusal:
            return None
        if actor is not None:
            self.assert_in_force(actor)
        return answer if answer is not None else True

    def assert_in_force(self, actor: str) -> None:
        """10: training in force by this walk's own book, and by the register."""
        if actor in self.trained:
            assert self.trained[actor] >= self.clock.today()
        with self.airlock.store.reading() as session:
            check_person_in_force(session, actor)

    def assert_author_in_force(self, request_id: str) -> None:
        self.assert_in_force(self.world.row(request_id).author)

    @initialize(
        content=contents, asks=st.booleans(), steps=roads, others=roads, decision=decisions, flip=flips, way=ways
    )
    def begin(
        self, content: bytes, asks: bool, steps: int, others: int, decision: str, flip: int, way: Direction
    ) -> None:
        """A walk begins with three requests anywhere on the road: one maybe with an exception, which a FAIL always has,
        one maybe on its way to be rejected; the third brings files in."""
        self.draft(
            "researcher-a", content, DESCRIPTIONS[int(asks or content == BAD)], with_notes=True, way=Direction.OUT
        )
        self.draft("researcher-a", LARGE, DESCRIPTIONS[0], with_notes=False, way=way)
        self.draft("researcher-b", GOOD, DESCRIPTIONS[0], with_notes=False, way=Direction.IN)
        self.go_on(0, steps, decision, flip)
        self.go_on(1, others, "reject" if asks else "approve", 0)
        self.go_on(2, steps, decision, flip)

    @precondition(lambda self: len(self.requests) < 4)
    @rule(actor=authors, content=contents, words=st.sampled_from(DESCRIPTIONS), with_notes=st.booleans(), way=ways)
    def draft(self, actor: str, content: bytes, words: Description, with_notes: bool, way: Direction) -> None:
        files = [output("a.csv", content), *([supporting(), output("c.csv", b"F,5\n")] if with_notes else [])]
        made = self.attempt(create_draft, actor, project=PROJECT, description=words, files=files, direction=way)
        if made:
            self.requests.append(made)

    @rule(actor=authors, place=choices, content=contents, name=st.sampled_from(("a.csv", "b.csv", "A.csv")))
    def add(self, actor: str, place: int, content: bytes, name: str) -> None:
        self.attempt(add_files, actor, request_id=self.pick(place), files=[output(name, content)])

    @rule(actor=authors, place=choices, file=choices)
    def remove(self, actor: str, place: int, file: int) -> None:
        files = self.world.files(self.pick(place))
        if files:
            chosen = files[file % len(files)].id
            self.attempt(remove_file, actor, request_id=self.pick(place), file_id=chosen)

    @rule(actor=authors, place=choices, file=choices, words=st.sampled_from((Words(), Words("why", controls="none"))))
    def group(self, actor: str, place: int, file: int, words: Words) -> None:
        """A group that may say nothing, with one file in it: nothing is then submitted until it says something."""
        request, files = self.pick(place), self.world.files(self.pick(place))
        made = self.attempt(add_group, actor, request_id=request, name=f"group {self.clock.ahead}", words=words)
        if made and files:
            chosen = files[file % len(files)]
            assert self.attempt(sort_file, actor, request_id=request, file_id=chosen.id, group=made)
            if chosen.kind == "output" and not words.context:
                assert not self.attempt(submit, actor, request_id=request)
                self.attempt(describe_group, actor, request_id=request, group=made, name="said", words=SAID)

    @rule(actor=authors, place=choices, words=st.sampled_from(DESCRIPTIONS))
    def redescribe(self, actor: str, place: int, words: Description) -> None:
        self.attempt(describe, actor, request_id=self.pick(place), description=words)

    @rule(place=choices, steps=st.integers(1, 5), decision=decisions, flip=flips)
    def go_on(self, place: int, steps: int, decision: str, flip: int) -> None:
        """The steps that people would take next, so that walks get far; a byte may flip before the step `flip`."""
        for step in range(steps):
            if flip and step == flip:
                self.flip_a_byte(place)
            self.take_next_step(place, decision)

    def take_next_step(self, place: int, decision: str) -> None:
        request = self.pick(place)
        state, author = self.world.state(request), self.world.row(request).author
        if state in (State.DRAFT, State.RETURNED):
            self.attempt(submit, author, request_id=request)
        elif state is State.IN_REVIEW:
            self.say(CHECKER, place, "author" if decision == "approve" else "checkers")
            self.vote_on_all(CHECKER, place, decision)
        elif state is State.PART_REVIEWED:
            self.vote_on_all(SECOND, place, "reject" if decision == "reject" else "approve")
        elif state is State.THIRD_OPINION:
            self.vote_on_all(THIRD, place, decision)
        elif state is State.REVIEWED:
            self.end_review(SECOND, place, at_once=False)
        elif state is State.AWAIT_CONTROLLER:
            self.decide_exception(STEWARD, place, "rejected" if decision == "reject" else "approved")
        elif state in (State.APPROVED, State.RELEASE_FAILED):
            self.let_go(CHECKER, place)
        elif state is State.RELEASED:
            self.fetch(author, place, "a.csv")
            if decision == "changes":
                self.call_back(SECOND, place)

    @rule(actor=authors, place=choices)
    def send(self, actor: str, place: int) -> None:
        self.attempt(submit, actor, request_id=self.pick(place))

    @rule(actor=checkers, place=choices, decision=decisions)
    def vote_on_all(self, actor: str, place: int, decision: str) -> None:
        files = [file.id for file in self.world.outputs(self.pick(place))]
        self.attempt(vote, actor, request_id=self.pick(place), decisions=dict.fromkeys(files, decision))

    @rule(actor=checkers, place=choices, file=choices, decision=decisions)
    def vote_on_one(self, actor: str, place: int, file: int, decision: str) -> None:
        files = self.world.files(self.pick(place))  # a supporting file too: must be refused
        if files:
            chosen = files[file % len(files)].id
            self.attempt(vote, actor, request_id=self.pick(place), decisions={chosen: decision})

    @rule(place=choices)
    def author_plays_reviewer(self, place: int) -> None:
        """1: whatever the state, nothing that reviewers do works for the author."""
        request = self.pick(place)
        author, given = self.world.row(request).author, {"request_id": request}
        files = [file.id for file in self.world.outputs(request)]
        assert not self.attempt(vote, author, **given, decisions=dict.fromkeys(files, "approve"))
        assert not any(self.attempt(open_preview, author, **given, file_id=file) for file in files)
        assert not self.attempt(decide, author, **given, decision="approved", reason="mine")
        assert not any(self.attempt(action, author, **given) for action in (conclude, release))
        assert not any(self.attempt(action, author, **given, reason="mine") for action in (reopen, recall))

    @rule(actor=people, place=choices, audience=st.sampled_from(("checkers", "author")))
    def say(self, actor: str, place: int, audience: str) -> None:
        self.attempt(comment, actor, request_id=self.pick(place), text=f"by {actor}", audience=audience)

    @rule(actor=people, place=choices)
    def look(self, actor: str, place: int) -> None:
        files = self.world.files(self.pick(place))
        if files:
            self.attempt(open_preview, actor, request_id=self.pick(place), file_id=files[0].id)

    @rule(actor=checkers, place=choices, at_once=st.booleans())
    def end_review(self, actor: str, place: int, at_once: bool) -> None:
        request = self.pick(place)
        done = self.attempt(conclude_and_release if at_once else conclude, actor, request_id=request)
        if done is State.RELEASED:
            self.assert_author_in_force(request)

    @rule(
        actor=st.one_of(st.just(STEWARD), people),
        place=choices,
        to=st.sampled_from(("approved", "returned", "rejected")),
    )
    def decide_exception(self, actor: str, place: int, to: str) -> None:
        self.attempt(decide, actor, request_id=self.pick(place), decision=to, reason="a reason")

    @rule(actor=checkers, place=choices)
    def let_go(self, actor: str, place: int) -> None:
        request = self.pick(place)
        done = self.attempt(release, actor, request_id=request)
        if done:
            events = len(self.world.events())
            again = self.attempt(release, actor, request_id=request)
            assert again == done  # 12
            assert len(self.world.events()) == events
            if self.before.get(request) != "released":
                self.assert_author_in_force(request)

    @rule(place=choices, steps=st.integers(1, 5), how=st.sampled_from(("training", "membership", "project")))
    def nothing_leaves_for_an_author_out_of_force(self, place: int, steps: int, how: str) -> None:
        """10: neither is it released to them, nor can they fetch or submit, even after approval; where the project is
        out of force, nobody votes either."""
        self.go_on(place, steps, "approve", 0)
        request = self.pick(place)
        author, released = self.world.row(request).author, self.world.state(request) is State.RELEASED
        self.put_out_of_force(author, how)
        assert released or not self.attempt(release, CHECKER, request_id=request)
        assert not self.attempt(collect, author, request_id=request, name="a.csv")
        assert not self.attempt(submit, author, request_id=request)
        if how == "project":
            files = [file.id for file in self.world.outputs(request)]
            assert not self.attempt(vote, CHECKER, request_id=request, decisions=dict.fromkeys(files, "approve"))
        self.clock.ahead += timedelta(minutes=20)
        self.serve()
        assert released or self.world.state(request) is not State.RELEASED
        self.put_in_force(author, how)

    def put_out_of_force(self, author: str, how: str) -> None:
        store, member = self.airlock.store, {"actor": "service:test", "slug": PROJECT}
        if how == "training":
            self.train(author, -1)
        elif how == "membership":
            remove_member(store, **member, subject=author)
        else:
            change_project(store, **member, status="suspended")

    def put_in_force(self, author: str, how: str) -> None:
        store, member = self.airlock.store, {"actor": "service:test", "slug": PROJECT}
        if how == "training":
            self.train(author, 300)
        elif how == "membership":
            until = self.clock.today() + timedelta(days=200)
            add_member(store, **member, subject=author, role=ProjectRole.RESEARCHER, until=until)
        else:
            change_project(store, **member, status="active")

    @rule(minutes=st.sampled_from((2, 20, 300)))
    def the_service_looks_after_things(self, minutes: int) -> None:
        """What it releases by itself goes to authors in force only, and it screens nothing twice."""
        self.clock.ahead += timedelta(minutes=minutes)
        self.serve()

    def serve(self) -> None:
        before = {request: self.world.state(request) for request in self.requests}
        assert tend(self.airlock).screened == 0  # every screening ran to its end
        for request, state in before.items():
            if self.world.state(request) is State.RELEASED and state is not State.RELEASED:
                self.assert_author_in_force(request)
        with self.airlock.store.reading() as session:
            named = {one.request for one in find_stuck(session)}
        for request in self.requests:
            row = self.world.row(request)
            waits = row.due_at is not None and row.due_at < self.clock_now() and State(row.state) not in RESTING
            assert not waits or request in named  # nothing is stuck in silence

    def clock_now(self) -> datetime:
        return datetime.now(UTC) + self.clock.ahead

    @rule(actor=checkers, place=choices)
    def send_back(self, actor: str, place: int) -> None:
        self.attempt(reopen, actor, request_id=self.pick(place), reason="cannot leave")

    @rule(actor=checkers, place=choices)
    def call_back(self, actor: str, place: int) -> None:
        self.attempt(recall, actor, request_id=self.pick(place), reason="a mistake")

    @rule(actor=authors, place=choices)
    def give_up(self, actor: str, place: int) -> None:
        if place == 3:  # seldom: it ends the request
            self.attempt(withdraw, actor, request_id=self.pick(place))

    @rule(actor=people, place=choices, name=st.sampled_from(("a.csv", "b.csv", "notes.txt", "manifest.json")))
    def fetch(self, actor: str, place: int, name: str) -> None:
        self.attempt(collect, actor, request_id=self.pick(place), name=name)

    @rule(place=choices)
    def flip_a_byte(self, place: int) -> None:
        outputs = self.world.outputs(self.pick(place))
        if outputs:
            self.world.flip_byte(self.pick(place))

    @rule(content=contents)
    def put_bytes_right(self, content: bytes) -> None:
        self.airlock.files.put(output(content=content).source)

    @rule(days=st.sampled_from((1, 1, 1, 40)))
    def time_passes(self, days: int) -> None:
        if self.clock.ahead < timedelta(days=120):
            self.clock.ahead += timedelta(days=days)

    @rule(subject=st.sampled_from(EVERYBODY[:-1]), days=st.sampled_from((-1, 30, 300, 300)))
    def train(self, subject: str, days: int) -> None:
        self.world.train(subject, days)
        self.trained[subject] = self.clock.today() + timedelta(days=days)

    @rule()
    def a_checker_was_a_member(self) -> None:
        """Votes of this checker given before stop to count, and no new one is taken."""
        if self.clock.ahead > timedelta(days=2):
            with contextlib.suppress(Refusal):
                self.world.join_and_leave(THIRD, Role.OUTPUT_CHECKER)

    @rule()
    def restart(self) -> None:
        assert fail_interrupted(self.airlock) == 0  # every release ran to its end
        assert screen_waiting(self.airlock) == 0

    @invariant()
    def invariants_hold(self) -> None:
        with self.airlock.store.reading() as session:
            rows = {row.id: row for row in session.query(EgressRequest)}
            events = read_events(session)
            moment = Moment(
                self.airlock, session, rows, dict(self.before), self.seen, events, CHECKERS, DAILY, PROJECT_DAILY
            )
            for check in INVARIANTS:
                check(moment)
            self.before = {request: row.state for request, row in rows.items()}
            STATES_REACHED.update(self.before.values())
            self.seen = tuple(event.seq for event in events)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the demonstration's register, made once and copied for every walk."""
    return shared_folder(tmp_path_factory, "airlock", make_template)


def test_random_walks_keep_the_invariants(template: Path, tmp_path: Path) -> None:
    run_state_machine_as_test(
        lambda: AirlockMachine(template, tmp_path / "walk"),
        settings=settings(
            max_examples=16,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {"egress.returned", "egress.approved", "egress.released"} <= REACHED
    assert {"ingress.returned", "ingress.released"} <= REACHED
    assert "third_opinion" in STATES_REACHED
