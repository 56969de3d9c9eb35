"""Groups of files, intended outputs and turns: what an author says, where, and how it is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from egress.comparing import CellChange, PlainTable, compare
from egress.difference import changes_since_last_turn
from egress.drafting import Description, add_files, create_draft, describe, remove_file
from egress.grouping import MOST_GROUPS, add_group, describe_group, remove_group, sort_file
from egress.groups import Words
from egress.reading import read_request
from egress.reviewing import conclude
from egress.states import State
from egress.submission import submit
from egress.turns import add_working_days
from governance.refusal import Refusal
from governance.registry import add_intended_output, list_intended_outputs, withdraw_intended_output, withdraw_role
from governance.roles import Role
from governance.store.airlock import EgressTurn
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    CHECKER,
    PROJECT,
    SECOND,
    AirlockWorld,
    output,
    supporting,
)

pytestmark = pytest.mark.slow
SAID = Words("Rates by age", "age, sex", "Adults of the region", 4120, "Rounded to 5", "Follows table 1 of May")


def own(request: str) -> dict[str, str]:
    return {"actor": AUTHOR, "request_id": request}


def returned(world: AirlockWorld, *files: object) -> str:
    request = world.submitted(*files)  # type: ignore[arg-type]
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, request, "changes")
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.RETURNED
    return request


def test_files_are_sorted_into_groups_with_words_of_their_own(world: AirlockWorld) -> None:
    request = world.draft(output("a.csv"), output("b.csv", b"b,2\n"), supporting())
    group = add_group(world.airlock, **own(request), name="Table 2", words=SAID)
    second = world.files(request)[1].id
    sort_file(world.airlock, **own(request), file_id=second, group=group)
    view = read_request(world.airlock, AUTHOR, request)
    assert [(one.name, [file.name for file in one.files]) for one in view.groups] == [
        ("", ["a.csv", "notes.txt"]),
        ("Table 2", ["b.csv"]),
    ]
    assert view.groups[1].words == SAID
    describe_group(world.airlock, **own(request), group=group, name="Table 3", words=Words("x", controls="y"))
    assert read_request(world.airlock, AUTHOR, request).groups[1].words == Words("x", controls="y")
    add_files(world.airlock, **own(request), files=[output("b.csv", b"b,3\n")])
    assert world.files(request)[-1].group_id == group  # what takes a file's place stays in its group
    remove_group(world.airlock, **own(request), group=group)
    assert {file.group_id for file in world.files(request)} == {None}
    assert world.events().count("egress.grouped") == 4


def test_a_group_that_says_nothing_is_not_submitted(world: AirlockWorld) -> None:
    request = world.draft(output("a.csv"), description=Description("t"))
    with pytest.raises(Refusal, match="context-missing"):
        submit(world.airlock, **own(request))
    group = add_group(world.airlock, **own(request), name="Table 2", words=Words("what it shows"))
    sort_file(world.airlock, **own(request), file_id=world.files(request)[0].id, group=group)
    with pytest.raises(Refusal, match="controls-missing") as caught:
        submit(world.airlock, **own(request))
    assert caught.value.where == "Table 2"
    describe_group(world.airlock, **own(request), group=group, name="Table 2", words=SAID)
    assert submit(world.airlock, **own(request)) is State.IN_REVIEW
    assert [one.name for one in read_request(world.airlock, CHECKER, request).groups] == ["Table 2"]
    with pytest.raises(Refusal, match="wrong-state"):
        add_group(world.airlock, **own(request), name="Late", words=SAID)


@pytest.mark.parametrize(("name", "code"), [("", "group-name"), ("TABLE 2", "group-name")])
def test_group_names_are_given_and_different(world: AirlockWorld, name: str, code: str) -> None:
    request = world.draft()
    add_group(world.airlock, **own(request), name="Table 2", words=SAID)
    with pytest.raises(Refusal, match=code):
        add_group(world.airlock, **own(request), name=name, words=SAID)


def test_strange_groups_files_and_numbers_are_refused(world: AirlockWorld) -> None:
    request = world.draft()
    file = world.files(request)[0].id
    with pytest.raises(Refusal, match="no-such-group"):
        sort_file(world.airlock, **own(request), file_id=file, group=99)
    with pytest.raises(Refusal, match="no-such-file"):
        sort_file(world.airlock, **own(request), file_id=999, group=None)
    with pytest.raises(Refusal, match="bad-number"):
        add_group(world.airlock, **own(request), name="x", words=Words(people=-1))
    with pytest.raises(Refusal, match="no-such-group"):
        add_files(world.airlock, **own(request), files=[type(output())("c.csv", output().source, group=7)])
    with pytest.raises(Refusal, match="role-missing"):
        add_group(world.airlock, actor=CHECKER, request_id=request, name="x", words=SAID)


def test_there_is_a_most_of_groups(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_GROUPS == 50
    monkeypatch.setattr("egress.grouping.MOST_GROUPS", 1)
    request = world.draft()
    add_group(world.airlock, **own(request), name="one", words=SAID)
    with pytest.raises(Refusal, match="too-many-groups"):
        add_group(world.airlock, **own(request), name="two", words=SAID)


def test_a_request_names_an_intended_output_or_says_why_none(world: AirlockWorld) -> None:
    number = add_intended_output(world.store, actor=ADMIN, slug=PROJECT, title="Table 2", description="Rates")
    other = add_intended_output(world.store, actor=ADMIN, slug="respiratory", title="Figure 1")
    request = world.draft()
    with pytest.raises(Refusal, match="intended-output-missing"):
        submit(world.airlock, **own(request))
    for wrong in (other, 999):
        with pytest.raises(Refusal, match="no-such-intended-output"):
            describe(world.airlock, **own(request), description=Description("t", "c", "d", intended_output=wrong))
    describe(world.airlock, **own(request), description=Description("t", "c", "d", intended_output=number))
    assert submit(world.airlock, **own(request)) is State.IN_REVIEW
    view = read_request(world.airlock, CHECKER, request)
    assert view.intended is not None
    assert (view.intended.title, [one.id for one in view.intended_choices]) == ("Table 2", [number])
    why = Description("t", "c", "d", intended_reason="A reviewer asked for it.")
    assert submit(world.airlock, **own(world.draft(description=why))) is State.IN_REVIEW


def test_a_withdrawn_intended_output_stays_by_name_but_is_not_chosen_anew(world: AirlockWorld) -> None:
    number = add_intended_output(world.store, actor=ADMIN, slug=PROJECT, title="Table 2")
    words = Description("t", "c", "d", intended_output=number)
    sent, late = world.submitted(description=words), world.draft(description=words)
    withdraw_intended_output(world.store, actor=ADMIN, slug=PROJECT, number=number)
    named = read_request(world.airlock, CHECKER, sent).intended
    assert named is not None and named.title == "Table 2"
    with pytest.raises(Refusal, match="no-such-intended-output"):
        submit(world.airlock, **own(late))
    with world.store.reading() as session:
        assert list_intended_outputs(session, PROJECT) == []
    with pytest.raises(Refusal, match="no-such-intended-output"):
        withdraw_intended_output(world.store, actor=ADMIN, slug=PROJECT, number=number)
    add_intended_output(world.store, actor=ADMIN, slug=PROJECT, title="Table 2")  # the name is free again
    with pytest.raises(Refusal, match="already-exists"):
        add_intended_output(world.store, actor=ADMIN, slug=PROJECT, title="table 2")
    with pytest.raises(Refusal, match="role-missing"):
        add_intended_output(world.store, actor=AUTHOR, slug=PROJECT, title="Mine")


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-16", 3, "2026-11-19"),  # Monday to Thursday
        ("2026-11-19", 3, "2026-11-24"),  # over a weekend
        ("2026-11-21", 1, "2026-11-24"),  # from a Saturday: Monday counts as the day of submission
        ("2026-11-20", 0, "2026-11-20"),
    ],
)
def test_deadlines_leave_weekends_out(start: str, days: int, end: str) -> None:
    moment = datetime.fromisoformat(f"{start}T15:30:00").replace(tzinfo=UTC)
    assert add_working_days(moment, days) == datetime.fromisoformat(f"{end}T15:30:00").replace(tzinfo=UTC)


def test_files_keep_their_lineage_over_turns(world: AirlockWorld) -> None:
    request = returned(world, output("a.csv", b"v,1\n"), output("b.csv"))
    add_files(world.airlock, **own(request), files=[output("A.csv", b"v,2\n")])
    add_files(world.airlock, **own(request), files=[output("a.csv", b"v,3\n")])  # replaced before it was submitted
    remove_file(world.airlock, **own(request), file_id=world.files(request)[0].id)
    add_files(world.airlock, **own(request), files=[output("b.csv", b"again\n")])  # removed and put back
    view = read_request(world.airlock, AUTHOR, request)
    assert {file.name: [version.turns for version in file.versions] for file in view.files} == {
        "a.csv": [(), (1,)],
        "b.csv": [(1,)],
    }
    assert all(file.is_new for file in view.files)


def test_the_difference_from_the_last_turn_is_shown(world: AirlockWorld) -> None:
    table = b"sex,people\nF,120\nM,115\n"
    request = returned(world, output("a.csv", table), output("b.csv", b"x,y\n1,2\n"), output("same.csv", b"s,t\n5,6\n"))
    assert changes_since_last_turn(world.airlock, AUTHOR, request) is not None
    add_files(world.airlock, **own(request), files=[output("a.csv", b"sex,people\nF,120\nM,110\nX,25\n")])
    remove_file(world.airlock, **own(request), file_id=world.files(request)[0].id)
    add_files(world.airlock, **own(request), files=[output("c.csv", b"n,m\n5,5\n")])
    describe(world.airlock, **own(request), description=Description("A table", "New words", "none", people=5))
    edited = changes_since_last_turn(world.airlock, AUTHOR, request)
    submit(world.airlock, **own(request))
    seen = changes_since_last_turn(world.airlock, CHECKER, request)
    assert edited == seen and seen is not None
    assert (seen.since, seen.unchanged) == (1, ("same.csv",))
    assert {change.name: change.change.value for change in seen.files} == {
        "a.csv": "replaced",
        "b.csv": "removed",
        "c.csv": "added",
    }
    cells = next(change.cells for change in seen.files if change.name == "a.csv")
    assert cells is not None
    assert [(one.row, one.column, one.before, one.after) for one in cells.changes] == [
        (2, "people", "115", "110"),
        (3, "sex", None, "X"),
        (3, "people", None, "25"),
    ]
    assert {(one.field, one.after) for one in seen.texts} == {
        ("context", "New words"),
        ("controls", "none"),
        ("people", "5"),
    }
    assert world.events().count("egress.previewed") == 1  # the checker's look is on record
    withdraw_role(world.store, actor="service:test", subject=ADMIN, role=Role.DATA_STEWARD)
    administrator = changes_since_last_turn(world.airlock, ADMIN, request)
    assert administrator is not None and all(change.cells is None for change in administrator.files)


def test_a_first_turn_has_nothing_to_differ_from(world: AirlockWorld) -> None:
    assert changes_since_last_turn(world.airlock, AUTHOR, world.draft()) is None
    assert changes_since_last_turn(world.airlock, CHECKER, world.submitted()) is None


def test_what_cannot_be_read_or_is_not_on_record_is_left_out(world: AirlockWorld) -> None:
    request = returned(world, output("a.csv"))
    first = world.outputs(request)[0].sha256
    add_files(world.airlock, **own(request), files=[output("a.csv", b"other,1\n")])
    world.airlock.files.path(first).unlink()
    with world.store.transaction() as session:  # a request of before turns were kept
        session.query(EgressTurn).delete()
    seen = changes_since_last_turn(world.airlock, AUTHOR, request)
    assert seen is not None
    assert (seen.texts, [change.cells for change in seen.files]) == ((), [None])


def table(*rows: tuple[str, ...], header: tuple[str, ...] = ("a", "b")) -> PlainTable:
    return PlainTable("", header, rows)


def test_cells_are_compared_by_place_and_likeness() -> None:
    old, new = (
        table(("1", "2"), ("3", "4"), ("5", "6")),
        table(("0", "0"), ("1", "2"), ("3", "9"), ("5", "6"), ("7", "8")),
    )
    assert compare([old], [new]).changes == (
        CellChange("", 1, "a", None, "0"),
        CellChange("", 1, "b", None, "0"),
        CellChange("", 3, "b", "4", "9"),
        CellChange("", 5, "a", None, "7"),
        CellChange("", 5, "b", None, "8"),
    )
    assert compare([old], [old]).changes == ()
    gone = compare([table(("1", "2"))], [])
    assert [(one.row, one.before, one.after) for one in gone.changes][-1] == (1, "2", None)
    wider = compare([table(("1", "2"))], [table(("1", "2", "3"), header=("a", "b", ""))])
    assert [(one.row, one.column) for one in wider.changes] == [(0, "column 3"), (1, "column 3")]


def test_very_different_tables_are_compared_in_bounded_time() -> None:
    old = table(*((str(number), "x") for number in range(5_000)))
    new = table(*((str(-number), "y") for number in range(4_000)))
    found = compare([old], [new])
    assert len(found.changes) == 500
    assert found.more > 5_000


def test_a_draft_may_name_its_people_and_earlier_release(world: AirlockWorld) -> None:
    words = Description("t", "c", "d", "", "age", "adults", 120, "none before")
    made = create_draft(world.airlock, actor=AUTHOR, project=PROJECT, description=words, files=[output()])
    assert read_request(world.airlock, AUTHOR, made).groups[0].words == words.words
