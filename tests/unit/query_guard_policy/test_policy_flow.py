"""Stage 4: which joins keep every row with one person, and what plain SQL says of the same question."""

from __future__ import annotations

import re

import pytest

from governance.disclosure import DisclosureProfile
from query_guard.policy import Flow, StepKind
from query_guard.policy.plan import MARKS_TABLE
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
    (
        "concept c left join person p on p.gender_concept_id = c.concept_id where p.person_id is null",
        "join-keeps-nobody",
    ),
    ("concept c semi join person p on p.gender_concept_id = c.concept_id", "join-keeps-nobody"),
    (
        "concept c left join person p on p.gender_concept_id = c.concept_id join death d on true",
        "join-without-person",
    ),
    ("concept c right join person p on p.gender_concept_id = c.concept_id join death d on true", "join-without-person"),
    ("person p right join death d on p.gender_concept_id = d.cause_concept_id", "join-without-person"),
    (
        "person p right join concept c on p.gender_concept_id = c.concept_id where p.year_of_birth is null",
        "join-keeps-nobody",
    ),
    ("person p join death d on p.person_id = d.person_id right join visit_occurrence v on true", "join-not-available"),
    ("person p full join death d on p.gender_concept_id = d.cause_concept_id", "join-without-person"),
    ("person p full join death d on true", "join-without-person"),
    ("person p full join death d on p.year_of_birth = 1950", "join-without-person"),
    ("person p full join concept c on p.gender_concept_id = c.concept_id", "join-keeps-nobody"),
    ("concept c full join person p on p.gender_concept_id = c.concept_id", "join-keeps-nobody"),
    ("person p full join death d on true where p.person_id = d.person_id", "join-without-person"),
    # a full joined person is null where only the other is there: neither side alone names the row
    (
        "person p full join death d on p.person_id = d.person_id cross join visit_occurrence v",
        "join-without-person",
    ),
    ("person p natural join death", "join-not-available"),
    (
        "person p asof join death d on p.person_id = d.person_id and p.birth_datetime < d.death_date",
        "join-not-available",
    ),
    ("person p positional join death d", "join-not-available"),
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


# Reference tables that no key ties to people: every row of theirs would weigh people.
UNTIED = [
    "person p cross join concept c",
    "person p join concept c on true",
    "person p join concept c on c.concept_id > p.gender_concept_id",
    "person p join concept c on c.concept_id >= 8507",
    "person p join concept c on c.concept_id = c.concept_id",
    "person p join concept c on c.concept_id = p.gender_concept_id or p.year_of_birth = 1940",
    "person p, concept c, concept d where c.concept_id = d.concept_id",
    "person p left join concept c on c.concept_id > 1 where c.weight = 1",
    "person p join concept c on c.concept_id + 0 = p.gender_concept_id",
    "person p join (select concept_id from concept) c on c.concept_id > p.gender_concept_id",
    "(select person_id, year_of_birth from person) p cross join (select concept_id from concept) c",
    "(select p.* from person p cross join concept c) p",
    "person p join (values (8507), (8507), (8532)) v(g) on v.g = p.gender_concept_id",
]


@pytest.mark.parametrize("source", UNTIED)
def test_rows_that_a_reference_table_repeats_are_hidden_and_people_are_counted(clinic: PolicyLab, source: str) -> None:
    hidden = (
        "count(*), count(p.year_of_birth), sum(p.year_of_birth), avg(p.year_of_birth), sum(1), median(year_of_birth)"
    )
    hidden += ", stddev(p.year_of_birth), count_if(p.year_of_birth > 1900)"
    shown = "count(distinct p.person_id), count(distinct p.person_id) filter (where p.year_of_birth = 1940)"
    shown += ", count(distinct p.year_of_birth)"
    assert clinic.rows(f"select {hidden} from {source}") == [(None,) * 8]
    plain = clinic.data.sql(f"select {shown} from {source}").fetchall()[0]
    assert clinic.rows(f"select {shown} from {source}") == [tuple(5 * round(number / 5) for number in plain)]


def test_a_reference_table_of_one_row_repeats_nothing(clinic: PolicyLab) -> None:
    one = "(select count(*) as n from concept) c"
    assert clinic.value(f"select count(*) from person p cross join {one}") == 60
    assert clinic.value("select count(*) from person p join concept c on c.concept_id = 8507") == 60


ANSWERED = [
    "person p right join visit_occurrence v on p.person_id = v.person_id",
    "visit_occurrence v right join person p on p.person_id = v.person_id and v.visit_concept_id = 9201",
    "concept c right join person p on p.gender_concept_id = c.concept_id",
    "person p full join death d on p.person_id = d.person_id",
    "death d full join measurement m on m.person_id = d.person_id and m.value_as_number > 20",
    "death d full join visit_occurrence v on d.person_id = v.person_id join person p on p.person_id = v.person_id",
    "(select * from person where year_of_birth = 1941) p join visit_occurrence v on p.person_id = v.person_id",
    "(select person_id from death union select person_id from measurement) d",
    "(select person_id from death union all select person_id from measurement) d",
    "(select person_id from person except select person_id from death) p",
    "(select person_id from person intersect select person_id from death) p",
    "(select distinct person_id, visit_concept_id from visit_occurrence) v",
    "(select person_id, count(*) as n from visit_occurrence group by person_id) v where n > 3",
    "person p where exists (select 1 from visit_occurrence v where v.person_id = p.person_id)",
    "person p where not exists (select 1 from visit_occurrence v where v.person_id = p.person_id)",
    "person p where p.person_id in (select person_id from death)",
    "person p where p.person_id not in (select person_id from death)",
    "person p where (select count(*) from visit_occurrence v where v.person_id = p.person_id) > 4",
    "person p where p.gender_concept_id in (select concept_id from concept where concept_name = 'MALE')",
    "person p where p.year_of_birth > (select avg(year_of_birth) from person)",
    "(select *, row_number() over (partition by person_id order by visit_start_date) as n from visit_occurrence) v"
    " where n = 2",
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


def person_of(source: str) -> str:
    """The person of a row of FROM, in plain SQL."""
    aliases = re.findall(r"(?:person|visit_occurrence|measurement|death|\)) ([a-z])\b", source)
    if " full join " in source:
        return f"coalesce({', '.join(f'{alias}.person_id' for alias in aliases)})"
    return f"{aliases[-1 if ' right join ' in source else 0]}.person_id"


@pytest.mark.parametrize("source", [source for source in ANSWERED if "or false" not in source])
def test_joins_mean_what_plain_sql_means(clinic: PolicyLab, source: str) -> None:
    """Without thresholds and rounding the guard's numbers are those of plain SQL: rows and people."""
    clinic.profile = DisclosureProfile("plain", 1, 1, 12, "test", dominance_k=1.0, p_ratio=0.0)
    asked = f"select count(*), count(distinct {person_of(source)}) from {source}"
    assert clinic.plan(f"select count(*) from {source}").flow is Flow.PROTECTED
    rows, people = clinic.data.sql(asked).fetchall()[0]
    if " full join " in source:
        asked = f"select count(*), count(distinct k) from (select {person_of(source)} as k from {source})"
    assert clinic.rows(asked) == [(rows or None, people or None)]


def test_an_or_beside_the_person_equality(lab: PolicyLab) -> None:
    assert (
        lab.code(f"select count(*) from {next(source for source in ANSWERED if 'or false' in source)}")
        == "person-key-use"
    )


def test_rows_without_a_person_are_nobodys(lab: PolicyLab) -> None:
    lab.people(9).fill("person", [{"person_id": None}] * 40)
    assert lab.value("select count(*) from person") is None
    assert lab.value("select count(distinct person_id) from person") is None


def test_relations_are_classified(clinic: PolicyLab) -> None:
    plan = clinic.plan("select count(*) from person p join concept c on c.concept_id = p.gender_concept_id")
    flows = [line.flow for line in plan.explained]
    assert flows[:2] == [Flow.PRIVATE, Flow.PUBLIC]
    assert flows[-1] is Flow.PROTECTED
    assert plan.tables == {"person", "concept"}
    assert [(step.kind, step.tables - {MARKS_TABLE}) for step in plan.steps] == [
        (StepKind.PROTECT, {"person", "concept"}),
        (StepKind.FREE, frozenset()),
    ]
    plan = clinic.plan("select concept_name from concept")
    assert [line.flow for line in plan.explained] == [Flow.PUBLIC]
    assert [step.kind for step in plan.steps] == [StepKind.PUBLIC]


def test_only_protect_steps_read_people(clinic: PolicyLab) -> None:
    """What reads people's rows is protected before anything else sees it, wherever it stands in the query."""
    sql = (
        "with m as (select avg(year_of_birth) as y from person), c as (select concept_id from concept),"
        " n as (select gender_concept_id as g, count(*) as n from person, m where year_of_birth > m.y group by 1)"
        " select n.g, n.n, (select count(*) from death) from n join c on c.concept_id = n.g"
    )
    plan = clinic.plan(sql)
    private = {"person", "death", "visit_occurrence", "measurement", MARKS_TABLE}
    assert [step.kind for step in plan.steps if step.tables & private] == [StepKind.PROTECT] * 3
    assert all((step.kind is StepKind.PROTECT) == (step.cells is not None) for step in plan.steps)
    assert plan.steps[-1].kind is StepKind.FREE
    assert not any(step.tables for step in plan.steps if step.kind is StepKind.FREE)
    names = [step.name for step in plan.steps]
    assert all(step.given <= set(names[:place]) for place, step in enumerate(plan.steps))
    assert plan.flow is Flow.PROTECTED


def test_a_reference_table_cannot_weigh_people(clinic: PolicyLab) -> None:
    """The attack: a join that repeats the rows of one value of an attribute, so that one person counts like
    hundreds."""
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
