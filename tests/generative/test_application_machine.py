"""Walks through applications with everybody in it trying everything, and asks after each step what must always hold.

No project without a quorum of unconflicted members for exactly its digest, every controller's agreement and signed
minutes; nobody decides on an application that names them; every change has its event and every refusal has none.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from governance.applications import answering, conditions, drafting, minutes, rounds, triage
from governance.applications.approving import approve
from governance.applications.kinds import Answer, Outcome
from governance.applications.states import APPROVED, TRANSITIONS, State
from governance.audit.verification import verify_chain
from governance.clock import today
from governance.refusal import Refusal
from governance.registry import initialise
from governance.settings import load_settings
from governance.store import Store, open_store
from governance.store.applications import Application, ApplicationVersion
from governance.store.audit_log import AuditEvent
from governance.store.projects import DataGrant, Project
from governance.store.review import ControllerAnswer, ReviewDeclaration, ReviewRound, ReviewVote
from tests.support.application_world import (
    APPLICANT,
    COLLEAGUE,
    DELEGATES,
    MEMBERS,
    OPERATOR,
    SOURCES,
    STEWARD,
    drafted,
    furnish,
    seen,
)

PEOPLE = (APPLICANT, COLLEAGUE, STEWARD, "admin", *MEMBERS, *DELEGATES, "stranger", OPERATOR)


@pytest.mark.slow
def test_no_walk_makes_a_project_that_was_not_decided(tmp_path: Path) -> None:
    template = tmp_path / "template"
    store = initialise(load_settings(state=template))
    furnish(store)
    store.close()

    class Walk(ApplicationWalk):
        pass

    Walk.template, Walk.reached = template, set()
    run_state_machine_as_test(Walk, settings=hypothesis_settings(max_examples=6, stateful_step_count=22, deadline=None))
    assert {"approved", "with_controllers"} <= Walk.reached  # the walks get somewhere


class ApplicationWalk(RuleBasedStateMachine):
    """One application and everybody."""

    template: Path
    reached: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder / "state")
        self.store: Store = open_store(load_settings(state=self.folder / "state"))
        self.application = ""

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        self.application = drafted(self.store)

    def attempt(self, act: Callable[[], object]) -> None:
        """A refusal leaves the chain as it was; a step writes at least one event (an approval repeated writes none)."""
        before = self._events()
        try:
            act()
        except Refusal:
            assert self._events() == before

    def digest(self) -> str:
        return seen(self.store, self.application).view.digest

    @rule(actor=st.sampled_from(PEOPLE) | st.just(APPLICANT), year=st.integers(1900, 1990))
    def save(self, actor: str, year: int) -> None:
        values = {"born_before": year}
        self.attempt(
            lambda: drafting.save_answers(self.store, actor=actor, application=self.application, values=values)
        )

    @rule(actor=st.sampled_from(PEOPLE) | st.just(APPLICANT))
    def submit(self, actor: str) -> None:
        self.attempt(lambda: drafting.submit_application(self.store, actor=actor, application=self.application))

    @rule(actor=st.sampled_from(PEOPLE) | st.just(STEWARD))
    def accept(self, actor: str) -> None:
        self.attempt(
            lambda: triage.accept_for_review(self.store, actor=actor, application=self.application, meets_on=today())
        )

    @rule(actor=st.sampled_from((STEWARD, "chair", "expert", APPLICANT)))
    def ask(self, actor: str) -> None:
        self.attempt(
            lambda: triage.ask_applicant(self.store, actor=actor, application=self.application, question="Why?")
        )

    @rule(actor=st.sampled_from(PEOPLE), conflicted=st.booleans())
    def declare(self, actor: str, conflicted: bool) -> None:
        self.attempt(
            lambda: rounds.declare_interest(
                self.store, actor=actor, application=self.application, conflicted=conflicted, reason="As said."
            )
        )

    @rule(actor=st.sampled_from(PEOPLE), decision=st.sampled_from(list(Outcome)), fresh=st.booleans())
    def vote(self, actor: str, decision: Outcome, fresh: bool) -> None:
        digest = self.digest() if fresh else "0" * 64
        self.attempt(
            lambda: rounds.vote(
                self.store, actor=actor, application=self.application, decision=decision, reason="So.", digest=digest
            )
        )

    @rule(decision=st.sampled_from([Outcome.APPROVE, Outcome.APPROVE, Outcome.APPROVE_WITH_CONDITIONS, Outcome.REJECT]))
    def everybody_votes(self, decision: Outcome) -> None:
        for who in MEMBERS:
            self.declare(who, False)
            self.vote(who, decision, True)

    @rule(actor=st.sampled_from(("chair", "expert", "admin")))
    def write_condition(self, actor: str) -> None:
        self.attempt(
            lambda: conditions.write_condition(
                self.store,
                actor=actor,
                application=self.application,
                text="Tell the public.",
                due=today() + timedelta(days=9),
                owner=APPLICANT,
            )
        )

    @rule(actor=st.sampled_from(PEOPLE) | st.just("chair"))
    def conclude(self, actor: str) -> None:
        digest = self.digest()
        self.attempt(
            lambda: rounds.conclude_round(
                self.store, actor=actor, application=self.application, digest=digest, words="As voted."
            )
        )

    @rule(actor=st.sampled_from(("chair", "expert", APPLICANT)))
    def sign(self, actor: str) -> None:
        self.attempt(
            lambda: minutes.write_minutes(self.store, actor=actor, application=self.application, text="Minutes.")
        )
        held = seen(self.store, self.application).rounds
        digest = held[-1].minutes_sha256 if held else ""
        self.attempt(lambda: minutes.sign_minutes(self.store, actor=actor, application=self.application, sha256=digest))

    @rule(
        actor=st.sampled_from(PEOPLE) | st.sampled_from(tuple(DELEGATES)),
        source=st.sampled_from(tuple(SOURCES)),
        decision=st.sampled_from([Answer.AGREE, Answer.AGREE, Answer.REFUSE]),
    )
    def answer(self, actor: str, source: str, decision: Answer) -> None:
        digest = self.digest()
        self.attempt(
            lambda: answering.answer_for_controller(
                self.store,
                actor=actor,
                application=self.application,
                source=source,
                organisation=SOURCES[source],
                decision=decision,
                digest=digest,
                reason="So.",
            )
        )

    @rule()
    def every_controller_agrees(self) -> None:
        home = {organisation: who for who, organisation in DELEGATES.items()}
        for source, organisation in SOURCES.items():
            self.answer(home[organisation], source, Answer.AGREE)

    @rule(steps=st.integers(1, 4))
    def go_on(self, steps: int) -> None:
        """What would be done next if everybody did their part, so that walks get far enough to be worth it."""
        for _ in range(steps):
            state = State(seen(self.store, self.application).view.state)
            for act in self.parts().get(state, ()):
                act()

    def parts(self) -> dict[State, tuple[Callable[[], None], ...]]:
        return {
            **dict.fromkeys((State.DRAFT, State.CLARIFICATION, State.RESUBMIT), (lambda: self.submit(APPLICANT),)),
            State.SUBMITTED: (lambda: self.accept(STEWARD),),
            State.IN_REVIEW: (lambda: self.everybody_votes(Outcome.APPROVE), lambda: self.conclude("chair")),
            State.WITH_CONTROLLERS: (
                lambda: self.sign("chair"),
                self.every_controller_agrees,
                lambda: self.decide("chair"),
            ),
        }

    @rule(actor=st.sampled_from(PEOPLE) | st.just("chair"))
    def refer_back(self, actor: str) -> None:
        self.attempt(
            lambda: answering.refer_back(self.store, actor=actor, application=self.application, words="Not so.")
        )

    @rule(actor=st.sampled_from(PEOPLE) | st.just("chair"))
    def decide(self, actor: str) -> None:
        digest = self.digest()
        self.attempt(lambda: approve(self.store, actor=actor, application=self.application, digest=digest))

    @invariant()
    def a_project_was_decided(self) -> None:
        with self.store.reading() as session:
            for project in session.scalars(select(Project)):
                row = session.scalars(select(Application).where(Application.project_slug == project.slug)).one()
                assert State(row.state) in APPROVED and row.approved_by == "chair"
                self._check_decided(session, row)
            if not session.scalar(select(func.count()).select_from(Project)):
                assert not session.scalar(select(func.count()).select_from(DataGrant))

    def _check_decided(self, session, row: Application) -> None:  # type: ignore[no-untyped-def]
        """Counted here anew, from the rows alone."""
        digest = row.approved_digest
        version = session.scalars(
            select(ApplicationVersion).where(
                ApplicationVersion.application_id == row.id, ApplicationVersion.number == row.version
            )
        ).one()
        assert version.digest == digest and version.submitted_at is not None
        held = session.scalars(
            select(ReviewRound).where(ReviewRound.application_id == row.id).order_by(ReviewRound.number.desc())
        ).first()
        assert held is not None and held.digest == digest and held.signed_by == "chair"
        conflicted = set(
            session.scalars(
                select(ReviewDeclaration.subject).where(
                    ReviewDeclaration.round_id == held.id, ReviewDeclaration.conflicted.is_(True)
                )
            )
        )
        votes = session.scalars(
            select(ReviewVote).where(ReviewVote.round_id == held.id, ReviewVote.replaced_at.is_(None))
        ).all()
        voters = [one.subject for one in votes]
        assert len(set(voters)) == len(voters) >= 4
        assert not conflicted & set(voters) and not {APPLICANT, COLLEAGUE} & set(voters)
        assert {one.kind for one in votes} == {"public", "controller", "expert", "chair"}
        assert 2 * sum(one.kind == "public" for one in votes) >= len(votes)
        assert all(one.digest == digest and Outcome(one.decision).is_approval for one in votes)
        agreed = {
            (one.source, one.organisation_name)
            for one in session.scalars(
                select(ControllerAnswer).where(
                    ControllerAnswer.digest == digest,
                    ControllerAnswer.decision == "agree",
                    ControllerAnswer.replaced_at.is_(None),
                )
            )
        }
        assert agreed == set(SOURCES.items())

    @invariant()
    def the_chain_holds_and_every_state_was_come_to_along_a_row(self) -> None:
        with self.store.reading() as session:
            assert verify_chain(session, None, None).holds
            row = session.get(Application, self.application)
            if row is not None:
                assert row.state in {one.target.value for one in TRANSITIONS}
                self.reached.add(row.state)

    def _events(self) -> int:
        with self.store.reading() as session:
            return int(session.scalar(select(func.count()).select_from(AuditEvent)) or 0)
