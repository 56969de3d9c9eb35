"""Bands of a measure lie at fixed places: none is slid or stretched, by a subquery, an aggregate or a moved date."""

from __future__ import annotations

import pytest

from tests.support.guard_policy import PolicyLab

SLID = "value_as_number * 1.37 + 0.2"


def asked(inside: str, band: str = "floor(v / 10)") -> str:
    return f"select {band} as k, count(*) from (select person_id, {inside}) as q group by 1"


@pytest.mark.parametrize(
    "sql",
    [
        f"select floor(({SLID}) / 10) as k, count(*) from measurement group by 1",
        f"select {SLID} as v, floor(v / 10) as k, count(*) from measurement group by 2",
        asked(f"{SLID} as v from measurement"),
        asked(f"coalesce({SLID}, 0) as v from measurement"),
        asked(f"case when is_abnormal then {SLID} else value_as_number end as v from measurement"),
        asked(f"max({SLID}) as v from measurement group by person_id"),
        asked(f"floor(max({SLID}) / 10) as v from measurement group by person_id", "v"),
        asked(f"lag({SLID}) over (partition by person_id order by measurement_date) as v from measurement"),
        asked("value_as_number as v from measurement union all select person_id, value_as_number * 3 from measurement"),
        asked("v * 1.5 as v from (select person_id, value_as_number as v from measurement)"),
        "select floor(date_diff('day', measurement_date, measurement_date + cast(value_as_number * 7 as bigint)) / 10)"
        " as k, count(*) from measurement group by 1",
        "select floor((measurement_date + cast(value_as_number * 7 as bigint) - measurement_date) / 10) as k, count(*)"
        " from measurement group by 1",
    ],
)
def test_bands_that_could_be_put_anywhere_are_too_fine(lab: PolicyLab, sql: str) -> None:
    assert lab.code(sql) == "key-too-fine"


@pytest.mark.parametrize(
    "sql",
    [
        "select floor(value_as_number / 10) as k, count(*) from measurement group by 1",
        asked("value_as_number as v from measurement"),
        asked("coalesce(value_as_number, 0) as v from measurement"),
        asked("case when is_abnormal then value_as_number end as v from measurement"),
        asked("value_as_number / 10 as v from measurement", "floor(v)"),
        asked("max(value_as_number) as v from measurement group by person_id"),
        asked("avg(value_as_number) filter (where is_abnormal) as v from measurement group by person_id"),
        asked("floor(max(value_as_number) / 10) as v from measurement group by person_id", "v"),
        asked("first_value(value_as_number) over (partition by person_id order by 1) as v from measurement"),
        asked("value_as_number as v from measurement union all select person_id, value_as_number from measurement"),
        asked("date_diff('day', min(visit_start_date), max(visit_end_date)) / 365.25 as v from visit_occurrence"
              " group by person_id", "floor(v)"),
        "select (visit_end_date - visit_start_date) // 7 as k, count(*) from visit_occurrence group by 1",
    ],
)  # fmt: skip
def test_values_as_recorded_have_bands(lab: PolicyLab, sql: str) -> None:
    assert lab.plan(sql).steps
