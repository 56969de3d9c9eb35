"""The solver only proposes: what breaks a relation or a bound is thrown away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from query_guard.margins import MarginTable, hide_more, programs
from query_guard.margins.audit import Audit
from query_guard.margins.cells import OutOfReachError
from query_guard.margins.programs import Programs
from query_guard.margins.relations import relate
from tests.support.margin_lab import after, counts_with_margins, widths_by_joint_table

LOW, HIGH = np.full(4, -2.0), np.full(4, 12.0)


def three_parts(*, whole: bool = True, additive: bool = True) -> Programs:
    table = MarginTable(
        levels=np.array([0, 0, 0, 1]),
        keys=np.array([[0], [1], [2], [-1]]),
        published=np.array([np.nan, 20, 30, 55]),
        true=np.array([5.0, 20, 30, 55]),
        half_widths=np.full(4, 2.5),
        additive=additive,
        whole=whole,
    )
    return Programs(relate(table), table.true, whole=whole)


@pytest.mark.parametrize(
    "proposal",
    [
        pytest.param([0.0, 0, 0, 1], id="does-not-add-up"),
        pytest.param([-3.0, 3, 0, 0], id="below-its-bound"),
        pytest.param([13.0, 0, -1, 12], id="above-its-bound"),
        pytest.param([12.0, 12, 12, 36], id="margin-above-its-bound"),
    ],
)
def test_a_wrong_proposal_is_thrown_away(proposal: list[float]) -> None:
    assert three_parts(whole=False).held(np.array(proposal), LOW, HIGH) is None
    mended = three_parts().held(np.array(proposal), LOW, HIGH)  # parts as they are, the margin as it must be
    assert mended is None or mended.tolist() == [0, 0, 0, 0]


def test_a_right_proposal_is_held() -> None:
    proposal = np.array([4.0, -2, 0, 2])
    assert np.array_equal(three_parts().held(proposal, LOW, HIGH), proposal)


def test_a_fractional_proposal_becomes_a_whole_one_next_to_it() -> None:
    held = three_parts().held(np.array([0.5, 0.5, 0, 1.0]), LOW, HIGH)
    assert held is not None
    assert np.array_equal(held, np.rint(held))
    assert held[:3].sum() == held[3]


def test_a_fractional_proposal_without_a_whole_neighbour_is_thrown_away() -> None:
    assert three_parts().held(np.array([0.5, 0, 0, 0.5]), np.zeros(4), np.array([1.0, 0, 0, 0.5])) is not None
    assert three_parts().held(np.array([0.5, 0, 0, 0.5]), np.array([0.0, 0, 0, 0.5]), np.ones(4)) is not None
    assert three_parts().held(np.array([0.5, 0, 0, 0.5]), np.array([0.5, 0, 0, 0]), np.array([0.5, 0, 0, 1])) is None


def test_sums_keep_their_fractions() -> None:
    proposal = np.array([0.5, 0.5, 0, 1.0])
    assert np.array_equal(three_parts(whole=False).held(proposal, LOW, HIGH), proposal)


@pytest.mark.parametrize(
    ("proposal", "held"),
    [
        pytest.param([12.0, 12, 12, 0], True, id="parts-may-share-people"),
        pytest.param([0.0, 0, 12, -2], True, id="margin-above-each-part"),
        pytest.param([0.0, 0, 0, 1], False, id="margin-above-all-parts-together"),
        pytest.param([0.0, 0, 12, -14], False, id="margin-below-a-part"),
    ],
)
def test_people_in_several_parts(proposal: list[float], held: bool) -> None:
    checked = three_parts(additive=False, whole=False).held(np.array(proposal), np.full(4, -20.0), HIGH)
    assert (checked is not None) == held


def test_work_is_counted_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST_WORK", 250)
    some = three_parts()
    gain = np.array([1.0, 0, 0, 0])
    assert some.best(gain, LOW, HIGH) is not None
    assert some.best(gain, LOW, HIGH) is not None
    with pytest.raises(OutOfReachError):
        some.best(gain, LOW, HIGH)


@pytest.mark.parametrize("status", [1, 2, 3, 4], ids=["limit", "infeasible", "unbounded", "numerical-trouble"])
def test_a_failing_solver_hides_more_never_less(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    def fails(*_: Any, **__: Any) -> SimpleNamespace:
        return SimpleNamespace(status=status, nit=1, x=None)

    monkeypatch.setattr(programs, "linprog", fails)
    table = MarginTable(
        levels=np.array([0] * 10 + [1]),
        keys=np.array([[key] for key in range(10)] + [[-1]]),
        published=np.array([np.nan, np.nan] + [20.0] * 8 + [180]),
        true=np.array([9.0, 9] + [20.0] * 8 + [178]),
        half_widths=np.full(11, 2.5),
        additive=True,
    )
    more = hide_more(table, np.full(11, 10.0))
    assert more[10]  # the one margin


@pytest.mark.parametrize("lie", [[30.0, 0, 0, 0], [0.25, 0, 0, 0.25], [np.nan] * 4])
def test_a_lying_solver_hides_more_never_less(monkeypatch: pytest.MonkeyPatch, lie: list[float]) -> None:
    def lies(cost: Any, **__: Any) -> SimpleNamespace:
        return SimpleNamespace(status=0, nit=1, x=np.tile(lie, len(cost) // 4))

    monkeypatch.setattr(programs, "linprog", lies)
    table = MarginTable(
        levels=np.array([0, 0, 0, 1]),
        keys=np.array([[0], [1], [2], [-1]]),
        published=np.array([np.nan, 20, 30, 55]),
        true=np.array([5.0, 20, 30, 55]),
        half_widths=np.full(4, 2.5),
        additive=True,
    )
    assert hide_more(table, np.full(4, 10.0))[3]


def test_where_programs_fail_the_cheapest_cell_nearby_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "linprog", lambda *_, **__: SimpleNamespace(status=4, nit=1, x=None))
    table = counts_with_margins(np.array([[4, 40, 30], [20, 50, 60]]))
    audit = Audit(table, relate(table), table.true, np.full(12, 10.0))
    audit.make_safer(audit.unsafe())
    assert table.keys[audit.hidden & ~table.hidden].tolist() == [[1, 0]]


def test_where_no_whole_numbers_are_near_more_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    table = counts_with_margins(np.random.default_rng(1).poisson(12, (3, 3, 3)))
    usual = hide_more(table, np.full(len(table.true), 10.0))
    monkeypatch.setattr(programs, "milp", lambda *_, **__: SimpleNamespace(x=None))
    more = hide_more(table, np.full(len(table.true), 10.0))
    assert more.sum() > usual.sum() > 0
    assert np.nanmin(widths_by_joint_table(table, after(table, more))) >= 10
