"""Random walks of re-identification, by everybody, with anybody's key, while time passes, roles come and go and two act
at once: whatever happens, two keyholders and the clinician stand behind every answer, and there is one at most.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from governance.audit import read_events, verify_chain
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import give_role, restore_person, suspend_person, withdraw_role
from governance.registry.reidentification import (
    approvals,
    expire_requests,
    find_request,
    refuse_request,
    withdraw_request,
)
from governance.registry.reidentification_states import OPEN, TRANSITIONS, State
from governance.registry.reidentification_views import list_requests
from governance.settings import load_settings
from intake.reidentification import Answer, OwnKey, answer, approve, ask
from tests.support.moving_clock import MovingClock
from tests.support.reidentification_lab import (
    ASKING,
    CLINICIAN,
    KEYHOLDERS,
    OPERATOR,
    Lab,
    make_template,
    number_of,
    open_copy,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
EVERYBODY = (ASKING, *KEYHOLDERS, CLINICIAN, "steward", "admin", "researcher-a", "outsider")
STRANGERS = {subject: OwnKey(subject, X25519PrivateKey.generate()) for subject in EVERYBODY}
REACHED: set[State] = set()
WAYS = {(row.source, row.target) for row in TRANSITIONS} | {(state, state) for state in State}


class ReidentificationMachine(RuleBasedStateMachine):
    """One gateway, a request at a time in hand."""

    def __init__(self, template: Lab, folder: Path) -> None:
        super().__init__()
        self.template, self.folder = template, folder
        self.patch, self.clock = pytest.MonkeyPatch(), MovingClock()
        self.clock.install(self.patch)
        self.states: dict[str, State] = {}
        self.said_yes: dict[str, set[str]] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.people: dict[str, int] = {}

    @initialize()
    def open(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.opened = open_copy(self.template, load_settings(state=self.folder))
        self.lab = next(self.opened)

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            next(self.opened, None)
        self.patch.undo()

    def newest(self) -> str:
        return list(self.states)[-1]

    def attempt(self, act: Callable[[], Any]) -> Any:
        """What the act gave, or None if it was refused: nothing else may happen."""
        try:
            return act()
        except Refusal as refusal:
            assert not [number for number in self.secrets() if number in str(refusal)]
            return None

    def secrets(self) -> list[str]:
        return [
            str(number) for person in self.people.values() for number in (self.lab.pseudonym(person), number_of(person))
        ]

    @rule(
        person=st.integers(1, 40),
        by=st.sampled_from(EVERYBODY),
        told=st.sampled_from((CLINICIAN, CLINICIAN, CLINICIAN, *EVERYBODY)),
        usual=st.integers(0, 3),
    )
    def file(self, person: int, by: str, told: str, usual: int) -> None:
        asking = ASKING if usual else by
        question = self.lab.question(person, requested_by=asking, clinician=told)
        made = self.attempt(lambda: ask(self.lab.settings, self.lab.store, question, actor=OPERATOR))
        if made:
            self.states[made], self.people[made] = State.REQUESTED, person
            self.said_yes[made], self.answers[made] = set(), []
            assert told == CLINICIAN
            assert asking in (ASKING, "steward", "admin")

    @precondition(lambda self: self.states)
    @rule(
        who=st.sampled_from((*KEYHOLDERS, *KEYHOLDERS, *EVERYBODY)),
        key=st.sampled_from(("own", "own", "own", *EVERYBODY)),
    )
    def approve(self, who: str, key: str) -> None:
        own = self.lab.own.get(who, STRANGERS[who]) if key == "own" else OwnKey(who, STRANGERS[key].private)
        request = self.newest()
        if self.attempt(lambda: approve(self.lab.settings, self.lab.store, request, own)):
            assert who in KEYHOLDERS
            assert key == "own"
            assert who not in self.said_yes[request]
            self.said_yes[request].add(who)

    @precondition(lambda self: self.states)
    @rule()
    def approve_both_at_once(self) -> None:
        request = self.newest()
        with ThreadPoolExecutor(4) as pool:
            given = list(
                pool.map(
                    lambda who: (
                        who,
                        self.attempt(lambda: approve(self.lab.settings, self.lab.store, request, self.lab.own[who])),
                    ),
                    KEYHOLDERS * 2,
                )
            )
        yes = [who for who, state in given if state]
        assert len(yes) == len(set(yes)), "nobody says yes twice"
        assert not set(yes) & self.said_yes[request]
        self.said_yes[request] |= set(yes)

    @precondition(lambda self: self.states)
    @rule(who=st.sampled_from((CLINICIAN, CLINICIAN, *EVERYBODY)), at_once=st.integers(1, 3))
    def answer(self, who: str, at_once: int) -> None:
        request = self.newest()
        own = self.lab.own.get(who, STRANGERS[who])
        with ThreadPoolExecutor(at_once) as pool:
            told = list(
                pool.map(
                    lambda _: self.attempt(lambda: answer(self.lab.settings, self.lab.store, request, own)),
                    range(at_once),
                )
            )
        given = [one for one in told if one]
        assert not given or who == CLINICIAN
        self.answers[request] += given

    @precondition(lambda self: self.states)
    @rule(act=st.sampled_from((refuse_request, withdraw_request)), by=st.sampled_from(("who may", *EVERYBODY)))
    def end(self, act: Callable[..., None], by: str) -> None:
        may = KEYHOLDERS[0] if act is refuse_request else ASKING
        who = may if by == "who may" else by
        reason = {"reason": "No need."} if act is refuse_request else {}
        request = self.newest()
        self.attempt(lambda: act(self.lab.store, actor=who, subject=who, request_id=request, **reason))

    @rule(steps=st.integers(1, 4))
    def things_go_their_way(self, steps: int) -> None:
        """What would be done next is done: walks get further."""
        for _ in range(steps):
            if not self.states or self.states[self.newest()] not in OPEN:
                self.file(7, ASKING, CLINICIAN, 1)
            elif missing := [who for who in KEYHOLDERS if who not in self.said_yes[self.newest()]]:
                self.approve(missing[0], "own")
            else:
                self.answer(CLINICIAN, 1)
            self.states_move_along_the_table()

    @rule(hours=st.sampled_from((73, 1)))
    def time_passes(self, hours: int) -> None:
        self.clock.ahead += timedelta(hours=hours)

    @rule(who=st.sampled_from((*KEYHOLDERS, CLINICIAN, ASKING)))
    def standing_changes(self, who: str) -> None:
        if not self.attempt(lambda: [suspend_person(self.lab.store, actor=OPERATOR, subject=who)]):
            self.attempt(lambda: restore_person(self.lab.store, actor=OPERATOR, subject=who))

    @rule(who=st.sampled_from(KEYHOLDERS))
    def role_changes(self, who: str) -> None:
        role = {"actor": OPERATOR, "subject": who, "role": "keyholder"}
        if not self.attempt(lambda: [withdraw_role(self.lab.store, **role)]):
            self.attempt(lambda: give_role(self.lab.store, **role))

    @invariant()
    def every_answer_has_its_three(self) -> None:
        for request, given in self.answers.items():
            assert len(given) <= 1
            if given:
                assert self.said_yes[request] == set(KEYHOLDERS)
                [told] = given[0].told
                assert told.nhs_number == number_of(self.people[request])

    @invariant()
    def states_move_along_the_table(self) -> None:
        if not self.states:
            return
        expire_requests(self.lab.store)
        with self.lab.store.reading() as session:
            assert {view.id for view in list_requests(session)} == set(self.states)
            for request, before in self.states.items():
                row = find_request(session, request)
                after = State(row.state)
                assert _leads(before, after), f"{before} -> {after}"
                assert (after is State.ANSWERED) == bool(self.answers[request])
                assert {held.subject for held in approvals(session, request)} == self.said_yes[request]
                if after in OPEN:
                    assert row.expires_at > now()
                    assert row.sealed
                else:
                    assert row.sealed == b""
                    assert all(held.share == b"" for held in approvals(session, request))
                self.states[request] = after
                REACHED.add(after)

    @invariant()
    def the_chain_holds_and_names_nobody(self) -> None:
        if not self.states:
            return
        with self.lab.store.reading() as session:
            assert verify_chain(session, self.lab.store.audit_head, self.lab.store.signing_key).holds
            said = [(event.event, json.loads(event.detail)) for event in read_events(session)]
        for request, state in self.states.items():
            ends = [
                name for name, detail in said if detail.get("request") == request and name.split(".")[1] in set(State)
            ]
            steps = [name.split(".")[1] for name in ends if name not in ("reidentification.requested",)]
            assert len([step for step in steps if step not in ("approved",)]) == (state not in OPEN)
        written = json.dumps([detail for name, detail in said if name.startswith("reidentification.")])
        assert not [number for number in self.secrets() if number in written]


def _leads(before: State, after: State) -> bool:
    """Whether the table leads from one to the other, in as many steps as it takes."""
    reached, last = {before}, set[State]()
    while reached != last:
        last = set(reached)
        reached |= {target for source, target in WAYS if source in reached}
    return after in reached


def test_whoever_does_what(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> None:
    folder = tmp_path_factory.mktemp("machine")
    template = make_template(folder / "template" / "state", demo_template)
    run_state_machine_as_test(
        lambda: ReidentificationMachine(template, folder / "state"),
        settings=settings(max_examples=30, stateful_step_count=15),
    )
    assert {State.ANSWERED, State.EXPIRED} < REACHED, "walks that get nowhere show little"
