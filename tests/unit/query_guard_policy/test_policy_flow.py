"""Stage 4: which joins keep every row with one person, and what plain SQL says of the same question."""

from __future__ import annotations

import re

import pytest

from query_guard.policy import Flow
from tests.support.guard_policy import PolicyLab

pytestmark = pytest.mark.slow  # every combination: several seconds together

REFUSED = [
    ("person a join person b on a.gender_concept_id = b.gender_concept_id", "join-without-person"),
    ("person a join person b on a.person_id = b.person_id or a.year_of_birth = b.year_of_birth", "person-key-use"),
    ("person a cross join person b", "join-without-person"),
    ("person a, person b", "join-without-person"),
    ("person a, person b where a.year_of_birth = b.year_of_birth", "join-without-person"),
    ("person a left join death d on d.cause_concept_id = a.gender_concept_id", "join-without-person"),
    ("person a left join death d on true where a.person_id = d.person_id", "join-without-person"),
    ("person a semi join death d on d.cause_concept_id = 1", "join-without-person"),
    ("person a anti join death d on d.cause_concept_id = 1", "join-without-person"),
    ("person a semi join death d on true", "join-without-person"),
    # x is tied to a and to b, which says nothing of a and b where no x fits
    (
        "person a cross join person b left join death x on x.person_id = a.person_id and x.person_id = b.person_id",
        "join-without-person",
    ),
    (
        "person a cross join person b anti join death x on x.person_id = a.person_id and x.person_id = b.person_id",
        "join-without-person",
    ),
    # ON of a left join does not filter the tables before it
    (
        "person a cross join person b left join death x on x.person_id = a.person_id and a.person_id = b.person_id",
        "join-without-person",
    ),
    ("person a join person b on a.person_id = a.person_id", "person-key-use"),
    ("concept c left join person p on p.gender_concept_id = c.concept_id", "join-keeps-nobody"),
    ("concept c semi join person p on p.gender_concept_id = c.concept_id", "join-keeps-nobody"),
    (
        "concept c left join person p on p.gender_concept_id = c.concept_id join death d on d.person_id = p.person_id",
        "join-keeps-nobody",
    ),
    ("person p right join death d on p.person_id = d.person_id", "join-not-available"),
    ("person p full join death d on p.person_id = d.person_id", "join-not-available"),
    ("person p natural join death", "join-not-available"),
    (
        "person p asof join death d on p.person_id = d.person_id and p.birth_datetime < d.death_date",
        "join-not-available",
    ),
    ("person p positional join death d", "join-not-available"),
    ("person p cross join concept c", "reference-not-keyed"),
    ("person p join concept c on true", "reference-not-keyed"),
    ("person p join concept c on c.concept_id > p.gender_concept_id", "reference-not-keyed"),
    ("person p join concept c on c.concept_id = 8507", "reference-not-keyed"),
    ("person p join concept c on c.concept_id = c.concept_id", "reference-not-keyed"),
    ("person p join concept c on c.concept_id + 0 = p.gender_concept_id", "reference-not-keyed"),
    ("person p join concept c on c.concept_id = p.gender_concept_id or p.year_of_birth = 1950", "reference-not-keyed"),
    ("measurement m join concept c on c.concept_id = m.value_as_number", "reference-not-keyed"),
    ("person p, concept c, concept d where c.concept_id = d.concept_id", "reference-not-keyed"),
    ("person p left join concept c on c.concept_id = 1 where c.weight = 2", "reference-not-keyed"),
]


@pytest.mark.parametrize(("source", "code"), REFUSED)
def test_joins_that_could_mix_people(lab: PolicyLab, source: str, code: str) -> None:
    assert lab.code(f"select count(*) from {source}") == code


def test_a_visible_cross_join_with_conditions_is_odd(lab: PolicyLab) -> None:
    assert lab.code("select count(*) from person p cross join death d on p.person_id = d.person_id") in {
        "join-not-available",
        "sql-not-read",
    }


@pytest.fixture
def clinic(lab: PolicyLab) -> PolicyLab:
    """60 people, 45 of them with visits (person n has n % 7 + 1), 30 with measurements, 20 dead; five concepts."""
    lab.fill(
        "person",
        [
            {
                "person_id": n,
                "gender_concept_id": 8507 if n % 2 else 8532,
                "year_of_birth": 1940 + n % 3,
                "gender_source_value": "M",
            }
            for n in range(60)
        ],
    )
    visits = [(n, visit) for n in range(45) for visit in range(n % 7 + 1)]
    lab.fill(
        "visit_occurrence",
        [(i, n, 9201 if v % 2 else 9202, f"2010-0{v + 1}-01", f"2010-0{v + 1}-03") for i, (n, v) in enumerate(visits)],
    )
    lab.fill(
        "measurement",
        [(i, n, None, 3000 + i % 2, "2010-01-02", float(i)) for i, n in enumerate([*range(30), *range(30)])],
    )
    lab.fill("death", [(n, "2020-01-01", 1) for n in range(20)])
    lab.fill(
        "concept",
        [
            (8507, "MALE", "Gender", "Gender", 1.0),
            (8532, "FEMALE", "Gender", "Gender", 1.0),
            (9201, "Inpatient", "Visit", "Visit", 1.0),
        ],
    )
    lab.fill("concept", [(9202, "Outpatient", "Visit", "Visit", 1.0), (3000, "BMI", "Measurement", "LOINC", 1.0)])
    return lab


ANSWERED = [
    "person a join person b on a.person_id = b.person_id",
    "person a, person b where a.person_id = b.person_id",
    "person a cross join person b where b.person_id = a.person_id and a.year_of_birth < 1942",
    "person p join visit_occurrence v on p.person_id = v.person_id",
    "person p join visit_occurrence v using (person_id)",
    "person p left join visit_occurrence v on p.person_id = v.person_id",
    "person p left outer join visit_occurrence v on p.person_id = v.person_id and v.visit_start_date > '2010-02-15'",
    "person p left join visit_occurrence v using (person_id) join measurement m on m.person_id = v.person_id",
    "person p left join visit_occurrence v using (person_id) left join measurement m on m.person_id = v.person_id",
    "person p, visit_occurrence v, measurement m where v.person_id = p.person_id and v.person_id = m.person_id",
    "visit_occurrence v join person p on p.person_id = v.person_id and v.visit_start_date > p.birth_datetime or false",
    "person p semi join visit_occurrence v on v.person_id = p.person_id and v.visit_concept_id = 9201",
    "person p anti join visit_occurrence v on v.person_id = p.person_id",
    "person p semi join death d using (person_id)",
    "person p join concept c on c.concept_id = p.gender_concept_id",
    "concept c join person p on c.concept_id = p.gender_concept_id",
    "concept c, person p where p.gender_concept_id = c.concept_id and c.concept_name like 'M%'",
    "person p left join concept c on c.concept_id = p.gender_concept_id and c.domain_id = 'Gender'",
    "person p semi join concept c on c.domain_id = 'Gender' and c.concept_id > p.gender_concept_id",
    "person p anti join concept c on c.concept_id = p.gender_concept_id",
    "visit_occurrence v join concept c on c.concept_id = v.visit_concept_id join concept d on "
    "d.concept_name = c.concept_name",
    "concept d join concept c on d.concept_id = c.concept_id join person p on p.gender_concept_id = c.concept_id",
    "person p left join measurement m on m.person_id = p.person_id left join concept c on c.concept_id = "
    "m.measurement_concept_id",
    "measurement m join visit_occurrence v on v.person_id = m.person_id and v.visit_start_date between "
    "m.measurement_date - 31 and m.measurement_date",
]


@pytest.mark.parametrize("source", [source for source in ANSWERED if "or false" not in source])
def test_joins_mean_what_plain_sql_means(clinic: PolicyLab, source: str) -> None:
    plan = clinic.plan(f"select count(*) from {source}")
    assert plan.flow is Flow.PROTECTED
    raw = clinic.data.sql(plan.inner.sql).to_arrow_table().to_pylist()[0]
    plain = clinic.data.sql(f"select count(*) from {source}").fetchall()[0][0]
    assert (raw["n_total"] or 0) == plain
    alias = re.search(r"(?:person|visit_occurrence|measurement) (\w)", source)[1]  # type: ignore[index]
    people = clinic.data.sql(f"select count(distinct {alias}.person_id) from {source}").fetchall()[0][0]
    assert raw["contributors"] == people


def test_an_or_beside_the_person_equality(lab: PolicyLab) -> None:
    assert lab.code(f"select count(*) from {ANSWERED[10]}") == "person-key-use"


def test_rows_without_a_person_are_nobodys(lab: PolicyLab) -> None:
    lab.people(9).fill("person", [{"person_id": None}] * 40)
    assert lab.value("select count(*) from person") is None
    assert lab.value("select count(distinct person_id) from person") is None


def test_relations_are_classified(clinic: PolicyLab) -> None:
    plan = clinic.plan("select count(*) from person p join concept c on c.concept_id = p.gender_concept_id")
    flows = [relation.flow for relation in plan.relations]
    assert flows[:2] == [Flow.PRIVATE, Flow.PUBLIC]
    assert flows[-1] is Flow.PROTECTED
    assert plan.inner.tables == {"person", "concept"}
    assert clinic.plan("select concept_name from concept").relations[0].flow is Flow.PUBLIC


def test_a_reference_table_cannot_weigh_people(clinic: PolicyLab) -> None:
    """The attack: a join that repeats the rows of one value of an attribute, so that one person counts "
    "like hundreds."""
    clinic.fill("concept", [(10_000 + n, "x", "Weight", "W", 1.0) for n in range(400)])
    weighed = "person p join concept c on c.domain_id = p.gender_source_value"
    clinic.data.execute("update concept set domain_id = 'M' where domain_id = 'Weight'")
    answer = clinic.rows(
        f"select count(*), count(p.year_of_birth), avg(p.year_of_birth), sum(1), count(distinct "
        f"p.person_id) from {weighed}"
    )
    assert answer == [(None, None, None, None, 60)]
    assert clinic.rows(f"select count(distinct p.year_of_birth), count_if(p.year_of_birth > 1940) from {weighed}") == [
        (5, None)
    ]


def test_repeats_are_counted_within_a_group_and_after_its_own_conditions(clinic: PolicyLab) -> None:
    clinic.fill("concept_ancestor", [(1, 8507), (2, 8507), (1, 8532), (3, 8532)])
    joined = "person p join concept_ancestor a on a.descendant_concept_id = p.gender_concept_id"
    assert clinic.value(f"select count(*) from {joined}") is None
    assert clinic.value(f"select count(*) from {joined} where a.ancestor_concept_id = 1") == 60
    assert clinic.value(f"select count(*) from {joined} and a.ancestor_concept_id = 1") == 60
    assert (
        clinic.value(f"select count(*) from {joined} and (a.ancestor_concept_id = 1 or p.year_of_birth = 1940)") is None
    )
    assert clinic.rows(f"select a.ancestor_concept_id, count(*) from {joined} group by 1") == [
        (1, 60),
        (2, 30),
        (3, 30),
    ]
    assert clinic.rows(f"select a.ancestor_concept_id * 2, count(*) from {joined} group by 1") == [
        (2, None),
        (4, None),
        (6, None),
    ]


def test_conditions_of_another_left_join_do_not_narrow_a_reference_table(clinic: PolicyLab) -> None:
    clinic.fill("concept_ancestor", [(1, 8507), (2, 8507), (1, 8532), (3, 8532)])
    joined = (
        "person p join concept_ancestor a on a.descendant_concept_id = p.gender_concept_id"
        " left join death d on d.person_id = p.person_id and a.ancestor_concept_id = 1"
    )
    assert clinic.value(f"select count(*) from {joined}") is None
    inner = joined.replace("left join", "join")
    assert clinic.value(f"select count(*) from {inner}") == 20


def test_reference_tables_by_using(clinic: PolicyLab) -> None:
    assert clinic.rows("select count(*) from concept a join concept b using (concept_id)") == [(5,)]
    assert (
        clinic.value("select count(*) from measurement join visit_occurrence using (person_id, visit_occurrence_id)")
        is None
    )
    assert clinic.code("select count(*) from person join measurement using (gender_concept_id)") == "unknown-column"
