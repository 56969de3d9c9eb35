"""Two processes settle near sets at the same time on one cut: no two are ever given different numbers."""

from __future__ import annotations

import multiprocessing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from governance.audit import append_event, verify_chain
from governance.clock import now
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from governance.store.tables import QueryReceipt, ReleasedCell
from query_guard.differencing import Histories, StaleHistory
from tests.support.differencing_reference import cell_of, column_of

EACH, GROUPS = 15, 40
SPAWN = multiprocessing.get_context("spawn")


def ask(state: Path, name: str, first: int) -> None:
    """Every question is a table of groups that differ from the other process's by a few people each."""
    store = open_store(load_settings(state=state))
    histories = Histories(store)
    for question in range(EACH):
        settled = False
        while not settled:
            desk = histories.open_desk(
                cut="a" * 64,
                threshold=10,
                subject=f"researcher-{name}",
                project="gi-bleed",
                day=date(2026, 11, 1 + question),
            )
            sizes = range(30 + (first + question) % 7, 30 + (first + question) % 7 + GROUPS)
            column = column_of([cell_of(range(1000 * at, 1000 * at + size)) for at, size in enumerate(sizes)])
            desk.conclude(column, desk.settle(column))
            try:
                with store.transaction() as session:
                    receipt = f"{name} {question}"
                    session.add(
                        QueryReceipt(
                            id=receipt,
                            project_slug="gi-bleed",
                            subject=f"researcher-{name}",
                            asked_at=now(),
                            sql="SELECT 1",
                            verdict="answered",
                            policy_version="v",
                        )
                    )
                    append_event(session, event="query.answered", actor=f"researcher-{name}", project="gi-bleed")
                    desk.write(session, receipt)
                settled = True
            except StaleHistory:
                continue
    store.close()


@pytest.mark.slow
def test_two_processes_never_disagree(demo_register: Store, settings: Settings) -> None:
    asking = [SPAWN.Process(target=ask, args=(settings.folder.root, name, 3 * at)) for at, name in enumerate("ab")]
    for process in asking:
        process.start()
    for process in asking:
        process.join()
    assert [process.exitcode for process in asking] == [0, 0]
    with demo_register.reading() as session:
        cells = session.scalars(select(ReleasedCell)).all()
        assert session.query(QueryReceipt).count() == 2 * EACH
        assert verify_chain(session, None, None).holds
    values: dict[int, set[float | None]] = {}
    for cell in cells:
        values.setdefault(cell.chain, set()).add(cell.value)
    assert len(values) == GROUPS, "one chain for each group"
    assert all(len(given) == 1 for given in values.values())
