"""Beside each receipt stands what the answer said: published values only, whole or no answer, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from governance.answers import MOST_ROWS, PublishedAnswer, unpack_answer
from governance.clock import now
from governance.store.answers import QueryAnswer
from governance.store.audit_log import AuditEvent
from governance.store.channels import QueryReceipt
from governance.store.released import ReleasedCell
from query_guard.asked import Asked
from query_guard.case import Case
from query_guard.keeping import forget_answers, keep_answer
from query_guard.policy.plan import Answer
from query_guard.service.app import create_app
from tests.support.guard_lab import GuardLab

pytestmark = pytest.mark.slow

BY_SEX = "SELECT gender_concept_id AS sex, count(*) AS n, avg(year_of_birth) AS born FROM person GROUP BY 1"
BY_DAY = "SELECT condition_start_date AS day, count(*) AS n FROM condition_occurrence GROUP BY 1"


def kept(lab: GuardLab, receipt: str) -> PublishedAnswer:
    with lab.store.reading() as session:
        return unpack_answer(session.get_one(QueryAnswer, receipt).content)


def test_an_answer_is_kept_cell_for_cell_with_the_sets_behind_it(guard_lab: GuardLab) -> None:
    result = guard_lab.ask(BY_SEX)
    assert result.table is not None
    said = kept(guard_lab, result.receipt)
    assert {column.name: list(column.cells) for column in said.columns} == result.table.to_pydict()
    assert [column.about_people for column in said.columns] == [False, True, True]
    assert said.complete
    with guard_lab.store.reading() as session:
        people = dict(session.execute(select(ReleasedCell.sketch, ReleasedCell.contributors)).all())  # type: ignore[arg-type]
        asked = session.get_one(QueryReceipt, result.receipt)
        assert session.get_one(QueryAnswer, result.receipt).kept_until > asked.asked_at + timedelta(days=399)
    for ground in said.grounds:
        assert {people[sketch] for sketch in ground.sketches}  # each number's set is on record
        assert abs(people[ground.sketches[0]] - float(ground.numbers[0] or 0)) <= 5


def test_a_hidden_cell_is_kept_as_hidden(guard_lab: GuardLab) -> None:
    result = guard_lab.ask("SELECT year_of_birth AS y, avg(year_of_birth) AS m, count(*) AS n FROM person GROUP BY 1")
    assert result.table is not None and result.table.num_rows
    said = kept(guard_lab, result.receipt)
    assert [list(column.cells) for column in said.columns] == [c.to_pylist() for c in result.table.columns]
    assert len(said.grounds) == said.rows


def test_of_a_very_long_answer_only_the_first_rows_are_kept(guard_lab: GuardLab) -> None:
    result = guard_lab.ask(
        "SELECT concept_id AS c, concept_id + number AS k FROM concept, (VALUES (0), (1), (2), (3), "
        "(4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) AS v(number)"
    )
    assert result.table is not None and result.table.num_rows > MOST_ROWS
    said = kept(guard_lab, result.receipt)
    assert (said.rows, said.complete) == (MOST_ROWS, False)


def test_days_are_kept_as_iso_text(guard_lab: GuardLab) -> None:
    result = guard_lab.ask(
        "SELECT date_trunc('year', condition_start_date) AS y, count(*) AS n FROM condition_occurrence GROUP BY 1"
    )
    said = kept(guard_lab, result.receipt)
    assert all(isinstance(day, str) and day[4:10] == "-01-01" for day in said.columns[0].cells)


def test_a_refusal_keeps_nothing(guard_lab: GuardLab) -> None:
    receipt = guard_lab.ask("SELECT person_id FROM person").receipt
    with guard_lab.store.reading() as session:
        assert session.get(QueryAnswer, receipt) is None


@pytest.fixture
def broken_keeping(guard_lab: GuardLab) -> Iterator[None]:
    def refuse(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO query_answer" in statement:
            raise OSError("disk full of Smith")

    event.listen(guard_lab.store.engine, "before_cursor_execute", refuse)
    yield
    event.remove(guard_lab.store.engine, "before_cursor_execute", refuse)


@pytest.mark.usefixtures("broken_keeping")
def test_an_answer_that_cannot_be_kept_is_withheld_with_its_receipt(guard_lab: GuardLab) -> None:
    with guard_lab.store.reading() as session:
        before = len(session.scalars(select(QueryReceipt.id)).all())
    result = guard_lab.ask(BY_SEX)
    assert (result.code, result.table) == ("not-recorded", None)
    with guard_lab.store.reading() as session:
        assert len(session.scalars(select(QueryReceipt.id)).all()) == before


def test_only_an_answer_with_plan_and_data_can_be_kept(guard_lab: GuardLab) -> None:
    from governance.callers import Caller

    case = Case(Caller("researcher-a", "gi-bleed", "test"), Asked("SELECT 1"))
    result = guard_lab.ask(BY_SEX)
    with pytest.raises(ValueError, match="plan"):
        keep_answer(case, Answer(result.table, {}, 0, 0), "receipt")


def test_what_is_kept_no_longer_is_forgotten_and_receipts_stay(guard_lab: GuardLab) -> None:
    with guard_lab.store.transaction() as session:
        session.execute(delete(QueryAnswer))
    old, new = guard_lab.ask(BY_SEX).receipt, guard_lab.ask(BY_SEX).receipt
    with guard_lab.store.transaction() as session:
        session.execute(update(QueryAnswer).where(QueryAnswer.receipt_id == old).values(kept_until=now()))
    assert forget_answers(guard_lab.store) == 1
    assert forget_answers(guard_lab.store) == 0
    with guard_lab.store.reading() as session:
        assert session.scalars(select(QueryAnswer.receipt_id)).all() == [new]
        assert session.get(QueryReceipt, old) is not None
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one()
        assert (newest.event, newest.detail) == ("query.forgotten", '{"answers":1}')


@pytest.mark.parametrize("breaks", [False, True])
def test_the_service_forgets_by_itself_and_survives_if_it_cannot(guard_lab: GuardLab, breaks: bool) -> None:
    from fastapi.testclient import TestClient

    tried: list[str] = []

    def watch(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "DELETE FROM query_answer" in statement:
            tried.append(statement)
            if breaks:
                raise OSError("disk full")

    event.listen(guard_lab.store.engine, "before_cursor_execute", watch)
    try:
        with TestClient(create_app(guard_lab.guard, None)) as client:  # type: ignore[arg-type]
            for _ in range(1000):
                if tried:
                    break
                client.get("/nothing")
        assert tried
    finally:
        event.remove(guard_lab.store.engine, "before_cursor_execute", watch)
