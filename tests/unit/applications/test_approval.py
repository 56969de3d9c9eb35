"""The approval: exactly what was voted for, in one transaction, once; controllers, conditions, changes since."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import event, select

from governance.access import check_member_in_force, check_project_in_force
from governance.applications import answering, conditions, controllers, drafting, orders, rounds, rule
from governance.applications.approving import approve
from governance.applications.kinds import MemberKind, OnRefusal, Outcome
from governance.applications.rule import ReviewRule
from governance.audit import read_events
from governance.audit.verification import verify_chain
from governance.clock import today
from governance.refusal import Refusal
from governance.registry import create_project, give_role, grant_rules, list_intended_outputs, project_cohort
from governance.registry.views import list_members
from governance.roles import Mode, Purpose
from governance.store import Store
from governance.store.applications import Application
from governance.store.projects import Project
from tests.support.application_world import (
    APPLICANT,
    COLLEAGUE,
    OPERATOR,
    PRACTICES,
    STEWARD,
    agree_all,
    drafted,
    in_review,
    ready,
    seen,
    sign,
    vote_all,
)
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow  # each walks the whole way from draft to approval


def _approved(world: Store, slug: str = "frailty") -> str:
    application = drafted(world, slug)
    digest = ready(world, application)
    return approve(world, actor="chair", application=application, digest=digest)


def test_an_approval_makes_everything_that_was_asked_for_and_nothing_else(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    assert approve(world, actor="chair", application=application, digest=digest) == "frailty"
    with world.reading() as session:
        project = session.get_one(Project, "frailty")
        assert (project.purpose, project.mode, project.starts_on) == ("local_research", "aggregate", today())
        assert {(one.subject, one.role) for one in list_members(session, "frailty")} == {
            (APPLICANT, "principal_investigator"),
            (COLLEAGUE, "researcher"),
        }
        rules = {one.table: one for one in grant_rules(session, "frailty")}
        assert set(rules) == {"person", "visit_occurrence", "concept"}
        assert rules["person"].columns == {"year_of_birth"}
        assert rules["visit_occurrence"].codes == {9201, 9202} and str(rules["visit_occurrence"].starts) == "2020-01-01"
        assert rules["concept"].columns is None
        assert [one.title for one in list_intended_outputs(session, "frailty")] == ["Table 1"]
        assert project_cohort(session, "frailty").conditions[0].values == (201826,)
        (order,) = orders.open_orders(session)
        assert (order.project, order.state) == ("frailty", "ordered")
        check_member_in_force(session, APPLICANT, "frailty")
        assert verify_chain(session, None, None).holds
    view = seen(world, application).view
    assert (view.state, view.project) == ("approved", "frailty")


def test_approving_again_changes_nothing(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    approve(world, actor="chair", application=application, digest=digest)
    before = _events(world)
    assert approve(world, actor="chair", application=application, digest=digest) == "frailty"
    assert _events(world) == before
    with pytest.raises(Refusal, match="wrong-state"):
        approve(world, actor="chair", application=application, digest="0" * 64)


def test_only_the_chair_approves(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    for actor in (APPLICANT, "admin", STEWARD, "expert", "trust-delegate", "stranger", OPERATOR):
        with pytest.raises(Refusal, match=r"chair-only|no-such-application"):
            approve(world, actor=actor, application=application, digest=digest)
    assert _projects(world) == set()


def test_each_step_that_is_missing_refuses(world: Store) -> None:
    application = drafted(world)
    digest = in_review(world, application)
    _refused(world, application, digest, "wrong-state")
    vote_all(world, application)
    rounds.conclude_round(world, actor="chair", application=application, digest=digest)
    _refused(world, application, digest, "minutes-not-signed")
    sign(world, application)
    _refused(world, application, digest, "controllers-missing")
    agree_all(world, application)
    _refused(world, application, "0" * 64, "version-changed")
    assert approve(world, actor="chair", application=application, digest=digest) == "frailty"


def test_what_changed_since_refuses(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    create_project(
        world,
        actor=OPERATOR,
        slug="frailty",
        title="Another",
        purpose=Purpose.NATIONAL,
        mode=Mode.AGGREGATE,
        profile="nhs-sde",
        ends=today(),
    )
    _refused(world, application, digest, "changed-since")


def test_a_named_person_who_became_a_checker_refuses(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    give_role(world, actor=OPERATOR, subject=COLLEAGUE, role="output_checker")
    _refused(world, application, digest, "changed-since")


def test_a_conflict_or_a_controller_who_changes_their_mind_refuses(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    _answer(world, application, "gp", PRACTICES, "refuse", digest)
    _refused(world, application, digest, "controllers-missing")
    with pytest.raises(Refusal, match="bad-name"):
        answering.refer_back(world, actor="chair", application=application, words="")
    answering.refer_back(world, actor="chair", application=application, words="Without practices, please.")
    assert seen(world, application).view.state == "resubmit"


def test_an_agreement_past_its_day_refuses(world: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = MovingClock()
    clock.install(monkeypatch)
    application = drafted(world)
    digest = ready(world, application)
    _answer(world, application, "gp", PRACTICES, "agree", digest, days=3)
    clock.ahead = timedelta(days=4)
    _refused(world, application, digest, "controllers-missing")


def test_a_source_that_nobody_answers_for_is_never_granted(world: Store) -> None:
    controllers.set_source_controllers(world, actor=STEWARD, source="hospital", organisations=())
    application = drafted(world)
    digest = in_review(world, application)
    vote_all(world, application)
    rounds.conclude_round(world, actor="chair", application=application, digest=digest)
    sign(world, application)
    _answer(world, application, "gp", PRACTICES, "agree", digest)
    _refused(world, application, digest, "controllers-missing")


def test_under_the_other_rule_a_refusing_controllers_tables_are_left_out(world: Store) -> None:
    version = rule.propose_rule(world, actor="admin", rule=ReviewRule(on_refusal=OnRefusal.TAKE_OUT))
    rule.confirm_rule(world, actor=STEWARD, version=version)
    application = drafted(world)
    digest = ready(world, application)
    _answer(world, application, "gp", PRACTICES, "refuse", digest)
    approve(world, actor="chair", application=application, digest=digest)
    with world.reading() as session:
        assert {one.table for one in grant_rules(session, "frailty")} == {"visit_occurrence", "concept"}


def test_a_delegate_speaks_for_their_own_organisation_only(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    for who in ("practice-delegate", "stranger", "chair", OPERATOR, APPLICANT):
        with pytest.raises(Refusal, match="no-such-application"):
            answering.answer_for_controller(
                world,
                actor=who,
                application=application,
                source="hospital",
                organisation="Trust",
                decision="agree",
                digest=digest,
            )


def test_conditions_come_with_the_project_and_are_closed_by_somebody_else(
    world: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovingClock()
    clock.install(monkeypatch)
    application = drafted(world)
    digest = in_review(world, application)
    vote_all(world, application, Outcome.APPROVE_WITH_CONDITIONS)
    with pytest.raises(Refusal, match="no-conditions"):
        rounds.conclude_round(world, actor="chair", application=application, digest=digest)
    number = conditions.write_condition(
        world,
        actor="chair",
        application=application,
        text="Show the notice to patients.",
        due=today() + timedelta(days=20),
        owner=APPLICANT,
        blocking=True,
    )
    rounds.conclude_round(world, actor="chair", application=application, digest=digest)
    with pytest.raises(Refusal, match="no-such-condition"):  # not in force before the approval
        conditions.give_evidence(world, actor=APPLICANT, number=number, evidence="Done.")
    sign(world, application)
    agree_all(world, application)
    approve(world, actor="chair", application=application, digest=digest)
    assert seen(world, application).view.state == "approved_with_conditions"
    clock.ahead = timedelta(days=21)
    with world.reading() as session, pytest.raises(Refusal, match="condition-overdue"):
        check_project_in_force(session, "frailty")
    with pytest.raises(Refusal, match="no-evidence"):
        conditions.close_condition(world, actor=STEWARD, number=number)
    conditions.give_evidence(world, actor=APPLICANT, number=number, evidence="It hangs in every practice.")
    for who in (APPLICANT, COLLEAGUE):
        with pytest.raises(Refusal, match=r"own-application|role-missing"):
            conditions.close_condition(world, actor=who, number=number)
    conditions.close_condition(world, actor=STEWARD, number=number)
    with world.reading() as session:
        check_project_in_force(session, "frailty")


def test_an_amendment_changes_exactly_what_it_says(world: Store) -> None:
    _approved(world)
    application = drafting.start_application(
        world, actor=APPLICANT, applicant=APPLICANT, kind="amendment", project="frailty"
    )
    with pytest.raises(Refusal, match="incomplete"):
        drafting.submit_application(world, actor=APPLICANT, application=application)
    before = seen(world, application).answers
    people = [{"subject": APPLICANT, "role": "principal_investigator"}, {"subject": "newcomer", "role": "researcher"}]
    data = json.loads(before.write())["data"][1:]
    drafting.save_answers(
        world, actor=APPLICANT, application=application, values={"people": people, "data": data, "title": "Falls"}
    )
    changes = seen(world, application).changes
    assert changes == (
        "Title: Frailty and falls becomes Falls.",
        "New person: newcomer, researcher.",
        "Leaves: colleague.",
        "Table taken out: person.",
    )
    digest = ready(world, application)
    approve(world, actor="chair", application=application, digest=digest)
    with world.reading() as session:
        assert {one.subject for one in list_members(session, "frailty")} == {APPLICANT, "newcomer"}
        assert {one.table for one in grant_rules(session, "frailty")} == {"visit_occurrence", "concept"}
        assert session.get_one(Project, "frailty").title == "Falls"
        assert len(orders.open_orders(session)) == 2
    assert seen(world, application).changes == changes


def test_a_renewal_changes_the_period_alone(world: Store) -> None:
    _approved(world)
    application = drafting.start_application(
        world, actor=APPLICANT, applicant=APPLICANT, kind="renewal", project="frailty"
    )
    later = today() + timedelta(days=500)
    values = {"ends": later.isoformat(), "title": "Other"}
    saved = drafting.save_answers(world, actor=APPLICANT, application=application, values=values)
    assert {one.field for one in saved.problems} == {"title"}
    drafting.save_answers(world, actor=APPLICANT, application=application, values={"title": "Frailty and falls"})
    approve(world, actor="chair", application=application, digest=ready(world, application))
    with world.reading() as session:
        assert session.get_one(Project, "frailty").ends_on == later
        assert {one.until for one in list_members(session, "frailty")} == {later}
        assert len(orders.open_orders(session)) == 1  # the data are as they were


def test_an_amendment_of_a_project_that_changed_meanwhile_refuses(world: Store) -> None:
    from governance.registry import change_project

    _approved(world)
    application = drafting.start_application(
        world, actor=APPLICANT, applicant=APPLICANT, kind="amendment", project="frailty"
    )
    drafting.save_answers(world, actor=APPLICANT, application=application, values={"title": "Falls"})
    digest = ready(world, application)
    change_project(world, actor=OPERATOR, slug="frailty", ends=today() + timedelta(days=30))
    _refused(world, application, digest, "changed-since")


def test_nobody_amends_a_project_of_others(world: Store) -> None:
    _approved(world)
    with pytest.raises(Refusal, match="not-a-member"):
        drafting.start_application(world, actor="stranger", applicant="stranger", kind="amendment", project="frailty")


def test_two_chairs_at_once_make_one_project(world: Store) -> None:
    from governance.applications import group

    group.appoint_member(world, actor="admin", subject="stranger", kind=MemberKind.CHAIR, until=today())
    application = drafted(world)
    digest = ready(world, application)
    together, ends = Barrier(2), []

    def decide(who: str) -> None:
        together.wait()
        ends.append(approve(world, actor=who, application=application, digest=digest))

    threads = [Thread(target=decide, args=(who,)) for who in ("chair", "stranger")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["frailty", "frailty"]
    assert [one for one, _ in _events(world)].count("project.created") == 1
    with world.reading() as session:
        assert len(orders.open_orders(session)) == 1


def test_killed_at_any_statement_an_approval_leaves_nothing(world: Store) -> None:
    application = drafted(world)
    digest = ready(world, application)
    before = _events(world)
    world.close()
    step, ended = 0, False
    while not ended:
        step += 7
        ended = _approve_until(world, application, digest, step)
        if not ended:
            assert _projects(world) == set()
            assert _events(world) == before
            world.close()
    assert step > 50
    assert _projects(world) == {"frailty"}
    with world.reading() as session:
        assert verify_chain(session, None, None).holds
        assert session.get_one(Application, application).state == "approved"


def _approve_until(world: Store, application: str, digest: str, statements: int) -> bool:
    """In a child that dies before its statement of that number; whether it came to its end."""
    child = os.fork()
    if child == 0:
        left = [statements]

        def count(*_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)

        event.listen(world.engine, "before_cursor_execute", count)
        try:
            approve(world, actor="chair", application=application, digest=digest)
        finally:
            os._exit(0 if left[0] > 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _answer(
    world: Store, application: str, source: str, organisation: str, decision: str, digest: str, days: int | None = None
) -> None:
    answering.answer_for_controller(
        world,
        actor="practice-delegate",
        application=application,
        source=source,
        organisation=organisation,
        decision=decision,
        digest=digest,
        reason="As we said.",
        until=today() + timedelta(days=days) if days is not None else None,
    )


def _refused(world: Store, application: str, digest: str, code: str) -> None:
    before = _events(world)
    with pytest.raises(Refusal) as refused:
        approve(world, actor="chair", application=application, digest=digest)
    assert refused.value.code == code
    assert _events(world) == before


def _events(world: Store) -> list[tuple[str, str]]:
    with world.reading() as session:
        return [(one.event, one.digest) for one in read_events(session)]


def _projects(world: Store) -> set[str]:
    with world.reading() as session:
        return set(session.scalars(select(Project.slug)))
