"""Drafts: saved by field with anything missing, versions kept, every gap told at once, nothing incomplete submitted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.applications import drafting
from governance.applications.answers import Answers, read_answers
from governance.applications.form import FIELDS, FORM
from governance.clock import today
from governance.refusal import Refusal
from governance.store import Store
from tests.support.application_world import (
    APPLICANT,
    COLLEAGUE,
    complete_values,
    drafted,
    in_review,
    seen,
)
from tests.support.moving_clock import MovingClock


def _save(store: Store, application: str, **values: object) -> drafting.Saved:
    return drafting.save_answers(store, actor=APPLICANT, application=application, values=values)


def test_every_field_of_the_form_is_an_answer_and_the_other_way_round() -> None:
    assert set(FIELDS) == set(Answers.__dataclass_fields__)
    assert len(FIELDS) == sum(len(section.fields) for section in FORM)  # no two share a name


def test_one_field_at_a_time_and_taken_away_again(world: Store) -> None:
    application = drafting.start_application(world, actor=APPLICANT, applicant=APPLICANT)
    assert len(_save(world, application, title="  Falls ").problems) > 10
    _save(world, application, fee_pence=0, why="Because.")
    answers = seen(world, application).answers
    assert (answers.title, answers.fee_pence, answers.why) == ("Falls", 0, "Because.")
    _save(world, application, why=None)
    assert seen(world, application).answers.why == ""


def test_a_complete_draft_has_no_gap_and_reads_back_as_written(world: Store) -> None:
    application = drafted(world)
    with world.reading() as session:
        assert drafting.find_gaps(session, actor=APPLICANT, application=application) == ()
    answers = seen(world, application).answers
    assert read_answers(answers.write()) == answers
    assert read_answers(answers.write()).digest == answers.digest


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"slug": "Not Good"}, "slug"),
        ({"ethics_reference": None}, "ethics_reference"),
        ({"ethics_until": "2020-01-01"}, "ethics_until"),
        ({"organisations": ["Nowhere"]}, "organisations"),
        ({"people": [{"subject": "APPLICANT", "role": "principal_investigator"}]}, "people[1].subject"),
        ({"people": [{"subject": "checker", "role": "principal_investigator"}]}, "people[1].subject"),
        ({"people": [{"subject": APPLICANT, "role": "researcher"}]}, "people"),
        ({"data": [{"table": "secrets", "justification": "x"}]}, "data[1].table"),
        ({"data": [{"table": "person", "justification": "x"}]}, "data[1].columns"),
        ({"data": [{"table": "concept", "justification": "x"}]}, "data"),
        (
            {"data": [{"table": "person", "justification": "x", "columns": [{"name": "year_of_birth"}]}]},
            "data[1].columns[1].justification",
        ),
        (
            {"data": [{"table": "person", "justification": "x", "columns": [{"name": "nhs", "justification": "x"}]}]},
            "data[1].columns[1].name",
        ),
        ({"cohort_conditions": ["nonsense"]}, "cohort_conditions"),
        ({"cohort_conditions": ["person.secret=1"]}, "cohort_conditions"),
        ({"mode": "record_level"}, "mode_reason"),
        ({"outputs": [{"title": "A"}, {"title": "a"}]}, "outputs"),
        ({"ends": "2020-01-01"}, "ends"),
        ({"lay_summary": "Patient 943 476 5919 fell."}, "lay_summary"),
    ],
)
def test_each_gap_is_told_with_its_field(shared_world: Store, values: dict[str, object], field: str) -> None:
    application = drafted(shared_world)
    problems = _save(shared_world, application, **values).problems
    assert field in {problem.field for problem in problems}
    assert all(problem.message and problem.remedy for problem in problems)
    with pytest.raises(Refusal, match="incomplete"):
        drafting.submit_application(shared_world, actor=APPLICANT, application=application)
    assert seen(shared_world, application).view.state == "draft"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "x" * 201),
        ("title", "a\nb"),
        ("starts", "1 May"),
        ("starts", "2026-1-1"),
        ("purpose", "anything"),
        ("fee_pence", -1),
        ("fee_pence", True),
        ("data", [{"table": "person", "surprise": 1}]),
        ("data", "person"),
        ("people", [7]),
        ("registered", "yes"),
    ],
)
def test_what_has_not_the_shape_of_its_field_is_not_kept(shared_world: Store, name: str, value: object) -> None:
    application = drafted(shared_world)
    before = seen(shared_world, application).view.digest
    with pytest.raises(Refusal) as refused:
        _save(shared_world, application, **{name: value})
    assert refused.value.code == "bad-answer" and refused.value.where.startswith(name)
    assert seen(shared_world, application).view.digest == before


def test_a_field_that_the_form_has_not_is_refused(world: Store) -> None:
    with pytest.raises(Refusal, match="unknown-field"):
        _save(world, drafted(world), password="x")


def test_one_sitting_is_one_version_and_a_later_one_another(world: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = MovingClock()
    clock.install(monkeypatch)
    application = drafted(world)
    assert _save(world, application, why="One.").version == 1
    clock.ahead = timedelta(minutes=11)
    assert _save(world, application, why="Two.").version == 2
    assert [one.number for one in seen(world, application).versions] == [1, 2]


def test_a_submitted_version_is_never_written_again(world: Store) -> None:
    application = drafted(world)
    digest = in_review(world, application)
    with pytest.raises(Refusal, match="wrong-state"):
        _save(world, application, why="Changed.")
    assert seen(world, application).view.digest == digest


def test_nobody_else_reads_or_writes_a_draft(world: Store) -> None:
    application = drafted(world)
    for who in ("stranger", "steward", "admin", "chair", "public-1", "nobody-at-all"):
        with pytest.raises(Refusal, match="no-such-application"):
            seen(world, application, who)
        with pytest.raises(Refusal, match="no-such-application"):
            drafting.save_answers(world, actor=who, application=application, values={"why": "Mine."})
    assert seen(world, application, COLLEAGUE).view.id == application  # named in it: may read
    with pytest.raises(Refusal, match="no-such-application"):
        drafting.save_answers(world, actor=COLLEAGUE, application=application, values={"why": "Ours."})


def test_nobody_applies_for_somebody_else(world: Store) -> None:
    with pytest.raises(Refusal, match="not-your-own"):
        drafting.start_application(world, actor="stranger", applicant=APPLICANT)
    with pytest.raises(Refusal, match="not-registered"):
        drafting.start_application(world, actor="ghost", applicant="ghost")


def test_what_waits_too_long_for_its_applicant_lapses(world: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from governance.applications import triage

    clock = MovingClock()
    clock.install(monkeypatch)
    application = drafted(world)
    drafting.submit_application(world, actor=APPLICANT, application=application)
    triage.ask_applicant(world, actor="steward", application=application, question="Which practices?")
    assert triage.lapse_applications(world, actor="service:keeper") == ()
    clock.ahead = timedelta(days=181)
    assert triage.lapse_applications(world, actor="service:keeper") == (application,)
    with pytest.raises(Refusal, match="role-missing"):
        triage.lapse_applications(world, actor="admin")
    assert seen(world, application).view.state == "lapsed"


def test_values_of_the_world_are_complete_for_another_slug() -> None:
    assert complete_values("other")["slug"] == "other"
    assert complete_values()["starts"] == today().isoformat()
