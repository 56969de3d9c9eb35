"""Feasibility: protected counts for a person without a project; a closed form, a budget, nobody in the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import registry
from governance.callers import Caller
from governance.clock import today
from governance.demo_register import demo_approvals
from governance.feasibility import SLUG, TABLES, Search, Sex, Wish, ask, find_question, list_questions, read_wish
from governance.feasibility.questions import COUNTS_A_DAY, Question
from governance.refusal import Refusal
from governance.store.audit_log import AuditEvent
from governance.store.feasibility import FeasibilityQuestion
from governance.store.projects import Membership
from intake.cut.pipeline import ExtractOrder, build_extract
from intake.cut.source import AdoptedDatabase
from query_guard.answer import answer_query
from query_guard.asked import Asked
from query_guard.case import FEASIBILITY_CHANNEL
from query_guard.feasibility import answer_waiting, coarser, write_count, write_search
from tests.support.guard_lab import GuardLab, gibleed_file, open_lab

ACTOR, ASKER = "service:test", "checker-a"  # a checker is never a member of a project
GRANTED = ("person", "condition_occurrence", "concept")
BLEED = 192671


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardLab]:
    state = Path(tmp_path_factory.mktemp("feasibility")) / "state"
    with open_lab(state, gibleed_file(), b"feasibility") as lab:
        ends = today() + timedelta(days=30)
        registry.create_project(
            lab.store, actor=ACTOR, slug=SLUG, title="Feasibility counts", purpose="local_research", mode="aggregate",
            profile="nhs-sde", ends=ends, approvals=demo_approvals(SLUG, ends),
        )  # fmt: skip
        for table in GRANTED:
            registry.grant_table(lab.store, actor=ACTOR, slug=SLUG, table=table)
        order = ExtractOrder(SLUG, AdoptedDatabase(gibleed_file(), "synthetic data"))
        build_extract(lab.settings, lab.store, order, actor=ACTOR)
        yield lab


@pytest.fixture(autouse=True)
def fresh_day(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "lab" in request.fixturenames:
        with request.getfixturevalue("lab").store.transaction() as session:
            session.query(FeasibilityQuestion).delete()


def tell(lab: GuardLab, wish: Wish | Search, subject: str = ASKER) -> Question:
    number = ask(lab.store, subject=subject, wish=wish)
    answer_waiting(lab.guard)
    with lab.store.reading() as session:
        return find_question(session, subject, number)


@pytest.mark.slow
def test_a_person_without_a_project_is_told_counts_by_fifties(lab: GuardLab) -> None:
    told = tell(lab, Wish("condition_occurrence", (BLEED,)))
    assert told.state == "answered" and told.people is not None
    assert told.people % 50 == 0 and abs(told.people - 479) <= 30
    assert tell(lab, Wish("condition_occurrence", (1,))).people is None
    both = [tell(lab, Wish("condition_occurrence", (BLEED,), sex=sex)).people for sex in (Sex.FEMALE, Sex.MALE)]
    assert all(count and abs(count - told.people / 2) < 100 for count in both)


@pytest.mark.slow
def test_a_search_finds_names_and_nothing_that_was_typed_is_sql(lab: GuardLab) -> None:
    assert (257012, "Chronic sinusitis") in tell(lab, Search("condition_occurrence", "SINUS")).concepts
    for words in ("' OR 1=1 --", "sinus' UNION SELECT person_id, 'x' FROM person --"):
        assert tell(lab, Search("condition_occurrence", words)).concepts == ()


@pytest.mark.slow
def test_what_is_not_granted_is_refused_and_nothing_waits(lab: GuardLab) -> None:
    told = tell(lab, Wish("measurement"))
    assert told.state == "refused" and told.code and told.people is None
    assert answer_waiting(lab.guard) == 0


@pytest.mark.slow
def test_counts_and_answers_are_audited_and_receipted(lab: GuardLab) -> None:
    tell(lab, Wish("condition_occurrence", (BLEED,), first_year=1990))
    with lab.store.reading() as session:
        events = [row.event for row in session.query(AuditEvent).order_by(AuditEvent.seq.desc()).limit(3)][::-1]
    assert events == ["feasibility.asked", "query.answered", "feasibility.answered"]


@pytest.mark.slow
def test_nobody_works_in_the_project_and_no_other_channel_opens_it(lab: GuardLab) -> None:
    with pytest.raises(Refusal) as refused:
        registry.add_member(
            lab.store, actor=ACTOR, slug=SLUG, subject="researcher-a", role="researcher", until=today()
        )  # fmt: skip
    assert refused.value.code == "no-members-here"
    question = Asked("SELECT count(*) AS n FROM person")
    for caller in (Caller(ASKER, SLUG, "c1"), Caller(ASKER, "gi-bleed", FEASIBILITY_CHANNEL)):
        assert answer_query(lab.guard, caller, question).code == "not-a-member"
    with lab.store.transaction() as session:  # however somebody became a member, the counts are closed then
        row = Membership(project_slug=SLUG, subject="researcher-a", role="researcher", starts_on=today(), until=today())
        session.add(row)
        session.flush()
        number = row.id
    with pytest.raises(Refusal) as refused:
        ask(lab.store, subject=ASKER, wish=Wish("condition_occurrence"))
    assert refused.value.code == "feasibility-not-set-up"
    with lab.store.transaction() as session:
        session.delete(session.get_one(Membership, number))


@pytest.mark.slow
def test_the_budget_of_a_day_and_standing_hold(lab: GuardLab) -> None:
    for _ in range(2):
        ask(lab.store, subject="steward", wish=Wish("condition_occurrence"))
    with pytest.raises(Refusal) as busy:
        ask(lab.store, subject="steward", wish=Wish("condition_occurrence"))
    assert busy.value.code == "busy"
    registry.suspend_person(lab.store, actor=ACTOR, subject="steward")  # between asking and answering
    answer_waiting(lab.guard)
    with lab.store.reading() as session:
        assert {one.code for one in list_questions(session, "steward")} == {"person-suspended"}
    registry.restore_person(lab.store, actor=ACTOR, subject="steward")
    with lab.store.transaction() as session:
        mine = session.query(FeasibilityQuestion).filter_by(subject="steward").first()
        assert mine is not None
        told = {"kind": "count", "document": mine.document, "state": "answered", "asked_at": mine.asked_at}
        session.add_all(FeasibilityQuestion(subject="steward", **told) for _ in range(COUNTS_A_DAY))
    with pytest.raises(Refusal) as spent:
        ask(lab.store, subject="steward", wish=Wish("condition_occurrence"))
    assert spent.value.code == "feasibility-spent"
    with pytest.raises(Refusal) as stranger:
        ask(lab.store, subject="nobody", wish=Wish("condition_occurrence"))
    assert stranger.value.code == "not-registered"


@pytest.mark.slow
def test_questions_are_ones_own(lab: GuardLab) -> None:
    number = ask(lab.store, subject=ASKER, wish=Wish("condition_occurrence"))
    with lab.store.reading() as session, pytest.raises(Refusal) as refused:
        find_question(session, "researcher-a", number)
    assert refused.value.code == "no-such-question"


@pytest.mark.slow
def test_a_count_agrees_with_what_a_project_is_told(lab: GuardLab) -> None:
    whole = lab.ask(
        "SELECT COUNT(DISTINCT person_id) AS n FROM condition_occurrence WHERE condition_concept_id = 192671"
    )
    near = tell(lab, Wish("condition_occurrence", (BLEED,), last_year=2019))
    alone = tell(lab, Wish("condition_occurrence", (BLEED,)))
    assert whole.table is not None and near.people is not None and alone.people is not None
    assert near.people % 50 == alone.people % 50 == 0
    assert abs(alone.people - whole.table.to_pylist()[0]["n"]) <= 30


@pytest.mark.parametrize(
    "bad",
    [{"table": "person"}, {"table": "concept; DROP"}, {"concepts": (0,)}, {"concepts": (-1,)}, {"concepts": (True,)},
     {"concepts": ("1",)}, {"concepts": tuple(range(1, 99))}, {"first_year": 1},
     {"first_year": 2020, "last_year": 2019}, {"age_from": 65},
     {"age_below": 100}, {"age_from": 50, "age_below": 50}, {"first_year": "2020"}],
)  # fmt: skip
def test_what_is_not_of_the_form_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        Wish(**{"table": "condition_occurrence", **bad})  # type: ignore[arg-type]
    assert refused.value.code == "bad-wish"


@given(
    st.sampled_from(sorted(TABLES)),
    st.lists(st.integers(1, 2**61), max_size=5, unique=True),
    st.integers(1900, 2050),
    st.integers(0, 50),
    st.sampled_from(Sex),
    st.sampled_from(range(0, 100, 10)),
)
def test_a_wish_survives_the_register_and_its_sql_holds_nothing_but_it(
    table: str, concepts: list[int], first: int, years: int, sex: Sex, age: int
) -> None:
    wish = Wish(table, tuple(concepts), first, first + years, sex, age)
    assert read_wish(wish.write()) == wish
    sql = write_count(wish, 2026).sql
    assert set(sql) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.,()<>= -'0123456789")
    assert sql.count("'") == 4 and ";" not in sql and "--" not in sql


@given(st.text(max_size=30))
def test_no_word_of_a_search_is_in_the_sql(words: str) -> None:
    try:
        search = Search("drug_exposure", words)
    except Refusal:
        return
    assert write_search(search).sql == write_search(replace(search, words="abc")).sql


@pytest.mark.parametrize(
    "document", ["", "{}", "[]", '{"table": "person", "concepts": []}', '{"words": "abc"}', "null"]
)
def test_a_damaged_document_is_refused(document: str) -> None:
    with pytest.raises(Refusal):
        read_wish(document)


@given(st.one_of(st.none(), st.integers(0, 10**8)))
def test_coarser_than_any_project(people: int | None) -> None:
    told = coarser(people)
    assert told is None or (told >= 50 and told % 50 == 0 and people is not None and abs(told - people) <= 25)
    assert (told is None) == (people is None or people < 50)


def test_the_document_says_all_of_the_wish() -> None:
    wish = Wish("visit_occurrence", (9201,), sex=Sex.MALE)
    assert json.loads(wish.write()).keys() == asdict(wish).keys()
