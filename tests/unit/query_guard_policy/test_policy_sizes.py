"""Products of one person's rows are bounded by the question alone, before anything runs."""

from __future__ import annotations

import pytest

from governance.refusal import Refusal
from tests.support.guard_policy import PolicyLab

MANY = ("measurement", "visit_occurrence")


def each_with_each(number: int, tables: tuple[str, ...] = MANY, join: str = "join") -> str:
    """So many tables with several rows of a person, tied by the person alone."""
    names = [tables[place % len(tables)] for place in range(number)]
    first, *others = (f"{name} t{place}" for place, name in enumerate(names))
    return first + "".join(
        f" {join} {other} on t{place}.person_id = t0.person_id" for place, other in enumerate(others, 1)
    )


@pytest.fixture
def lab() -> PolicyLab:
    return PolicyLab()


ANSWERED = {
    "two tables": each_with_each(2),
    "three tables": each_with_each(3),
    "and people": each_with_each(3)
    + " join person p on p.person_id = t0.person_id join death d on d.person_id = p.person_id",
    "any number by a key of records": "visit_occurrence v"
    + "".join(
        f" join measurement m{n} on m{n}.measurement_id = m{n - 1}.measurement_id"
        if n
        else " join measurement m0 on m0.visit_occurrence_id = v.visit_occurrence_id"
        for n in range(8)
    ),
    "any number brought to one row a person": "person p"
    + "".join(
        f" join (select person_id, count(*) as n from measurement group by 1) m{n} on m{n}.person_id = p.person_id"
        for n in range(8)
    ),
    "many names of concepts": "measurement m"
    + "".join(f" join concept c{n} on c{n}.concept_id = m.measurement_concept_id" for n in range(8)),
    "ancestors and their names": "measurement m join concept_ancestor a on a.descendant_concept_id ="
    " m.measurement_concept_id join concept c on c.concept_id = a.ancestor_concept_id",
    "many conditions on other tables": "person p where "
    + " and ".join(
        f"exists (select 1 from measurement m where m.person_id = p.person_id and {n} > 0)" for n in range(9)
    ),
    "many lists": "measurement m where "
    + " and ".join(f"m.person_id in (select person_id from measurement where {n} > 0)" for n in range(9)),
}
TOO_WIDE = {
    "four tables": each_with_each(4),
    "four tables by outer joins": each_with_each(4, join="left join"),
    "one table four times": each_with_each(4, MANY[:1]),
    "two subqueries of two": f"(select t0.person_id from {each_with_each(2)}) a join (select t0.person_id from"
    f" {each_with_each(2)}) b on b.person_id = a.person_id",
    "in a subquery that looks at the row": f"{each_with_each(2)} where exists (select 1 from measurement a join"
    " measurement b on b.person_id = a.person_id where a.person_id = t0.person_id)",
    "by a key that is another table's": "measurement m0"
    + "".join(f" join measurement m{n} on m{n}.visit_occurrence_id = m0.visit_occurrence_id" for n in range(1, 4)),
    "reference data each with each": "person p cross join concept a cross join concept b cross join concept c",
    "reference data apart": "(select 1 as x from concept a cross join concept b cross join concept c) z cross join"
    " person p",
    "lists of values": "person p"
    + "".join(f" cross join (values {', '.join(f'({n})' for n in range(60))}) v{place}(x)" for place in range(4)),
    "reference data along themselves": "person p join concept_ancestor a0 on a0.ancestor_concept_id ="
    " p.gender_concept_id"
    + "".join(f" join concept_ancestor a{n} on a{n}.ancestor_concept_id = a0.ancestor_concept_id" for n in range(1, 9)),
}


@pytest.mark.parametrize("source", ANSWERED.values(), ids=ANSWERED)
def test_what_analysts_join_is_planned(lab: PolicyLab, source: str) -> None:
    lab.plan(f"select count(*) from {source}")


@pytest.mark.parametrize("source", TOO_WIDE.values(), ids=TOO_WIDE)
def test_wider_joins_are_refused(lab: PolicyLab, source: str) -> None:
    assert lab.code(f"select count(*) from {source}") == "join-too-wide"


def test_rows_that_double_are_refused(lab: PolicyLab) -> None:
    doubled = "r0 as (select person_id from person)" + "".join(
        f", r{n} as (select person_id from r{n - 1} union all select person_id from r{n - 1})" for n in range(1, 30)
    )
    assert lab.code(f"with {doubled} select count(*) from r29") == "join-too-wide"


def test_published_values_may_be_joined_at_will(lab: PolicyLab) -> None:
    cells = "(select gender_concept_id as g, count(*) as n from person group by 1)"
    joined = " cross join ".join(f"{cells} t{place}" for place in range(5))
    try:
        lab.plan(f"select count(*) from {joined}")
    except Refusal as refusal:
        raise AssertionError(refusal.code) from None
