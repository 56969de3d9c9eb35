"""Random data, random questions: the guard's answer is that of a slow plain-Python guard, and no released cell rests on
too few people."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.disclosure import PROFILES, DisclosureProfile
from tests.support import guard_reference as slow
from tests.support.guard_policy import PolicyLab, hidden_rows
from tests.support.rule_in_memory import Forgetting

GENDERS, CONCEPTS = (1, 2, None), (10, 20, 30, None)
# FROM -> (columns that may be asked about, how its rows come out of people's records)
SOURCES = {
    "person p": ("p.gender_concept_id", "p.year_of_birth"),
    "measurement m": ("m.measurement_concept_id", "m.value_as_number"),
    "person p join measurement m on m.person_id = p.person_id": None,
    "person p left join measurement m on m.person_id = p.person_id": None,
    "person p left join measurement m on m.person_id = p.person_id and m.value_as_number > 1": None,
    "person p semi join measurement m on m.person_id = p.person_id": ("p.gender_concept_id", "p.year_of_birth"),
    "person p anti join measurement m on m.person_id = p.person_id and m.value_as_number > 2": (
        "p.gender_concept_id",
        "p.year_of_birth",
    ),
    "measurement m left join concept c on c.concept_id = m.measurement_concept_id": (
        "m.measurement_concept_id",
        "m.value_as_number",
    ),
}
BOTH = ("p.gender_concept_id", "p.year_of_birth", "m.measurement_concept_id", "m.value_as_number")


@st.composite
def hospitals(draw: st.DrawFn) -> list[tuple[int | None, int, list[tuple[int | None, int | None]]]]:
    """(gender, year of birth, measurements) for each person: a few sorts of people, each as many as "
    "straddle the rules."""
    measurement = st.tuples(st.sampled_from(CONCEPTS), st.sampled_from((None, 0, 1, 3, 100)))
    events = st.lists(measurement, max_size=3)
    person = st.tuples(st.sampled_from(GENDERS), st.sampled_from((1950, 1951)), events)
    sorts = draw(st.lists(st.tuples(person, st.sampled_from((1, 5, 8, 9, 10, 11, 20))), max_size=4))
    return [one for one, number in sorts for _ in range(number)]


def rows_of(hospital: list[Any], source: str) -> list[slow.Row]:
    """The rows of FROM, joined by hand."""
    rows: list[slow.Row] = []
    for number, (gender, year, measurements) in enumerate(hospital):
        person = {"person": number, "p.gender_concept_id": gender, "p.year_of_birth": year}
        events = [{"m.measurement_concept_id": code, "m.value_as_number": value} for code, value in measurements]
        nothing = {"m.measurement_concept_id": None, "m.value_as_number": None}
        if "semi" in source:
            rows += [person] if events else []
        elif "anti" in source:
            rows += [] if any((event["m.value_as_number"] or 0) > 2 for event in events) else [person]
        elif "left join measurement" in source:
            kept = [event for event in events if "and" not in source or (event["m.value_as_number"] or 0) > 1]
            rows += [{**person, **event} for event in kept or [nothing]]
        else:
            rows += [person] if source == "person p" else [{**person, **event} for event in events]
    return rows


@st.composite
def conditions(draw: st.DrawFn, columns: tuple[str, ...], depth: int = 2) -> slow.Condition:
    form = draw(st.integers(0, 5 if depth else 1))
    if form <= 1 or not depth:
        column = draw(st.sampled_from(columns))
        if form == 1:
            return slow.is_null(column)
        value = draw(st.sampled_from((1, 2, 10, 20, 1951)))
        return slow.comparison(column, draw(st.sampled_from(("=", "<>", "<", ">="))), value)
    one = draw(conditions(columns, depth - 1))
    if form == 2:
        return slow.negated(one)
    return (slow.both if form == 3 else slow.either)(one, draw(conditions(columns, depth - 1)))


def share_of_rows(condition: slow.Condition, sql: str) -> slow.Wanted:
    """The mean of 1 and 0 by a condition: the published count of its rows by the published count of all rows."""
    counts = slow.count_rows(condition, sql), slow.count_rows(None, sql)

    def value(rows: list[slow.Row], profile: DisclosureProfile) -> Any:
        inside, every = (count.value(rows, profile) for count in counts)
        return slow.HIDDEN if slow.HIDDEN in (inside, every) else inside / every

    return slow.Wanted(sql, value)


@st.composite
def aggregates(draw: st.DrawFn, columns: tuple[str, ...]) -> slow.Wanted:
    condition, column = draw(conditions(columns, 1)), draw(st.sampled_from(columns))
    present = slow.negated(slow.is_null(column))
    person = "p.person_id" if columns[0].startswith("p.") else "m.person_id"
    value = "m.value_as_number" if "m.value_as_number" in columns else "p.year_of_birth"
    flag = f"case when {condition.sql} then 1 else 0 end"
    kept = f"filter (where {condition.sql})"
    return draw(
        st.sampled_from(
            [
                slow.count_rows(None, "count(*)"),
                slow.count_rows(condition, f"count(*) {kept}"),
                slow.count_rows(condition, f"count_if({condition.sql})"),
                slow.count_rows(present, f"count({column})"),
                slow.count_rows(slow.both(condition, present), f"count({column}) {kept}"),
                slow.count_people(None, f"count(distinct {person})"),
                slow.count_people(condition, f"count(distinct {person}) {kept}"),
                slow.count_people(condition, f"count(distinct case when {condition.sql} then {person} end)"),
                slow.count_distinct(column, f"count(distinct {column})"),
                slow.count_rows(condition, f"sum({flag})"),
                share_of_rows(condition, f"avg({flag})"),
                slow.quantity(value, None, f"sum({value})", mean=False),
                slow.quantity(value, None, f"avg({value})", mean=True),
                slow.quantity(value, condition, f"sum({value}) {kept}", mean=False),
                slow.quantity(value, condition, f"avg(case when {condition.sql} then {value} end)", mean=True),
            ]
        )
    )


def lab_of(hospital: list[Any], profile: str) -> PolicyLab:
    lab = PolicyLab(PROFILES[profile], history=Forgetting())
    lab.fill(
        "person", [{"person_id": n, "gender_concept_id": g, "year_of_birth": y} for n, (g, y, _) in enumerate(hospital)]
    )
    events = [(n, code, value) for n, (_, _, many) in enumerate(hospital) for code, value in many]
    lab.fill(
        "measurement", [{"person_id": n, "measurement_concept_id": code, "value_as_number": v} for n, code, v in events]
    )
    return lab.fill(
        "concept", [{"concept_id": 10, "concept_name": "ten"}, {"concept_id": 20, "concept_name": "twenty"}]
    )


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    data=st.data(),
    hospital=hospitals(),
    source=st.sampled_from(sorted(SOURCES)),
    profile=st.sampled_from(sorted(PROFILES)),
)
def test_answers_are_those_of_the_slow_guard(
    data: st.DataObject, hospital: list[Any], source: str, profile: str
) -> None:
    columns = SOURCES[source] or BOTH
    keys = data.draw(
        st.lists(st.sampled_from([name for name in columns if "value" not in name]), max_size=2, unique=True)
    )
    wanted = data.draw(st.lists(aggregates(columns), min_size=1, max_size=3, unique_by=lambda one: one.sql))
    where = data.draw(st.none() | conditions(columns))
    sql = f"select {', '.join([*keys, *(one.sql for one in wanted)])} from {source}"
    sql += f" where {where.sql}" if where else ""
    sql += f" group by {', '.join(keys)}" if keys else ""

    answer = lab_of(hospital, profile).ask(sql)
    names = answer.table.column_names
    hidden = {(row, name) for name in names for row in hidden_rows(answer, name)}
    ours = [
        tuple(
            slow.HIDDEN if (number, name) in hidden else value for name, value in zip(names, row.values(), strict=True)
        )
        for number, row in enumerate(answer.table.to_pylist())
    ]
    rows = [row for row in rows_of(hospital, source) if where is None or where.holds(row)]
    theirs = slow.answer(rows, keys, wanted, PROFILES[profile])
    assert [tuple(map(_readable, row)) for row in ours] == [tuple(map(_readable, row)) for row in theirs], sql
    assert answer.suppressed_cells == len(hidden)


def _readable(value: Any) -> Any:
    """Numbers up to the last digit of a DOUBLE."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), hospital=hospitals(), source=st.sampled_from(sorted(SOURCES)))
def test_no_released_cell_rests_on_too_few_people(data: st.DataObject, hospital: list[Any], source: str) -> None:
    """The promise by itself: take any person out and put anybody's values in their place: fewer than ten "
    "people never show."""
    columns = SOURCES[source] or BOTH
    condition = data.draw(conditions(columns))
    lab = lab_of(hospital, "nhs-sde")
    person = "p.person_id" if columns[0].startswith("p.") else "m.person_id"
    sql = f"select count(*) as n, count(distinct {person}) as people from {source} where {condition.sql}"
    (row,) = lab.ask(sql).table.to_pylist()
    behind = slow.people(row for row in rows_of(hospital, source) if condition.holds(row))
    if len(behind) < 10:
        assert row == {"n": None, "people": None}
    else:
        assert row["people"] in (len(behind) // 5 * 5, len(behind) // 5 * 5 + 5)
