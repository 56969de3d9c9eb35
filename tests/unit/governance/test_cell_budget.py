"""The release budget: exact boundaries, one day, one person, one project; and who may change it."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, text

from governance.audit import append_event
from governance.clock import now, today
from governance.disclosure import CELLS_A_DAY
from governance.refusal import Refusal
from governance.registry import CellBudget, cell_budget, change_project, check_cells_left
from governance.registry.validation import MOST_CELLS
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.channels import QueryReceipt
from tests.support.moving_clock import MovingClock

BY = "operator:test"
WHO, WHERE = "researcher-b", "gi-bleed"
DAY = date(2026, 3, 29)  # the day on which British clocks change: UTC's do not
BEGINS = datetime.combine(DAY, time(), UTC)
MOMENT = timedelta(microseconds=1)


def tell(
    store: Store, cells: int, at: datetime | None = None, subject: str = WHO, slug: str = WHERE, sql: str = "SELECT 1"
) -> None:
    """Charge an answer as the guard does: receipt and event in one transaction."""
    with store.transaction() as session:
        session.add(
            QueryReceipt(
                id=secrets.token_hex(16), project_slug=slug, subject=subject, asked_at=at or now(), sql=sql,
                verdict="answered", policy_version="v", cells=cells,
            )
        )  # fmt: skip
        append_event(session, event="query.answered", actor=subject, project=slug, detail={"cells": cells})


def left(store: Store, day: date | None = None, subject: str = WHO, slug: str = WHERE) -> int:
    with store.reading() as session:
        return cell_budget(session, subject, slug, day or today()).left


def asks(store: Store, day: date | None = None, subject: str = WHO, slug: str = WHERE) -> str:
    """The refusal's code, or "" if the question would be worked on."""
    with store.reading() as session:
        try:
            check_cells_left(session, subject, slug, day)
        except Refusal as refusal:
            return refusal.code
    return ""


def test_a_new_project_has_the_budget_of_a_hard_working_day(demo_register: Store) -> None:
    with demo_register.reading() as session:
        budget = check_cells_left(session, WHO, WHERE, DAY)
    assert budget == CellBudget(20_000, 0, BEGINS + timedelta(days=1))
    assert budget.left == CELLS_A_DAY


@pytest.mark.parametrize(
    ("told", "remains", "code"),
    [
        ((0, 0), 100, ""),
        ((99,), 1, ""),
        ((60, 39), 1, ""),
        ((100,), 0, "budget-spent"),
        ((60, 40), 0, "budget-spent"),
        ((99, 1), 0, "budget-spent"),
        ((99, 5_000), 0, "budget-spent"),
    ],
)
def test_exactly_what_is_allowed(demo_register: Store, told: tuple[int, ...], remains: int, code: str) -> None:
    change_project(demo_register, actor=BY, slug=WHERE, budget_cells=100)
    for cells in told:
        tell(demo_register, cells, BEGINS)
    assert left(demo_register, DAY) == remains
    assert asks(demo_register, DAY) == code


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (BEGINS - MOMENT, (3, 0, 0)),
        (BEGINS, (0, 3, 0)),
        (BEGINS + timedelta(days=1) - MOMENT, (0, 3, 0)),
        (BEGINS + timedelta(days=1), (0, 0, 3)),
    ],
    ids=["before-midnight", "midnight", "before-next-midnight", "next-midnight"],
)
def test_a_day_is_from_midnight_to_midnight_utc(demo_register: Store, at: datetime, days: tuple[int, ...]) -> None:
    tell(demo_register, 3, at)
    with demo_register.reading() as session:
        spent = [cell_budget(session, WHO, WHERE, DAY + timedelta(days=step)).spent for step in (-1, 0, 1)]
    assert tuple(spent) == days


def test_tomorrow_it_starts_anew(demo_register: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = MovingClock()
    clock.install(monkeypatch)
    tell(demo_register, CELLS_A_DAY)
    assert asks(demo_register) == "budget-spent"
    clock.ahead = timedelta(days=1)
    assert asks(demo_register) == ""
    assert left(demo_register) == CELLS_A_DAY


def test_nobody_elses_and_no_other_projects(demo_register: Store) -> None:
    tell(demo_register, CELLS_A_DAY)
    assert asks(demo_register) == "budget-spent"
    assert left(demo_register, subject="researcher-a") == CELLS_A_DAY
    assert left(demo_register, slug="respiratory") == CELLS_A_DAY
    assert asks(demo_register, slug="respiratory") == ""


def test_a_charge_stands_or_falls_with_its_event(demo_register: Store) -> None:
    with pytest.raises(ValueError, match="dotted"), demo_register.transaction() as session:
        session.add(
            QueryReceipt(
                id="r", project_slug=WHERE, subject=WHO, asked_at=now(), sql="", verdict="answered",
                policy_version="v", cells=7,
            )
        )  # fmt: skip
        append_event(session, event="no name", actor=WHO)
    assert left(demo_register) == CELLS_A_DAY


def test_the_refusal_says_how_much_until_when_and_who_can_raise_it(demo_register: Store) -> None:
    change_project(demo_register, actor=BY, slug=WHERE, budget_cells=1_234)
    tell(demo_register, 9_999)
    with demo_register.reading() as session, pytest.raises(Refusal) as refused:
        check_cells_left(session, WHO, WHERE)
    assert refused.value.as_dict() == {
        "code": "budget-spent",
        "message": "Your release budget in this project, 1,234 cells a day, is spent.",
        "remedy": "It starts anew at midnight UTC. If your work needs more, an administrator can raise it for the "
        "project.",
        "where": "",
    }


def test_raising_and_lowering_count_at_once_and_are_on_record(demo_register: Store) -> None:
    tell(demo_register, 100)
    change_project(demo_register, actor=BY, slug=WHERE, budget_cells=100)
    assert asks(demo_register) == "budget-spent"
    change_project(demo_register, actor=BY, slug=WHERE, budget_cells=101)
    assert left(demo_register) == 1
    with demo_register.reading() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one()
    assert (newest.event, newest.project, newest.actor) == ("project.changed", WHERE, BY)
    assert newest.detail == '{"budget_cells":"100 -> 101"}'


@pytest.mark.parametrize("value", [0, -1, MOST_CELLS + 1, True, 1.5, "500", None])
def test_what_is_no_budget(demo_register: Store, value: object) -> None:
    with pytest.raises(Refusal) as refused:
        change_project(demo_register, actor=BY, slug=WHERE, budget_cells=value)
    assert refused.value.code == "bad-budget"
    assert left(demo_register) == CELLS_A_DAY


@pytest.mark.parametrize("value", [1, MOST_CELLS])
def test_the_smallest_and_the_largest_budget(demo_register: Store, value: int) -> None:
    change_project(demo_register, actor=BY, slug=WHERE, budget_cells=value)
    assert left(demo_register) == value


def test_a_project_that_does_not_exist_has_none(demo_register: Store) -> None:
    assert asks(demo_register, slug="none") == "no-such-project"


def test_summing_reads_the_index_and_no_sql_text(demo_register: Store) -> None:
    tell(demo_register, 5, sql="x" * 60_000)
    query = (
        "SELECT sum(cells) FROM query_receipt WHERE project_slug = 'p' AND subject = 's' AND asked_at >= '2026-01-01'"
    )
    with demo_register.reading() as session:
        plan = " ".join(str(row[-1]) for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "COVERING INDEX ix_query_receipt_spent" in plan
