"""Dates moved by a column's number: nothing fine is read off them, and no condition is counted by them."""

from __future__ import annotations

import pytest

from tests.support.guard_policy import PolicyLab

ONE = "case when is_abnormal then 1 else 0 end"
FINE = "cast(value_as_number as bigint)"


@pytest.mark.parametrize(
    "key",
    [
        f"year(date '2000-01-01' + {FINE} * 366)",
        f"date_diff('day', measurement_date, measurement_date + {FINE})",
        f"date_diff('year', measurement_date, measurement_date + {FINE} * 366)",
        f"date_sub('month', measurement_date, measurement_date + {FINE})",
        f"last_day(measurement_date + interval ({FINE}) month)",
        f"date_trunc('month', measurement_date + {FINE} * interval 1 year)",
        f"strftime(measurement_date + {FINE}, '%Y')",
        f"monthname(measurement_date + {FINE})",
        f"extract(year from age(measurement_date + {FINE} * 366, measurement_date))",
        "measurement_date + days_supply",
    ],
)
def test_a_measure_that_moves_a_date_is_still_too_fine(lab: PolicyLab, key: str) -> None:
    assert lab.code(f"select {key} as k, count(*) from measurement group by 1") == "key-too-fine"


@pytest.mark.parametrize(
    "moved",
    [
        f"measurement_date + {ONE}",
        f"measurement_date + ({ONE}) * 1000",
        f"measurement_date + interval ({ONE}) day",
        f"measurement_date + ({ONE}) * interval 1 day",
        f"date_add(measurement_date, interval ({ONE}) day)",
        f"cast(measurement_date + interval ({ONE}) day as date)",
        f"(select measurement_date + ({ONE}))",
        "measurement_date + (days_supply + 30)",
        "measurement_date + days_supply * 1000",
    ],
)
def test_a_condition_that_moves_a_date_is_not_summed(lab: PolicyLab, moved: str) -> None:
    code = lab.code(f"select sum(date_diff('day', measurement_date, {moved})) from measurement")
    assert code in ("measure-not-quantity", "unknown-column")
    inside = f"select person_id, measurement_date as d, {moved} as moved from measurement"
    code = lab.code(f"select avg(date_diff('day', d, moved)) from ({inside})")
    assert code in ("measure-not-quantity", "unknown-column")


@pytest.mark.parametrize("steps", ["7", "-7", "days_supply"])
def test_fixed_days_and_quantities_are(lab: PolicyLab, steps: str) -> None:
    plan = lab.plan(f"select avg(date_diff('day', measurement_date, measurement_date + {steps})) from measurement")
    assert len(plan.steps) == 2


def test_far_moves_and_far_dates_are_null(lab: PolicyLab) -> None:
    lab.people(1)
    days = [40_000, 40_001, -40_000, None, 2**31 - 1]
    rows = [(n, 1, None, 1, "2020-01-01", 1.0, days[n]) for n in range(len(days))]
    lab.fill("measurement", [*rows, (9, 1, None, 1, "infinity", 1.0, 1), (10, 1, None, 1, "5881580-07-10", 1.0, 1)])
    for moved in ("measurement_date + days_supply", "measurement_date + interval (days_supply) day"):
        plan = lab.plan(f"select count(*) from measurement where ({moved}) is null")
        raw = lab.data.sql(plan.steps[0].sql).to_arrow_table().to_pylist()
        assert raw[0]["n_total"] == 5
