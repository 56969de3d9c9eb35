"""Records that are not as they were written: read anew after a backup, and refused where they contradict themselves."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from governance.clock import now
from governance.store import Store
from governance.store.channels import QueryReceipt
from query_guard.differencing import Histories
from query_guard.differencing.anchors import Sets, join_sets
from tests.support.differencing_reference import Cell, cell_of, column_of

CUT = "a" * 64


def publish(store: Store, histories: Histories, *cells: Cell, pairs: bool = False) -> None:
    desk = histories.open_desk(
        cut=CUT, threshold=10, subject="researcher-a", project="gi-bleed", day=date(2026, 11, 22)
    )
    column = column_of(list(cells), "people", pairs=pairs)
    desk.conclude(column, desk.settle(column))
    with store.transaction() as session:
        receipt = QueryReceipt(
            id="one", project_slug="gi-bleed", subject="researcher-a", asked_at=now(), sql="", verdict="answered",
            policy_version="v",
        )  # fmt: skip
        session.add(receipt)
        desk.write(session, receipt.id)


@pytest.mark.parametrize(
    "lost", ["DELETE FROM released_cell", "DELETE FROM released_cell; DELETE FROM released_series"]
)
def test_a_register_restored_from_before_the_first_answer_has_no_history(demo_register: Store, lost: str) -> None:
    histories = Histories(demo_register)
    publish(demo_register, histories, cell_of(range(30)))
    assert len(histories.read(CUT, "people")) == 1
    with demo_register.engine.begin() as connection:
        for statement in lost.split(";"):
            connection.execute(text(statement))
    assert len(histories.read(CUT, "people")) == 0


def test_a_series_half_over_contributions_is_not_read(demo_register: Store) -> None:
    publish(demo_register, Histories(demo_register), cell_of(range(30)), cell_of(range(100, 140)), pairs=True)
    with demo_register.engine.begin() as connection:
        connection.execute(text("UPDATE released_cell SET people = NULL WHERE id = 2"))
    with pytest.raises(ValueError, match="contributions"):
        Histories(demo_register).read(CUT, "people")


def test_sets_of_two_sorts_are_not_joined() -> None:
    columns = [column_of([cell_of(range(30))], "people", pairs=pairs) for pairs in (False, True)]
    with pytest.raises(ValueError, match="contributions"):
        join_sets([Sets.of(column) for column in columns])
