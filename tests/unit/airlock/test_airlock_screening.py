"""Screening: whatever goes wrong blocks, and a stopped service takes up where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from egress.airlock import Airlock
from egress.drafting import Description, add_files, create_draft, describe, remove_file
from egress.findings import CheckReport, Finding, Severity
from egress.reading import read_request
from egress.screening import screen, screen_waiting
from egress.states import State
from egress.submission import submit
from governance.disclosure import DisclosureProfile
from governance.refusal import Refusal
from governance.settings import load_settings
from governance.store.airlock import EgressRequest
from tests.support.airlock_world import (
    AUTHOR,
    BAD,
    PROJECT,
    WORDS,
    AirlockWorld,
    check_by_word,
    output,
    read_no_tables,
    supporting,
)

pytestmark = pytest.mark.slow  # every combination: several seconds together

Files = Sequence[tuple[Path, str]]


def break_off(files: Files, profile: DisclosureProfile, *, limit: int) -> Iterable[CheckReport]:
    raise MemoryError


def forget_one(files: Files, profile: DisclosureProfile, *, limit: int) -> Iterable[CheckReport]:
    return list(check_by_word(files, profile, limit=limit))[1:]


def speak_of_another(files: Files, profile: DisclosureProfile, *, limit: int) -> Iterable[CheckReport]:
    return [replace(report, sha256="0" * 64) for report in check_by_word(files, profile, limit=limit)]


@pytest.mark.parametrize("checks", [break_off, forget_one, speak_of_another])
def test_checks_that_break_count_as_fail(world: AirlockWorld, checks: Callable[..., Iterable[CheckReport]]) -> None:
    broken = Airlock(world.store, world.airlock.settings, checks, read_tables=read_no_tables)  # type: ignore[arg-type]
    request = world.draft()
    assert submit(broken, actor=AUTHOR, request_id=request) is State.RETURNED
    findings = read_request(world.airlock, AUTHOR, request).findings
    assert [(finding.check, finding.severity) for finding in findings] == [("screening", "FAIL")]


def test_files_that_leave_are_checked_together_and_apart_from_those_that_stay(world: AirlockWorld) -> None:
    asked: list[list[str]] = []

    def remember(files: Files, profile: DisclosureProfile, *, limit: int) -> Iterable[CheckReport]:
        asked.append([name for _, name in files])
        return check_by_word(files, profile, limit=limit)

    remembering = Airlock(world.store, world.airlock.settings, remember)
    request = world.draft(supporting("counts.csv"), output("a.csv"), output("b.csv", b"other"))
    assert submit(remembering, actor=AUTHOR, request_id=request) is State.IN_REVIEW
    assert asked == [["a.csv", "b.csv"], ["counts.csv"]]


def test_findings_and_type_are_recorded_for_the_turn(world: AirlockWorld) -> None:
    def find_two(files: Files, profile: DisclosureProfile, *, limit: int) -> Iterable[CheckReport]:
        assert (profile.name, limit) == ("nhs-sde", world.airlock.settings.egress_file_bytes)
        for report in check_by_word(files, profile, limit=limit):
            finding = Finding("counts", Severity.REVIEW, "row 2", "Not a multiple of 5.", "Round it.")
            yield replace(report, findings=(finding, finding), media_type="text/csv")

    airlock = Airlock(world.store, world.airlock.settings, find_two, read_tables=read_no_tables)
    request = world.draft()
    submit(airlock, actor=AUTHOR, request_id=request)
    (file,) = world.outputs(request)
    assert file.media_type == "text/csv"
    assert [(one.turn, one.check, one.where) for one in file.findings] == [(1, "counts", "row 2")] * 2


def set_state(world: AirlockWorld, request_id: str, state: State) -> None:
    with world.store.transaction() as session:
        session.get_one(EgressRequest, request_id).state = state.value


@pytest.mark.parametrize(
    ("stopped_at", "content", "then"),
    [
        (State.SUBMITTED, b"fine", State.IN_REVIEW),
        (State.SCREENING, b"fine", State.IN_REVIEW),
        (State.BLOCKED, BAD, State.RETURNED),
    ],
)
def test_a_stopped_screening_is_taken_up(world: AirlockWorld, stopped_at: State, content: bytes, then: State) -> None:
    request = world.submitted(output(content=content))
    set_state(world, request, stopped_at)
    assert screen_waiting(world.airlock) == 1
    assert world.state(request) is then
    assert screen_waiting(world.airlock) == 0


def test_screening_leaves_what_is_not_waiting_alone(world: AirlockWorld) -> None:
    request = world.submitted()
    events = world.events()
    assert screen(world.airlock, request) is State.IN_REVIEW
    assert world.events() == events


def test_a_slower_screening_of_the_same_turn_changes_nothing(world: AirlockWorld) -> None:
    def be_overtaken(files: Files, profile: DisclosureProfile, *, limit: int) -> Iterable[CheckReport]:
        screen(world.airlock, request)
        return check_by_word(files, profile, limit=limit)

    request = world.draft()
    slow = Airlock(world.store, world.airlock.settings, be_overtaken, read_tables=read_no_tables)
    assert submit(slow, actor=AUTHOR, request_id=request) is State.IN_REVIEW
    assert world.events().count("egress.screened") == 1


@pytest.mark.parametrize(
    ("description", "code"),
    [
        (Description("t", "", "controls"), "context-missing"),
        (Description("t", "context", " \n"), "controls-missing"),
    ],
)
def test_a_request_must_say_what_it_is(world: AirlockWorld, description: Description, code: str) -> None:
    request = world.draft(description=description)
    with pytest.raises(Refusal, match=code):
        submit(world.airlock, actor=AUTHOR, request_id=request)
    describe(world.airlock, actor=AUTHOR, request_id=request, description=WORDS)
    assert submit(world.airlock, actor=AUTHOR, request_id=request) is State.IN_REVIEW


def test_supporting_files_alone_are_nothing_to_release(world: AirlockWorld) -> None:
    request = world.draft(supporting())
    with pytest.raises(Refusal, match="no-output-file"):
        submit(world.airlock, actor=AUTHOR, request_id=request)


def test_a_draft_without_files_or_title_is_called_untitled(world: AirlockWorld) -> None:
    made = create_draft(world.airlock, actor=AUTHOR, project=PROJECT, description=Description())
    assert world.row(made).title == "Untitled"
    named = world.draft(output("results.csv"), description=Description())
    assert world.row(named).title == "results.csv"
    describe(world.airlock, actor=AUTHOR, request_id=named, description=Description(context="c"))
    assert world.row(named).title == "results.csv"


def test_a_file_of_the_same_name_replaces_the_other_and_stays_on_record(world: AirlockWorld) -> None:
    request = world.draft(output("Table.csv"))
    add_files(world.airlock, actor=AUTHOR, request_id=request, files=[output("table.csv", b"new")])
    assert [file.name for file in world.files(request)] == ["table.csv"]
    assert [file.withdrawn_turn for file in world.row(request).files] == [0, None]


def test_files_are_counted_and_named_apart(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match="same-name-twice"):
        world.draft(output("a.csv"), supporting("A.CSV"))
    settings = load_settings(state=world.airlock.settings.state, egress_files=2)
    few = Airlock(world.store, settings, check_by_word, read_tables=read_no_tables)
    narrow = AirlockWorld(few)
    with pytest.raises(Refusal, match="too-many-files"):
        narrow.draft(output("a"), output("b"), output("c"))
    request = narrow.draft(output("a"), output("b"))
    with pytest.raises(Refusal, match="too-many-files"):
        add_files(few, actor=AUTHOR, request_id=request, files=[output("c")])
    add_files(few, actor=AUTHOR, request_id=request, files=[output("b", b"other")])
    assert world.events().count("egress.drafted") == 1


def test_taking_out_what_is_not_there(world: AirlockWorld) -> None:
    request = world.draft(output("a.csv"), output("b.csv", b"b"))
    first = world.files(request)[0].id
    remove_file(world.airlock, actor=AUTHOR, request_id=request, file_id=first)
    with pytest.raises(Refusal, match="no-such-file"):
        remove_file(world.airlock, actor=AUTHOR, request_id=request, file_id=first)


def test_nothing_is_kept_for_who_may_not_submit(world: AirlockWorld) -> None:
    with pytest.raises(Refusal, match="not-a-member"):
        world.draft(author="checker-a")
    assert not (world.airlock.settings.folder.airlock / "files").exists()
