"""The search for three answers that together single people out: it finds trackers and leaves everyday sums alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from governance.audit import read_events
from governance.clock import now, today
from governance.settings import Settings
from governance.store import Store
from governance.store.channels import QueryReceipt
from query_guard import triples_command
from query_guard.differencing import Histories, triples
from query_guard.differencing.triples import EXACT_FOR_ALARM, TripleReport, read_cuts, search_triples
from tests.support.differencing_reference import Cell, cell_of, column_of

CUT, DAY = "a" * 64, date(2026, 11, 22)
#: 60 people of a ward, 40 of another, and both wards together but for somebody.
WARD, OTHER, BOTH_BUT_ONE = range(60), range(100, 140), {*range(59), *range(100, 140)}


class Asked:
    """Answers on record, one receipt each; every cell is given its own value."""

    def __init__(self, store: Store) -> None:
        self.store, self.histories, self.receipts = store, Histories(store), 0

    def __call__(
        self, *cells: Cell, hidden: Sequence[int] = (), day: date = DAY, subject: str = "researcher-a", cut: str = CUT
    ) -> str:
        self.receipts += 1
        receipt = f"receipt {self.receipts}"
        desk = self.histories.open_desk(cut=cut, threshold=10, subject=subject, project="gi-bleed", day=day)
        column = column_of(cells)
        published = desk.settle(column)
        published[list(hidden)] = np.nan
        desk.conclude(column, published)
        with self.store.transaction() as session:
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
            desk.write(session, receipt)
        return receipt


@pytest.fixture
def asked(demo_register: Store) -> Asked:
    return Asked(demo_register)


def search(store: Store, since: date | None = None, seconds: float = 60.0) -> TripleReport:
    return search_triples(store, CUT, threshold=10, actor="service:triples", since=since, seconds=seconds)


def alarms(store: Store) -> list[dict[str, object]]:
    with store.reading() as session:
        return [json.loads(event.detail) for event in read_events(session) if event.event == "query.alarm"]


def test_a_tracker_over_three_questions_is_found(asked: Asked, demo_register: Store) -> None:
    first = asked(cell_of(WARD))
    second = asked(cell_of(OTHER), cell_of(range(200, 260)), subject="researcher-b")
    third = asked(cell_of(BOTH_BUT_ONE))
    asked(cell_of(range(300, 380)), cell_of(range(250, 320)))
    report = search(demo_register)
    assert (report.near, report.exact, report.complete, report.cells) == (1, 0, True, 6)
    [triple] = report.triples
    assert triple.receipts == (first, second, third)
    assert triple.subjects == ("researcher-a", "researcher-b", "researcher-a")
    assert triple.distance == 1
    [alarm] = alarms(demo_register)
    assert alarm == {
        "code": "triple-found",
        "cut": CUT,
        "near": 1,
        "exact": 0,
        "complete": True,
        "receipts": f"{first}+{second}+{third}",
        "subjects": "researcher-a,researcher-b",
    }


def test_a_tracker_over_two_questions_is_found(asked: Asked, demo_register: Store) -> None:
    asked(cell_of(WARD), cell_of(OTHER))
    asked(cell_of(BOTH_BUT_ONE))
    assert search(demo_register).near == 1


def test_overlapping_sets_cancel_out_too(asked: Asked, demo_register: Store) -> None:
    asked(cell_of(range(60)))
    asked(cell_of(range(40, 100)))
    asked(cell_of({*range(40), *range(60, 98)}))
    assert search(demo_register).triples[0].distance == 2


def test_a_table_and_its_margin_are_natural(asked: Asked, demo_register: Store) -> None:
    asked(cell_of({*WARD, *OTHER}), cell_of(WARD), cell_of(OTHER))
    asked(cell_of(BOTH_BUT_ONE))  # near the margin: given its value, so it tells nothing new
    report = search(demo_register)
    assert (report.cells, report.near, report.exact) == (3, 0, 0)


def test_a_margin_asked_for_separately_is_natural(asked: Asked, demo_register: Store) -> None:
    asked(cell_of(WARD), cell_of(OTHER))
    asked(cell_of({*WARD, *OTHER}))
    report = search(demo_register)
    assert (report.near, report.exact) == (0, 0)
    assert alarms(demo_register) == []


def test_exact_sums_over_three_questions_are_an_alarm_when_they_are_many(asked: Asked, demo_register: Store) -> None:
    for number in range(EXACT_FOR_ALARM):
        one, other = range(1000 * number, 1000 * number + 50), range(1000 * number + 500, 1000 * number + 540)
        asked(cell_of(one))
        asked(cell_of(other))
        if number == EXACT_FOR_ALARM - 1:
            assert search(demo_register).exact == EXACT_FOR_ALARM - 1
            assert alarms(demo_register) == []
        asked(cell_of({*one, *other}))
    assert search(demo_register).is_alarming
    assert len(alarms(demo_register)) == 1


def test_cells_without_a_value_of_their_own_take_no_part(asked: Asked, demo_register: Store) -> None:
    asked(cell_of(WARD), hidden=[0])
    asked(cell_of(OTHER))
    asked(cell_of(BOTH_BUT_ONE))
    asked(cell_of(range(300, 400)))
    asked(cell_of(range(300, 405)))  # given the value before
    asked(cell_of(range(405, 417)))
    report = search(demo_register)
    assert (report.cells, report.near, report.exact) == (4, 0, 0)


def test_only_what_is_new_and_only_this_cut(asked: Asked, demo_register: Store) -> None:
    for people in (WARD, OTHER, BOTH_BUT_ONE):
        asked(cell_of(people))
    asked(cell_of(range(300, 380)), day=date(2026, 11, 23), cut="b" * 64)
    assert search(demo_register, since=date(2026, 11, 23)).near == 0
    assert search(demo_register, since=DAY).near == 1
    assert read_cuts(demo_register) == [CUT, "b" * 64]
    assert search_triples(demo_register, "c" * 64, threshold=10, actor="service:triples").cells == 0


def test_a_search_that_was_cut_short_says_so(
    asked: Asked, demo_register: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for people in (WARD, OTHER, BOTH_BUT_ONE):
        asked(cell_of(people))
    assert not search(demo_register, seconds=-1.0).complete
    monkeypatch.setattr(triples, "MOST_CELLS", 2)
    report = search(demo_register)
    assert (report.cells, report.near, report.complete) == (2, 0, False)


def test_the_command_says_what_it_found(asked: Asked, settings: Settings) -> None:
    import typer

    app = typer.Typer()
    app.command()(triples_command.search_triples_command)
    for people in (WARD, OTHER):
        asked(cell_of(people), day=today())
    assert CliRunner().invoke(app, ["--json"]).exit_code == 0
    asked(cell_of(BOTH_BUT_ONE), day=today())
    told = CliRunner().invoke(app, ["--json"])
    assert told.exit_code == 1
    [report] = json.loads(told.stdout)
    assert (report["near"], report["alarm"], report["complete"]) == (1, True, True)
    assert "near sums" in CliRunner().invoke(app, ["--days", "0"]).stdout
