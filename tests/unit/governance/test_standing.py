"""Standing beyond the gates: several affiliations, certificates of third parties, look-alikes, drafts, the switch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from governance import registry
from governance.access import check_can_query, find_projects_in_force, find_reasons
from governance.audit import read_head
from governance.clock import today
from governance.demo_register import PROJECTS, UNIVERSITY, demo_approvals
from governance.refusal import Refusal
from governance.registry.reminders import mark_reminders_read, remind_of_endings, unread_reminders
from governance.registry.training import add_months
from governance.roles import Purpose
from governance.standing.checklist import find_steps
from governance.store import Store
from governance.store.people import Person
from governance.store.projects import Project
from tests.support.moving_clock import MovingClock

BY, WHO, WHERE = "operator:test", "researcher-a", "gi-bleed"
DAY = timedelta(days=1)


def codes(store: Store, subject: str = WHO, slug: str = WHERE) -> list[str]:
    with store.reading() as session:
        return [reason.code for reason in find_reasons(session, subject, slug)]


def refused(store: Store, code: str, action: Callable[..., object], /, **given: object) -> None:
    with store.reading() as session:
        before = read_head(session)
    with pytest.raises(Refusal) as caught:
        action(store, **{"actor": BY, **given})
    assert caught.value.code == code
    with store.reading() as session:
        assert read_head(session) == before, "nothing was written"


def test_all_reasons_at_once_with_days_and_the_check_raises_the_first(demo_register: Store) -> None:
    store, past = demo_register, today() - DAY
    registry.record_affiliation(store, actor=BY, subject=WHO, organisation=UNIVERSITY, starts=past, until=past)
    registry.record_training(store, actor=BY, subject=WHO, course="safe-researcher", expires=past)
    registry.add_member(store, actor=BY, slug=WHERE, subject=WHO, role="researcher", starts=past, until=past)
    registry.change_project(store, actor=BY, slug=WHERE, starts=past, ends=past)
    registry.stop(store, actor=BY, scope="person", target=WHO, reason="A drill.")
    with store.reading() as session:
        reasons = find_reasons(session, WHO, WHERE)
        with pytest.raises(Refusal) as caught:
            check_can_query(session, WHO, WHERE)
    assert [reason.code for reason in reasons] == [
        "person-stopped", "affiliation-expired", "training-expired", "membership-expired", "project-ended",
    ]  # fmt: skip
    assert [reason.until for reason in reasons] == [None, past, past, past, past]
    assert caught.value.code == reasons[0].code
    assert all(reason.words and reason.remedy for reason in reasons)


def test_one_of_several_affiliations_is_enough(demo_register: Store) -> None:
    store, board = demo_register, "Northbridge NHS ICB"
    registry.record_affiliation(store, actor=BY, subject=WHO, organisation=board, until=today() + DAY)
    registry.end_affiliation(store, actor=BY, subject=WHO, organisation=UNIVERSITY)
    assert codes(store) == []
    registry.renew_agreement(store, actor=BY, name=board, until=today() - DAY)
    assert codes(store) == ["organisation-expired"]
    registry.record_agreement(store, actor=BY, name=board, reference="second", starts=today() + DAY)
    assert codes(store) == ["organisation-expired"], "the next one has not begun"
    registry.record_agreement(store, actor=BY, name=board, reference="third", until=today())
    assert codes(store) == []
    registry.withdraw_agreement(store, actor=BY, name=board, reference="third")
    registry.end_affiliation(store, actor=BY, subject=WHO, organisation=board)
    assert codes(store) == ["affiliation-missing"]
    refused(store, "no-such-affiliation", registry.end_affiliation, subject=WHO, organisation=board)
    refused(store, "no-such-agreement", registry.withdraw_agreement, name=board, reference="third")
    refused(store, "unknown-kind", registry.change_organisation, name=board, kind="club")
    registry.change_organisation(store, actor=BY, name=board, kind="other", country="Wales")
    refused(store, "nothing-to-change", registry.change_organisation, name=board, kind="other")


#: Beside the plain subject: letters of other scripts, composed and decomposed, invisible and wide ones, other cases.
LOOK_ALIKES = ("rеsearcher-a", "researcher‐a", "Researcher-a", "researcher-a\u0301", "reseaｒcher-a", "researcher-á")


@pytest.mark.parametrize("subject", LOOK_ALIKES)
def test_who_looks_like_somebody_is_nobody(demo_register: Store, subject: str) -> None:
    assert codes(demo_register, subject) == ["not-registered", "not-a-member"]
    registry.add_person(demo_register, actor=BY, subject=subject, name="Amara Osei", organisation=UNIVERSITY)
    assert codes(demo_register, subject) == ["training-missing", "not-a-member"], "the same name gives nothing"
    registry.suspend_person(demo_register, actor=BY, subject=subject)
    assert codes(demo_register) == [], "nor does it take anything"


def test_invisible_letters_make_no_subject(demo_register: Store) -> None:
    for subject in ("researcher-a\u200b", "\u202eresearcher-a", "researcher-a\n"):
        refused(demo_register, "bad-subject", registry.add_person, subject=subject, name="A", organisation=UNIVERSITY)


def test_certificates_of_trusted_third_parties(demo_register: Store) -> None:
    store, course = demo_register, "safe-researcher"
    given: dict[str, object] = {"subject": WHO, "course": course, "issuer": "National body", "certificate": "NB-1234"}
    refused(store, "issuer-not-trusted", registry.record_training, **given)
    refused(store, "bad-pattern", registry.trust_issuer, course=course, name="x", pattern="(")
    registry.trust_issuer(store, actor=BY, course=course, name="National Body", pattern="NB-[0-9]{4}")
    refused(store, "bad-certificate", registry.record_training, **{**given, "certificate": "NB-12345"})
    refused(store, "bad-certificate", registry.record_training, **{**given, "certificate": ""})
    ends = registry.record_training(store, actor="admin", **given)  # type: ignore[arg-type]
    assert ends == add_months(today(), 12)
    with store.reading() as session:
        newest = session.get_one(Person, WHO).training[-1]
        assert (newest.issuer, newest.certificate, newest.verified_by) == ("National body", "NB-1234", "admin")
    registry.distrust_issuer(store, actor=BY, course=course, name="National body")
    refused(store, "issuer-not-trusted", registry.record_training, **given)
    registry.withdraw_training(store, actor=BY, subject=WHO, course=course, reason="Forged")
    assert codes(store) == [], "the one before counts again"


def test_a_course_counts_for_those_it_is_required_of(demo_register: Store) -> None:
    store = demo_register
    registry.set_course(
        store, actor=BY, code="lead", title="Leading", months=0, required_for=["principal_investigator"]
    )
    assert codes(store) == []
    registry.add_member(
        store, actor=BY, slug=WHERE, subject=WHO, role="principal_investigator", until=today() + 9 * DAY
    )
    assert codes(store) == ["role-training-missing"]
    refused(store, "expiry-needed", registry.record_training, subject=WHO, course="lead")
    registry.withdraw_course(store, actor=BY, code="lead")
    assert codes(store) == []
    refused(store, "unknown-capability", registry.set_course, code="lead", required_for=["god"])
    refused(store, "bad-months", registry.set_course, code="lead", title="L", months=-1)


def test_a_project_without_its_papers_stays_a_draft(store: Store) -> None:
    work = {"title": "T", "mode": "aggregate", "profile": "hes", "ends": today() + 9 * DAY}
    given = {"actor": BY, "slug": "new", "purpose": "local_planning", **work}
    registry.create_project(store, **given)  # type: ignore[arg-type]
    refused(store, "approval-missing", registry.change_project, slug="new", status="active")
    papers = {paper.kind: paper for paper in demo_approvals("new", today() + 9 * DAY)}
    for kind in ("dpia", "legal_basis"):
        registry.record_approval(store, actor=BY, slug="new", approval=papers[kind])
    refused(store, "approval-missing", registry.change_project, slug="new", status="active")
    no_party = registry.Approval("controller_agreement", "x")
    refused(store, "party-needed", registry.record_approval, slug="new", approval=no_party)
    registry.record_approval(store, actor=BY, slug="new", approval=papers["controller_agreement"])
    registry.change_project(store, actor=BY, slug="new", status="active")
    with store.reading() as session:
        assert find_reasons(session, project_slug="new") == ()
        assert find_projects_in_force(session) == {"new"}
    registry.change_project(store, actor=BY, slug="new", purpose=Purpose.NATIONAL)
    with store.reading() as session:
        assert [one.code for one in find_reasons(session, project_slug="new")] == ["approval-missing"] * 2
    registry.require_approval(store, actor=BY, kind="ethics", purposes=[])
    registry.require_approval(store, actor=BY, kind="sponsor", purposes=["local_research"])
    second = registry.Approval(
        "controller_agreement", "y", "Another controller", until=today() - DAY, starts=today() - DAY
    )
    registry.record_approval(store, actor=BY, slug="new", approval=second)
    with store.reading() as session:
        assert [one.code for one in find_reasons(session, project_slug="new")] == ["approval-expired"], "each its own"


def test_controllers_agreements_are_the_stewards_to_record(demo_register: Store) -> None:
    registry.withdraw_role(demo_register, actor=BY, subject="admin", role="data_steward")
    ethics, agreement = (registry.Approval(kind, "r", "p") for kind in ("ethics", "controller_agreement"))
    approve = registry.record_approval
    refused(demo_register, "role-missing", approve, actor="steward", slug=WHERE, approval=ethics)
    refused(demo_register, "role-missing", approve, actor="admin", slug=WHERE, approval=agreement)
    approve(demo_register, actor="steward", slug=WHERE, approval=agreement)
    approve(demo_register, actor="admin", slug=WHERE, approval=ethics)


def test_who_stopped_something_does_not_resume_it(demo_register: Store) -> None:
    store, why = demo_register, {"reason": "A drill."}
    for scope, target in (("egress", ""), ("project", WHERE), ("person", WHO)):
        registry.stop(store, actor=BY, scope=scope, target=target, **why)
        refused(store, "already-stopped", registry.stop, scope=scope, target=target, **why)
        refused(store, "own-stop", registry.resume, scope=scope, target=target, **why)
        registry.resume(store, actor="admin", scope=scope, target=target, **why)
        refused(store, "not-stopped", registry.resume, scope=scope, target=target, **why)
    refused(store, "role-missing", registry.stop, actor="steward", scope="egress", **why)
    refused(store, "no-such-project", registry.stop, scope="project", target="none", **why)
    refused(store, "unknown-scope", registry.stop, scope="world", **why)
    refused(store, "bad-name", registry.stop, scope="egress", reason=" ")
    with store.reading() as session:
        assert {(row.stopped_by, row.resumed_by) for row in registry.list_stops(session)} == {(BY, "admin")}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [((2027, 1, 31), 1, (2027, 2, 28)), ((2027, 12, 31), 12, (2028, 12, 31)), ((2028, 2, 29), 12, (2029, 2, 28))],
)
def test_months_end_with_the_month(day: tuple[int, int, int], months: int, later: tuple[int, int, int]) -> None:
    assert add_months(date(*day), months) == date(*later)


def test_a_list_of_steps_is_done_when_the_person_is_in_force(demo_register: Store) -> None:
    with demo_register.reading() as session:
        assert all(step.done for step in find_steps(session, WHO))
        assert find_steps(session, "nobody") == ()
    registry.give_role(demo_register, actor=BY, subject="clinician", role="output_checker")
    registry.change_project(demo_register, actor=BY, slug=WHERE, status="suspended")
    with demo_register.reading() as session:
        todo = [step for subject in ("clinician", WHO) for step in find_steps(session, subject) if not step.done]
    assert [step.words.split(":")[0] for step in todo] == [
        "Training for the role output checker", "Gastrointestinal bleeding after NSAIDs and coxibs is in force",
    ]  # fmt: skip
    assert all(step.remedy for step in todo)


def test_each_is_reminded_once_of_each_thing_at_each_stage(
    demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, stages = demo_register, (60, 30, 7, 1)
    ends = today() + 40 * DAY
    registry.record_training(store, actor=BY, subject=WHO, course="safe-researcher", expires=ends)
    (paper,) = [one for one in demo_approvals(WHERE, ends) if one.kind == "dpia"]
    registry.record_approval(store, actor=BY, slug=WHERE, approval=paper)
    assert remind_of_endings(store, stages) == 2, "the person's training; the project's paper to the administrator"
    assert remind_of_endings(store, stages) == 0
    clock = MovingClock()
    clock.install(monkeypatch)
    for ahead, new in ((9, 0), (10, 2), (30, 0), (38, 2), (39, 2), (40, 0)):
        clock.ahead = ahead * DAY
        assert remind_of_endings(store, stages) == new, ahead
    with store.reading() as session:
        (shown,) = unread_reminders(session, WHO)
        assert "Safe researcher training" in shown.words
    assert mark_reminders_read(store, actor="admin", up_to=shown.id + 9) > 0
    assert mark_reminders_read(store, actor=WHO, up_to=shown.id) == 4
    with store.reading() as session:
        assert unread_reminders(session, WHO) == ()
    registry.record_training(store, actor=BY, subject=WHO, course="safe-researcher", expires=clock.today() + 20 * DAY)
    assert remind_of_endings(store, stages) >= 1, "a renewal is a new thing"
    assert remind_of_endings(store, ()) == 0


def test_the_demonstration_is_in_force_with_papers(demo_register: Store) -> None:
    with demo_register.reading() as session:
        assert find_projects_in_force(session) == {project.slug for project in PROJECTS}
        assert len(session.get_one(Project, WHERE).approvals) == 5
