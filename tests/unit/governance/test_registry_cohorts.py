"""Cohorts are words the register keeps; grants have days and codes; extracts end, and none comes back."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from governance import registry
from governance.cohort import Cohort, CohortCondition, Sex, parse_condition, read_cohort, write_cohort
from governance.refusal import Refusal
from governance.registry import GrantRule
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.projects import ProjectCohort

BY, WHERE = "operator:test", "gi-bleed"
DIABETES = parse_condition("condition_occurrence.condition_concept_id=201826,443238")


def last_event(store: Store) -> str:
    with store.reading() as session:
        return session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one().event


def cohort_of(store: Store) -> Cohort:
    with store.reading() as session:
        return registry.project_cohort(session, WHERE)


def test_a_cohort_is_set_changed_and_taken_back(demo_register: Store) -> None:
    assert cohort_of(demo_register) == Cohort()
    wanted = Cohort((DIABETES,), born_after=1940, born_before=2000, sex=Sex.FEMALE, registered=True)
    registry.set_cohort(demo_register, actor=BY, slug=WHERE, cohort=wanted)
    assert (cohort_of(demo_register), last_event(demo_register)) == (wanted, "cohort.set")
    with pytest.raises(Refusal, match="already-exists"):
        registry.set_cohort(demo_register, actor=BY, slug=WHERE, cohort=wanted)
    registry.clear_cohort(demo_register, actor=BY, slug=WHERE)
    assert (cohort_of(demo_register), last_event(demo_register)) == (Cohort(), "cohort.cleared")
    with demo_register.reading() as session:
        assert len(session.scalars(select(ProjectCohort)).all()) == 2, "what was set stays on record"
    with pytest.raises(Refusal, match="no-such-project"):
        registry.set_cohort(demo_register, actor=BY, slug="none", cohort=wanted)


@given(
    st.builds(
        Cohort,
        st.lists(
            st.builds(
                CohortCondition,
                st.sampled_from(["condition_occurrence", "drug_exposure"]),
                st.sampled_from(["condition_concept_id", "drug_concept_id"]),
                st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=4).map(tuple),
            ),
            max_size=3,
        ).map(tuple),
        st.none() | st.integers(1850, 2150),
        st.none() | st.integers(1850, 2150),
        st.none() | st.sampled_from(Sex),
        st.booleans(),
    )
)
def test_what_is_written_is_read(cohort: Cohort) -> None:
    assert read_cohort(write_cohort(cohort)) == cohort


GOOD = json.loads(write_cohort(Cohort((DIABETES,))))


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"sex": "other"},
        {"born_after": "1950"},
        {"born_after": 20},
        {"registered": "yes"},
        {"conditions": [{"table": "x; drop", "column": "a", "values": [1]}]},
        {"conditions": [{"table": "person", "column": "a", "values": ["1) or (1=1"]}]},
        {"conditions": [{"table": "person", "column": "a", "values": []}]},
        {"conditions": [{"table": "person", "column": "a", "values": [1], "sql": "x"}]},
        {"conditions": [{"table": "person"}]},
        {"conditions": 1},
    ],
)
def test_a_changed_document_is_no_cohort(change: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="bad-cohort"):
        read_cohort(json.dumps(GOOD | change))


@pytest.mark.parametrize("document", ["", "[]", "null", "{}", "7"])
def test_other_documents_are_none_either(document: str) -> None:
    with pytest.raises(Refusal, match="bad-cohort"):
        read_cohort(document)


def test_grants_have_days_and_codes(demo_register: Store) -> None:
    early, late = date(2015, 1, 1), date(2020, 12, 31)
    grant = {"actor": BY, "slug": "respiratory", "table": "measurement"}
    registry.grant_table(demo_register, **grant, starts=early, ends=late, codes=[7, 3, 7])  # type: ignore[arg-type]
    registry.grant_table(demo_register, **grant, columns=["unit_concept_id"])  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="already-exists"):
        registry.grant_table(demo_register, **grant, starts=early, ends=late, codes=[3, 7])  # type: ignore[arg-type]
    with demo_register.reading() as session:
        rules = [rule for rule in registry.grant_rules(session, "respiratory") if rule.table == "measurement"]
        assert registry.live_grants(session, "respiratory", ["measurement"]) == {"measurement": None}
        assert registry.grant_rules(session, "nowhere") == ()
    assert rules == [
        GrantRule("measurement", None, early, late, frozenset({3, 7})),
        GrantRule("measurement", frozenset({"unit_concept_id"})),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"starts": date(2020, 1, 2), "ends": date(2020, 1, 1)}, "ends-before-start"),
        ({"starts": "2020-01-01"}, "bad-date"),
        ({"codes": [-1]}, "bad-code"),
        ({"codes": ["1"]}, "bad-code"),
        ({"codes": [2**63]}, "bad-code"),
        ({"table": "*", "codes": [1]}, "bad-identifier"),
    ],
)
def test_what_is_no_grant(demo_register: Store, change: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        registry.grant_table(demo_register, **{"actor": BY, "slug": WHERE, "table": "person", **change})  # type: ignore[arg-type]


def record(store: Store, number: str) -> None:
    registry.record_extract(
        store, actor=BY, slug=WHERE, folder=f"{WHERE}/{number}", sha256=number * 64, people=1, rows=1
    )


def destroy(store: Store, number: str) -> None:
    registry.destroy_extract(store, actor=BY, slug=WHERE, folder=f"{WHERE}/{number}", why="replaced")


def test_an_extract_ends_but_not_the_one_in_force(demo_register: Store) -> None:
    record(demo_register, "1")
    record(demo_register, "2")
    with pytest.raises(Refusal, match="extract-in-force"):
        destroy(demo_register, "2")
    destroy(demo_register, "1")
    assert last_event(demo_register) == "extract.destroyed"
    for number in ("1", "3"):
        with pytest.raises(Refusal, match="no-such-extract"):
            destroy(demo_register, number)
    with demo_register.reading() as session:
        assert [view.state for view in registry.list_extracts(session)] == ["in force", "destroyed"]


def test_no_older_extract_comes_back(demo_register: Store) -> None:
    record(demo_register, "1")
    record(demo_register, "2")
    registry.change_project(demo_register, actor=BY, slug=WHERE, status="suspended")
    destroy(demo_register, "2")
    with demo_register.reading() as session:
        assert registry.current_extract(session, WHERE) is None
        assert [view.state for view in registry.list_extracts(session, WHERE)] == ["destroyed", "kept"]
