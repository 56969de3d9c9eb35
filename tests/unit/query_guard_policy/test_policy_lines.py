"""Numbers over `a * x + b` are those over x, stretched and moved: held against plain DuckDB, nothing rounded."""

from __future__ import annotations

import pytest

from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Plan
from tests.support.guard_policy import PolicyLab

PLAIN = DisclosureProfile("plain", 1, 1, 12, "test", dominance_k=1.0, p_ratio=0.0, residual_dof=0)

ASKED = [
    "sum(x * 3 - 2), avg(x * 3 - 2), sum(-x), avg(-(x - 4) / 8)",
    "sum(2 * x + 1) filter (where x > 4), avg(case when x > 4 then x + 1 else 0 end)",
    "stddev(3 - 2 * x), variance(x * 2), var_pop(x + 7), stddev_pop(-x)",
    "corr(-x, y), corr(x + 1, 2 * y), corr(y, x)",
    "covar_pop(2 * x, 3 * y + 1), covar_samp(-x, y)",
    "regr_slope(2 * x, 3 * y), regr_slope(x, y + 1), regr_r2(-x, 5 * y)",
    "regr_intercept(2 * x + 1, 3 * y + 5), regr_intercept(x, 2 * y), regr_intercept(x - 3, y)",
    "quantile_cont(-x, 0.25), quantile_cont(2 * x + 1, 0.25), median(5 - x)",
    "min(-x), max(-x), min(2 * x - 1), max(x / 4)",
]


@pytest.fixture(scope="module")
def clinic() -> PolicyLab:
    lab = PolicyLab(PLAIN)
    values = [(n, n, None, 1, "2020-01-01", 3.5 + n * n % 17, n % 7 + 1) for n in range(41)]
    return lab.fill("measurement", values)


@pytest.mark.parametrize("asked", ASKED, ids=range(len(ASKED)))
@pytest.mark.parametrize("inside", [False, True])
def test_lines_are_what_plain_sql_gives(clinic: PolicyLab, asked: str, inside: bool) -> None:
    """The same where the line is a column of a query inside the query."""
    rows = "(select person_id, value_as_number as x, days_supply as y from measurement)"
    if inside:
        rows = f"(select person_id, (x - 2) / 3 as x, -y as y from {rows})"
    sql = f"select {asked} from {rows}"
    with clinic.open() as engine:
        theirs = engine.sql(sql).fetchall()[0]
    assert clinic.rows(sql)[0] == pytest.approx(theirs, rel=1e-9)


def names(plan: Plan) -> int:
    """How many numbers the first step asks for."""
    cells = plan.steps[0].cells
    assert cells is not None
    return len(cells.statistics)


def test_moved_and_stretched_columns_are_one_number(clinic: PolicyLab) -> None:
    asked = "avg({x}), avg({x} * 2), avg({x} - 1961.3), avg(-({x} + 1) / 3)".format(x="value_as_number")
    assert names(clinic.plan(f"select {asked} from measurement")) == 1
    both = "corr(value_as_number, days_supply), corr(-days_supply, value_as_number)"
    assert names(clinic.plan(f"select {both} from measurement")) == 1
    assert names(clinic.plan("select min(value_as_number), max(-value_as_number) from measurement")) == 1
