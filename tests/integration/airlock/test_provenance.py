"""The whole way: the real guard answers, a file is submitted, checkers see where each number comes from; and what left
before is held against what comes after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import event, select

from egress.airlock import Airlock
from egress.drafting import Description, create_draft
from egress.ending_review import vote_and_go_on
from egress.provenance import TableMatch, matches_of
from egress.provenance.records import Record, pack_record
from egress.provenance.tables import How
from egress.reading import read_request
from egress.states import State
from egress.submission import submit
from governance.store.airlock import EgressFinding, EgressRequest
from governance.store.answers import EgressMatch, ReleasedTable
from governance.store.released import ReleasedCell
from tests.support.airlock_world import AUTHOR, CHECKER, PROJECT, SECOND, WORDS, AirlockWorld, output, supporting
from tests.support.guard_lab import GuardLab
from tests.support.provenance_lab import as_csv, of_set, record

pytestmark = pytest.mark.slow

BY_ILLNESS = (
    "SELECT c.concept_name AS illness, count(distinct o.person_id) AS n FROM condition_occurrence AS o "
    "JOIN concept AS c ON c.concept_id = o.condition_concept_id GROUP BY 1"
)


@pytest.fixture
def world(guard_lab: GuardLab) -> Iterator[AirlockWorld]:
    yield AirlockWorld(Airlock(guard_lab.store, guard_lab.settings))


def answered(lab: GuardLab, sql: str = BY_ILLNESS) -> tuple[str, list[tuple[Any, ...]]]:
    result = lab.ask(sql)
    assert result.table is not None, result.message
    return result.receipt, [tuple(row.values()) for row in result.table.to_pylist()]


def send(world: AirlockWorld, *files: tuple[str, bytes], description: Description = WORDS) -> tuple[str, State]:
    drafted = world.draft(*(output(name, content) for name, content in files), description=description)
    return drafted, submit(world.airlock, actor=AUTHOR, request_id=drafted)


def release(world: AirlockWorld, request: str) -> State:
    votes: Mapping[int, str] = {file.id: "approve" for file in world.outputs(request)}
    for checker in (CHECKER, SECOND):
        vote_and_go_on(world.airlock, actor=checker, request_id=request, decisions=votes)
    return world.state(request)


def matched(world: AirlockWorld, request: str) -> tuple[TableMatch, ...]:
    with world.store.reading() as session:
        return matches_of(session, session.get_one(EgressRequest, request))


def found(world: AirlockWorld, request: str, *checks: str) -> list[tuple[str, str, str]]:
    with world.store.reading() as session:
        files = [file.id for file in session.get_one(EgressRequest, request).files]
        rows = session.scalars(select(EgressFinding).where(EgressFinding.file_id.in_(files)))
        return [(row.check, row.severity, row.where) for row in rows if row.check in checks]


def test_checkers_see_question_receipt_and_true_count_beside_each_number(
    guard_lab: GuardLab, world: AirlockWorld
) -> None:
    receipt, rows = answered(guard_lab)
    table = [(name, n) for name, n in reversed(rows)][:10]
    request, state = send(world, ("table.csv", as_csv(("Condition", "Patients"), table)))
    assert state is State.IN_REVIEW
    (match,) = matched(world, request)
    assert (match.file, match.share, match.proven, match.weak, match.unmatched) == ("table.csv", 1.0, 10, 0, 0)
    assert [(answer.receipt, answer.sql) for answer in match.answers] == [(receipt, BY_ILLNESS)]
    with guard_lab.store.reading() as session:
        people = set(session.scalars(select(ReleasedCell.contributors).where(ReleasedCell.receipt_id == receipt)))
    for cell, (_, n) in zip(match.cells, table, strict=True):
        assert (cell.how, cell.said, rows[cell.answer_row][1]) == (How.EXACT, n, n)
        assert cell.people in people
        assert abs(cell.people - n) < 10
    assert not found(world, request, "provenance", "earlier-release")


def test_a_number_from_nowhere_is_pointed_out_and_its_value_is_not(guard_lab: GuardLab, world: AirlockWorld) -> None:
    _, rows = answered(guard_lab)
    table = [[name, n] for name, n in rows[:6]]
    table[2][1] = 7775
    request, state = send(world, ("table.csv", as_csv(("illness", "n"), table)))
    assert state is State.IN_REVIEW
    assert found(world, request, "provenance") == [("provenance", "REVIEW", "row 3, column n")]
    (match,) = matched(world, request)
    assert (match.proven, match.unmatched, match.cells[2].how, match.cells[2].people) == (5, 1, How.NONE, -1)
    read = read_request(world.airlock, AUTHOR, request).findings
    told = [finding for finding in read if finding.check == "provenance"]
    assert "7775" not in str(told)
    assert "1 of 6 numbers" in told[0].why


def test_numbers_of_another_question_under_new_labels_are_weak(guard_lab: GuardLab, world: AirlockWorld) -> None:
    _, rows = answered(guard_lab)
    faked = [(f"ward {number}", n) for number, (_, n) in enumerate(rows[:8])]
    request, _ = send(world, ("table.csv", as_csv(("place", "n"), faked)))
    (match,) = matched(world, request)
    assert (match.proven, match.share, {cell.people for cell in match.cells}) == (0, 0.0, {-1})
    assert {where for _, _, where in found(world, request, "provenance")} >= {"rows 1, 2, 3, 4, 5 and 3 more, column n"}


def test_an_answer_of_another_project_is_not_looked_at(guard_lab: GuardLab, world: AirlockWorld) -> None:
    sql = "SELECT year_of_birth AS born, count(*) AS n FROM person GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
    result = guard_lab.ask(sql, "researcher-b", "respiratory")
    assert result.table is not None, result.message
    rows = [tuple(row.values()) for row in result.table.to_pylist()]
    request, _ = send(world, ("table.csv", as_csv(("born", "n"), rows)))
    (match,) = matched(world, request)
    assert match.proven == 0


def test_supporting_files_and_files_without_tables_are_not_matched(guard_lab: GuardLab, world: AirlockWorld) -> None:
    request = create_draft(
        world.airlock,
        actor=AUTHOR,
        project=PROJECT,
        description=WORDS,
        files=[output("words.txt", b"Nothing to count here.\n"), supporting("notes.txt", b"a,b\n1,2\n")],
    )
    submit(world.airlock, actor=AUTHOR, request_id=request)
    assert matched(world, request) == ()
    assert not found(world, request, "provenance")


@pytest.mark.parametrize(("apart", "state"), [(9, State.RETURNED), (10, State.IN_REVIEW), (0, State.IN_REVIEW)])
def test_a_table_too_near_to_an_earlier_release_fails(world: AirlockWorld, apart: int, state: State) -> None:
    header, words = ("ward", "seen"), f"w{apart}"
    first, _ = send(world, ("a.csv", as_csv(header, [(f"{words} north", 240), (f"{words} south", 360)])))
    assert release(world, first) is State.RELEASED
    near = as_csv(header, [(f"{words} north", 240 + apart), (f"{words} south", 360)])
    second, became = send(world, ("b.csv", near))
    assert became is state
    fails = [check for check, severity, _ in found(world, second, "earlier-release") if severity == "FAIL"]
    (match,) = matched(world, second)
    if state is State.RETURNED:
        assert (fails, match.earlier) == (["earlier-release"], (first,))
        told = read_request(world.airlock, AUTHOR, second)
        assert first not in str(told.findings)
    else:
        assert (fails, match.earlier) == ([], ())


def test_of_two_near_tables_in_review_at_once_only_one_leaves(world: AirlockWorld) -> None:
    one, _ = send(world, ("a.csv", as_csv(("clinic", "seen"), [("one", 640), ("two", 710)])))
    other, state = send(world, ("b.csv", as_csv(("clinic", "seen"), [("one", 645), ("two", 710)])))
    assert state is State.IN_REVIEW
    assert release(world, one) is State.RELEASED
    assert release(world, other) is State.RELEASE_FAILED
    assert world.row(other).problem == "near-earlier-release"
    with world.store.reading() as session:
        kept = session.scalars(select(ReleasedTable.request_id)).all()
    assert one in kept
    assert other not in kept


@pytest.mark.parametrize(("left_before", "state"), [(True, State.RELEASED), (False, State.RELEASE_FAILED)])
def test_what_left_before_the_review_is_no_reason_to_stop_a_release(
    world: AirlockWorld, left_before: bool, state: State
) -> None:
    """Two sets lie near each other. While the one's number is in review the other's leaves; if a release before both
    said both, neither tells anything new."""
    name = f"left {left_before}"
    one, near = record(100, words="one", link=of_set(50, 100)), record(105, words="near", link=of_set(53, 105))
    both = Record((*one.cells, *near.cells)) if left_before else Record(())

    def send_recorded(kept: Record, number: int) -> str:
        request, became = send(world, ("a.csv", as_csv((name, "n"), [(f"{number} x", 1000), (f"{number} y", 2000)])))
        assert became is State.IN_REVIEW
        with world.store.transaction() as session:
            files = [file.id for file in session.get_one(EgressRequest, request).files]
            (match,) = session.scalars(select(EgressMatch).where(EgressMatch.file_id.in_(files)))
            match.content, match.cut = pack_record(kept), name
        return request

    assert release(world, send_recorded(both, 1)) is State.RELEASED
    in_review, other = send_recorded(one, 2), send_recorded(near, 3)
    assert release(world, other) is State.RELEASED
    assert release(world, in_review) is state


@pytest.mark.parametrize("statement", ["SELECT query_answer", "FROM released_table"])
def test_if_matching_breaks_a_person_must_look(guard_lab: GuardLab, world: AirlockWorld, statement: str) -> None:
    def refuse(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        if statement in text:
            raise OSError("disk of Smith")

    event.listen(guard_lab.store.engine, "before_cursor_execute", refuse)
    try:
        request, state = send(world, ("table.csv", as_csv(("ward", "seen"), [("a", 50), ("b", 60)])))
    finally:
        event.remove(guard_lab.store.engine, "before_cursor_execute", refuse)
    assert state is State.IN_REVIEW
    assert found(world, request, "provenance") == [("provenance", "REVIEW", "")]
    assert matched(world, request) == ()


def test_what_is_kept_of_a_file_is_its_own_numbers_and_no_true_one(guard_lab: GuardLab, world: AirlockWorld) -> None:
    with guard_lab.store.reading() as session:
        assert {column.name for column in EgressMatch.__table__.columns} == {
            "id", "file_id", "turn", "number", "place", "cut", "content",
        }  # fmt: skip
        assert session.scalars(select(EgressMatch)).first() is not None
