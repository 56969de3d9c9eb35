"""The desk: what is settled is what leaves, is on record with the answer, and nothing stale is ever written."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from governance.clock import now
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store, open_store
from governance.store.channels import QueryReceipt
from governance.store.released import ReleasedCell
from query_guard.differencing import FEWEST_STEPS, MOST_STEPS, Desk, Histories, StaleHistory
from tests.support.differencing_reference import Cell, cell_of, column_of

CUT, OTHER_CUT = "a" * 64, "b" * 64
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)
HIDDEN = math.nan


def desk_of(
    histories: Histories, *, cut: str = CUT, subject: str = "researcher-a", project: str = "gi-bleed", day: date = TODAY
) -> Desk:
    return histories.open_desk(cut=cut, threshold=10, subject=subject, project=project, day=day)


def record(store: Store, desk: Desk, receipt: str, subject: str = "researcher-a") -> int:
    with store.transaction() as session:
        session.add(
            QueryReceipt(
                id=receipt,
                project_slug="gi-bleed",
                subject=subject,
                asked_at=now(),
                sql="SELECT 1",
                verdict="answered",
                policy_version="v",
            )
        )
        return desk.write(session, receipt)


class Asking:
    """Asks one question after another, each with a receipt of its own."""

    def __init__(self, store: Store) -> None:
        self.store, self.histories, self.asked = store, Histories(store), 0

    def __call__(self, *cells: Cell, pairs: bool = False, series: str = "people", **whose: object) -> list[float]:
        desk = desk_of(self.histories, **whose)  # type: ignore[arg-type]
        column = column_of(cells, series, pairs=pairs)
        published = desk.settle(column)
        desk.conclude(column, published)
        self.asked += 1
        record(self.store, desk, f"receipt {self.asked}", str(whose.get("subject", "researcher-a")))
        return published.tolist()


@pytest.fixture
def ask(demo_register: Store) -> Asking:
    return Asking(demo_register)


def rows(store: Store) -> Sequence[ReleasedCell]:
    with store.reading() as session:
        return session.scalars(select(ReleasedCell).order_by(ReleasedCell.id)).all()


def test_the_history_is_shared_by_people_and_projects_of_one_cut(ask: Asking) -> None:
    assert ask(cell_of(range(30))) == [30]
    assert ask(cell_of(range(32)), subject="researcher-b", project="respiratory") == [30]
    assert ask(cell_of(range(32)), cut=OTHER_CUT) == [32]
    assert ask(cell_of(range(32)), series="rows") == [32]


@pytest.mark.parametrize("pairs", [False, True])
def test_what_is_read_again_is_what_was_written(ask: Asking, demo_register: Store, pairs: bool) -> None:
    cells = [cell_of(range(30), 30.5), cell_of(range(60, 69), HIDDEN), cell_of(range(100, 150)), cell_of(range(31))]
    first = ask(*cells, pairs=pairs)
    assert first == pytest.approx([30.5, HIDDEN, 50, 30.5], nan_ok=True)
    known, fresh = ask.histories.read(CUT, "people"), Histories(demo_register).read(CUT, "people")
    assert (len(fresh), fresh.newest) == (4, 4) == (len(known), known.newest)
    ask.histories = Histories(demo_register)  # another process, or this one after a restart
    assert ask(*reversed(cells), pairs=pairs) == pytest.approx(list(reversed(first)), nan_ok=True)
    assert len(rows(demo_register)) == 4, "what was known is not written twice"


def test_nothing_true_is_on_record(ask: Asking, demo_register: Store) -> None:
    ask(cell_of(range(30), 30), cell_of(range(33), 33), cell_of(range(60, 69), 9))
    found = rows(demo_register)
    assert [(row.value, row.chain) for row in found] == [(30, 1), (30, 1), (None, 3)]
    assert {(row.subject, row.project_slug, row.day, row.receipt_id) for row in found} == {
        ("researcher-a", "gi-bleed", TODAY, "receipt 1")
    }


def test_what_was_hidden_afterwards_stays_hidden(ask: Asking, demo_register: Store) -> None:
    desk, column = desk_of(ask.histories), column_of([cell_of(range(30)), cell_of(range(100, 140))])
    settled = desk.settle(column)
    desk.conclude(column, np.array([HIDDEN, settled[1]]))
    assert record(demo_register, desk, "r") == 2
    assert ask(cell_of(range(31)), cell_of(range(100, 141))) == pytest.approx([HIDDEN, 40], nan_ok=True)


def test_what_was_settled_must_not_be_changed(ask: Asking, demo_register: Store) -> None:
    desk, column = desk_of(ask.histories), column_of([cell_of(range(30)), cell_of(range(4))])
    with pytest.raises(ValueError, match="only a settled column"):
        desk.conclude(column, column.values)
    settled = desk.settle(column)
    for wrong in ([31, HIDDEN], [30, 5], [30], [30, HIDDEN, 1]):
        with pytest.raises(ValueError, match="what was settled"):
            desk.conclude(column, np.array(wrong, np.float64))
    with pytest.raises(ValueError, match="settled once"):
        desk.settle(column)
    with pytest.raises(ValueError, match="concluded"):
        record(demo_register, desk, "r")
    desk.conclude(column, settled)
    assert record(demo_register, desk, "r") == 1
    assert len(rows(demo_register)) == 1


def test_a_desk_that_others_overtook_writes_nothing(ask: Asking, demo_register: Store, settings: Settings) -> None:
    elsewhere = open_store(settings)  # as another process would
    try:
        slow, column = desk_of(Histories(elsewhere)), column_of([cell_of(range(30))])
        slow.conclude(column, slow.settle(column))
        assert ask(cell_of(range(33))) == [33]
        with pytest.raises(StaleHistory):
            record(elsewhere, slow, "late")
        assert [row.receipt_id for row in rows(demo_register)] == ["receipt 1"]
        with demo_register.reading() as session:
            assert session.get(QueryReceipt, "late") is None, "neither the answer nor its receipt"
        again = desk_of(Histories(elsewhere))
        assert again.settle(column_of([cell_of(range(30))])).tolist() == [33]
    finally:
        elsewhere.close()


def test_an_answer_of_known_sets_only_is_stale_too(ask: Asking, demo_register: Store) -> None:
    ask(cell_of(range(30)))
    desk, column = desk_of(ask.histories), column_of([cell_of(range(30))])
    desk.conclude(column, desk.settle(column))
    ask(cell_of(range(200, 240)))
    with pytest.raises(StaleHistory):
        record(demo_register, desk, "late")


def test_other_series_and_cuts_do_not_make_it_stale(ask: Asking, demo_register: Store) -> None:
    desk, column = desk_of(ask.histories), column_of([cell_of(range(30))])
    desk.conclude(column, desk.settle(column))
    ask(cell_of(range(30)), series="rows")
    ask(cell_of(range(30)), cut=OTHER_CUT)
    assert record(demo_register, desk, "r") == 1


def walk(ask: Asking, first: int = 100, **whose: object) -> tuple[int, Refusal]:
    """Add one person after the other until it is refused: after how many near questions, and how."""
    for step in range(MOST_STEPS + 2):
        try:
            assert ask(cell_of(range(first - 100, first + step)), **whose) == [100]
        except Refusal as refusal:
            return step - 1, refusal
    raise AssertionError("the walk never ends")


def test_a_walk_ends_after_so_many_steps(ask: Asking) -> None:
    steps, refused = walk(ask)
    assert FEWEST_STEPS <= steps <= MOST_STEPS
    assert refused.code == "too-many-near-questions"
    assert "sum(n) OVER (ORDER BY ...)" in refused.remedy
    with pytest.raises(Refusal, match="too-many-near-questions"):
        ask(cell_of(range(100)))  # the very set too, or "refused" would tell whether a set is the same
    assert ask(cell_of(range(300, 400))) == [100], "other people are no part of the walk"
    assert ask(cell_of(range(102 + steps)), subject="researcher-b") == [100], "nor are other persons"
    assert ask(cell_of(range(101 + steps)), day=TOMORROW) == [100], "nor is another day"


def test_nobody_knows_which_step_is_the_last(ask: Asking) -> None:
    """Otherwise it would tell how many questions were near, hence whether each added person is in the set."""
    assert len({walk(ask, first)[0] for first in range(1000, 4000, 300)}) > 3


def test_questions_are_counted_and_not_cells(ask: Asking) -> None:
    cells = [cell_of(range(100 + step)) for step in range(60)]
    assert ask(*cells) == [100] * 60
    assert ask(*[cell_of({*range(100 + step), 999}) for step in range(60)]) == [100] * 60
    for _ in range(MOST_STEPS + 1):
        ask(*cells[:30])  # the same sets, again and again


def test_a_walk_is_counted_over_projects(ask: Asking) -> None:
    walk(ask)
    with pytest.raises(Refusal, match="too-many-near-questions"):
        ask(cell_of(range(98)), project="respiratory")


@pytest.mark.parametrize("harm", ["DROP TABLE released_cell", "UPDATE released_cell SET sketch = x'00'"])
def test_without_a_readable_history_there_is_no_answer(ask: Asking, demo_register: Store, harm: str) -> None:
    ask(cell_of(range(30)))
    with demo_register.engine.begin() as connection:
        connection.execute(text(harm))
    with pytest.raises((SQLAlchemyError, ValueError)):
        desk_of(Histories(demo_register)).settle(column_of([cell_of(range(30))]))


def test_an_answer_that_cannot_be_written_is_not_recorded(ask: Asking, demo_register: Store) -> None:
    desk, column = desk_of(ask.histories, project="nowhere"), column_of([cell_of(range(30))])
    desk.conclude(column, desk.settle(column))
    with pytest.raises(SQLAlchemyError):
        record(demo_register, desk, "r")
    with demo_register.reading() as session:
        assert session.scalar(select(func.count()).select_from(ReleasedCell)) == 0
        assert session.get(QueryReceipt, "r") is None


@pytest.mark.parametrize("wrong", [{"cut": ""}, {"threshold": 0}], ids=str)
def test_without_a_cut_or_a_threshold_there_is_no_desk(demo_register: Store, wrong: dict[str, object]) -> None:
    good = {"cut": CUT, "threshold": 10, "subject": "researcher-a", "project": "gi-bleed", "day": TODAY}
    with pytest.raises(ValueError, match="needs"):
        Histories(demo_register).open_desk(**good | wrong)  # type: ignore[arg-type]


def test_memory_is_bounded(ask: Asking, demo_register: Store) -> None:
    for number in range(4):
        ask(*[cell_of(range(100 * part, 100 * part + 30)) for part in range(3)], series=f"series {number}")
    small = Histories(demo_register, most_anchors=7)
    for number in range(4):
        assert len(small.read(CUT, f"series {number}")) == 3
    assert sum(len(shelf.held) for shelf in small._shelves.values()) <= 7
    assert len(small.read(CUT, "series 0")) == 3, "forgotten, not lost"
    tiny = Histories(demo_register, most_anchors=1)
    assert len(tiny.read(CUT, "series 1")) == 3, "the one in use stays"


def test_a_register_restored_from_a_backup_is_read_anew(ask: Asking, demo_register: Store) -> None:
    ask(cell_of(range(30)))
    ask(cell_of(range(100, 130)))
    assert len(ask.histories.read(CUT, "people")) == 2
    with demo_register.engine.begin() as connection:
        connection.execute(text("DELETE FROM released_cell WHERE id = 2"))
    assert len(ask.histories.read(CUT, "people")) == 1


def test_threads_that_settle_again_when_overtaken_never_disagree(demo_register: Store) -> None:
    """Each thread asks for sets near the same people at the same moment; all are given one value."""
    histories, told = Histories(demo_register), []
    ready = threading.Barrier(4)

    def one(number: int) -> None:
        ready.wait()
        for question in range(3):
            receipt = f"thread {number} question {question}"
            while True:
                desk, column = desk_of(histories), column_of([cell_of(range(40 + number + question))])
                published = desk.settle(column)
                desk.conclude(column, published)
                try:
                    record(demo_register, desk, receipt)
                except StaleHistory:
                    continue
                told.append(float(published[0]))
                break

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 12
    assert len(set(told)) == 1
