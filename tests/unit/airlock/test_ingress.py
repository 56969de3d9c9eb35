"""The airlock in the other direction: one approval, a landing in the imports, and nothing that crosses over."""

from __future__ import annotations

import hashlib
import json
import stat

import pytest
from sqlalchemy import text

from egress import policies
from egress.budget import read_budget
from egress.collecting import collect
from egress.directions import IN, OUT, Direction, event_name, policy_of
from egress.drafting import Description, describe
from egress.ending_review import conclude_and_release, vote_and_go_on
from egress.endings import withdraw
from egress.inbox import unread_notices
from egress.limits import limits_of
from egress.links import make_link
from egress.listing import list_for_others
from egress.recalling import mark_recalled, recall
from egress.release import fail_interrupted, release
from egress.releasing.imports import slug_of
from egress.releasing.manifest import read_told_of
from egress.releasing.signing import is_signed_by, public_key
from egress.states import TRANSITIONS, Action, State, find_transition
from egress.statistics import statistics
from egress.submission import submit
from governance.refusal import Refusal
from governance.registry.incidents import list_incidents
from governance.store.airlock import EgressRequest
from governance.store.answers import ReleasedTable
from governance.store.projects import Project
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    BRINGING,
    CHECKER,
    COLLEAGUE,
    PROJECT,
    SECOND,
    THIRD,
    AirlockWorld,
    code,
    output,
    supporting,
)


def approve(world: AirlockWorld, request: str, checker: str = CHECKER, decision: str = "approve") -> State:
    decisions = {file.id: decision for file in world.outputs(request)}
    return vote_and_go_on(world.airlock, actor=checker, request_id=request, decisions=decisions)


def force(world: AirlockWorld, request: str, **values: object) -> None:
    """As somebody who holds the database might."""
    columns = ", ".join(f"{name} = :{name}" for name in values)
    with world.store.transaction() as session:
        session.execute(text(f"UPDATE egress_request SET {columns} WHERE id = :id"), {**values, "id": request})


def test_one_approval_brings_it_in_and_says_who(world: AirlockWorld) -> None:
    request = world.incoming(code(), output("codes.csv"), supporting())
    assert approve(world, request) is State.RELEASED
    folder = world.landed_folder(request)
    assert folder is not None
    assert folder.name == f"code-lists-2026-{request}"
    assert sorted(path.name for path in folder.iterdir()) == [
        "analysis.py", "brought-in.json", "brought-in.sig", "codes.csv"
    ]  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    told = json.loads((folder / "brought-in.json").read_bytes())
    assert (told["kind"], told["author"], told["checkers"]) == ("sde-import", AUTHOR, [CHECKER])
    assert (told["purpose"], told["policy"]["approvals"], told["receipts"]) == ("reference-data", 1, [])
    hashes = {file["name"]: file["sha256"] for file in told["files"]}
    assert hashes["analysis.py"] == hashlib.sha256((folder / "analysis.py").read_bytes()).hexdigest()
    assert world.events("egress.") == []
    assert world.events("ingress.") == [
        "ingress.drafted", "ingress.submitted", "ingress.screening_started", "ingress.screened", "ingress.voted",
        "ingress.approved", "ingress.release_started", "ingress.released",
    ]  # fmt: skip
    assert "the workspace, in the folder imports" in unread_notices(world.airlock, AUTHOR)[0].words


def test_bytes_come_in_as_they_were_approved(world: AirlockWorld) -> None:
    """What goes out is stripped; code that was changed would not be the code that was reviewed."""
    request = world.incoming(code(content=b"METADATA = 1\n"))
    approve(world, request)
    folder = world.landed_folder(request)
    assert folder is not None
    assert (folder / "analysis.py").read_bytes() == b"METADATA = 1\n"


def test_what_was_brought_in_is_signed_and_is_no_release(world: AirlockWorld) -> None:
    request = world.incoming()
    approve(world, request)
    folder, settings = world.landed_folder(request), world.airlock.settings
    assert folder is not None
    document, signature = ((folder / name).read_bytes() for name in ("brought-in.json", "brought-in.sig"))
    assert is_signed_by(document, signature, public_key(settings.folder.keys))
    with pytest.raises(ValueError, match="format"):
        read_told_of(document)
    assert not [path for path in settings.folder.releases.rglob("*") if path.is_file()]
    with world.store.reading() as session:
        assert session.query(ReleasedTable).count() == 0
    for attempt in (
        lambda: collect(world.airlock, actor=AUTHOR, request_id=request, name="analysis.py"),
        lambda: make_link(world.airlock, actor=AUTHOR, request_id=request),
    ):
        with pytest.raises(Refusal, match="read-inside"):
            attempt()


def test_only_one_row_of_the_machine_lets_a_single_review_be_enough() -> None:
    """Whatever number a mistake would give: what goes out has no way from the first review to its end."""
    single = [row for row in TRANSITIONS if row.directions != (OUT, IN)]
    assert {(row.source, row.target) for row in single} == {
        (State.IN_REVIEW, State.REVIEWED),
        (State.IN_REVIEW, State.THIRD_OPINION),
    }
    assert all(row.directions == (IN,) for row in single)
    with pytest.raises(Refusal, match="wrong-state"):
        find_transition(State.IN_REVIEW, Action.VOTE, State.REVIEWED, OUT)


def test_what_goes_out_still_needs_two(world: AirlockWorld) -> None:
    request = world.submitted()
    assert approve(world, request) is State.PART_REVIEWED
    with pytest.raises(Refusal, match="wrong-state"):
        conclude_and_release(world.airlock, actor=SECOND, request_id=request)
    assert approve(world, request, SECOND) is State.RELEASED


def test_no_one_vote_crosses_over(world: AirlockWorld) -> None:
    """The register's row itself changed between the vote and the release: the vote was for the other way."""
    request = world.incoming()
    world.vote_all(CHECKER, request)
    force(world, request, direction="out", context="x", controls="y")
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=request) is State.RETURNED
    back = world.submitted()
    world.vote_all(CHECKER, back)
    force(world, back, direction="in", purpose="code", state="reviewed")
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=back) is State.RETURNED
    assert not [path for path in world.airlock.settings.folder.releases.rglob("*") if path.is_file()]


def test_an_approved_import_turned_around_is_not_released(world: AirlockWorld) -> None:
    request = world.incoming()
    world.vote_all(CHECKER, request)
    force(world, request, state="approved", asked_by=CHECKER, direction="out")
    with pytest.raises(Refusal, match="approvals-missing"):
        release(world.airlock, requested_by=CHECKER, request_id=request)
    force(world, request, direction="sideways")
    with pytest.raises(ValueError, match="sideways"):
        release(world.airlock, requested_by=CHECKER, request_id=request)


def test_a_request_keeps_its_direction(world: AirlockWorld) -> None:
    request = world.incoming()
    with world.store.transaction() as session, pytest.raises(ValueError, match="keeps its direction"):
        session.get_one(EgressRequest, request).direction = "out"
    assert world.row(request).direction == "in"


def test_a_member_does_not_approve_and_nor_does_the_author(world: AirlockWorld) -> None:
    request = world.incoming()
    for nobody, code_of in ((AUTHOR, "own-request"), (COLLEAGUE, "no-such-request"), ("steward", "role-missing")):
        with pytest.raises(Refusal, match=code_of):
            approve(world, request, nobody)
    assert world.state(request) is State.IN_REVIEW


def test_one_who_wants_changes_sends_it_back_at_once_and_one_who_rejects_ends_it(world: AirlockWorld) -> None:
    """There is nothing to compare, so nobody has to press another button."""
    request = world.incoming()
    assert approve(world, request, decision="changes") is State.RETURNED
    submit(world.airlock, actor=AUTHOR, request_id=request)
    assert approve(world, request, SECOND) is State.RELEASED
    assert approve(world, world.incoming(), decision="reject") is State.REJECTED


def test_reviewers_who_differ_on_a_file_ask_another(world: AirlockWorld) -> None:
    request = world.incoming(code("a.py"), code("b.py", b"print(2)\n"))
    first, second = (file.id for file in world.outputs(request))
    assert world.vote(SECOND, request, {second: "reject"}) is State.IN_REVIEW
    assert world.vote(CHECKER, request, {first: "approve", second: "approve"}) is State.THIRD_OPINION
    assert approve(world, request, THIRD) is State.RELEASED


def test_a_sensitive_project_asks_two_and_no_controller(world: AirlockWorld) -> None:
    with world.store.transaction() as session:
        session.get_one(Project, PROJECT).sensitive = True
    request = world.incoming()
    assert approve(world, request) is State.PART_REVIEWED
    assert approve(world, request, SECOND) is State.RELEASED
    with world.store.reading() as session:
        project = session.get_one(Project, PROJECT)
        assert (limits_of(project, OUT).approvals, limits_of(project, OUT).controller) == (3, True)


def test_a_fail_comes_back_or_goes_to_the_controller(world: AirlockWorld) -> None:
    assert world.state(world.incoming(code(content=b"FAIL"))) is State.RETURNED
    asked = Description("x", "y", exception="A postcode lookup, published", purpose="reference-data")
    request = world.submitted(code(content=b"FAIL"), description=asked, direction=IN)
    assert approve(world, request) is State.AWAIT_CONTROLLER


@pytest.mark.parametrize(
    ("words", "refusal"),
    [(Description("t", "c"), "purpose-missing"), (Description("t", "", purpose="code"), "context-missing")],
)
def test_what_it_is_for_must_be_said(world: AirlockWorld, words: Description, refusal: str) -> None:
    request = world.draft(description=words, direction=IN)
    with pytest.raises(Refusal, match=refusal):
        submit(world.airlock, actor=AUTHOR, request_id=request)
    with pytest.raises(Refusal, match="unknown-purpose"):
        describe(world.airlock, actor=AUTHOR, request_id=request, description=Description("t", purpose="fun"))


def test_a_recall_takes_it_away_and_opens_an_incident(world: AirlockWorld) -> None:
    request = world.incoming()
    approve(world, request)
    recall(world.airlock, actor=CHECKER, request_id=request, reason="It holds a licence we do not have")
    assert world.landed_folder(request) is None
    assert world.state(request) is State.RECALLED
    with world.store.reading() as session:
        assert [one.kind for one in list_incidents(session, actor=ADMIN, state=None)] == ["import-recalled"]
    assert world.events("import.") == ["import.taken-away"]
    assert mark_recalled(world.airlock) == 0


def test_a_recall_that_could_not_take_it_away_is_made_good(
    world: AirlockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.incoming()
    approve(world, request)
    with monkeypatch.context() as broken:
        broken.setattr("egress.releasing.imports.tempfile.mkdtemp", _break_off)
        recall(world.airlock, actor=CHECKER, request_id=request, reason="wrong")
    assert world.landed_folder(request) is not None
    assert mark_recalled(world.airlock) == 1
    assert world.landed_folder(request) is None


def _break_off(**_: object) -> str:
    raise OSError("no space")


def test_a_damaged_byte_lands_nothing_and_is_on_record(world: AirlockWorld) -> None:
    request = world.incoming(code(), code("b.py", b"print(2)\n"))
    world.vote_all(CHECKER, request)
    world.flip_byte(request, 1)
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=request) is State.RETURNED
    again = world.incoming(code("c.py", b"print(3)\n"))
    world.vote_all(CHECKER, again)
    force(world, again, state="approved", asked_by=CHECKER)
    world.flip_byte(again)
    with pytest.raises(Refusal, match="file-changed"):
        release(world.airlock, requested_by=CHECKER, request_id=again)
    assert (world.state(again), world.landed_folder(again)) == (State.RELEASE_FAILED, None)
    assert not list(world.airlock.settings.folder.imports.glob(".packing-*"))


def test_a_service_that_stopped_half_way_lands_nothing_and_tries_again(world: AirlockWorld) -> None:
    request = world.incoming()
    approve_only = world.vote_all(CHECKER, request)
    assert approve_only is State.REVIEWED
    force(world, request, state="releasing", asked_by=CHECKER)
    left = world.airlock.settings.folder.imports_of(PROJECT) / f"x-{request}"
    left.mkdir()
    (world.airlock.settings.folder.imports / ".packing-x").mkdir()
    assert fail_interrupted(world.airlock) == 1
    assert not left.exists()
    assert not list(world.airlock.settings.folder.imports.glob(".packing-*"))
    release(world.airlock, requested_by=CHECKER, request_id=request)
    assert world.landed_folder(request) is not None
    assert release(world.airlock, requested_by=CHECKER, request_id=request).folder.startswith(f"{PROJECT}/")


def test_budgets_of_the_two_directions_are_apart(world: AirlockWorld) -> None:
    approve(world, world.incoming(output("codes.csv", b"a,b\n" * 50)))
    request = world.reviewed()
    with world.store.reading() as session:
        row = session.get_one(EgressRequest, request)
        view = read_budget(session, row, policies.limits_for(session, row))
        assert view.person_left == policies.limits_for(session, row).daily


def test_the_queue_and_the_statistics_say_the_direction(world: AirlockWorld) -> None:
    brought, taken = world.incoming(), world.submitted()
    shown = {row.id: row.direction for row in list_for_others(world.airlock, CHECKER).rows}
    assert shown == {brought: IN, taken: OUT}
    approve(world, brought)
    with world.store.reading() as session:
        assert [(row.direction, row.approved) for row in statistics(session).months] == [("in", 1)]


def test_a_draft_is_withdrawn_as_any_other(world: AirlockWorld) -> None:
    request = world.draft(description=BRINGING, direction=IN)
    withdraw(world.airlock, actor=AUTHOR, request_id=request)
    assert world.events("ingress.")[-1] == "ingress.withdrawn"


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Code lists, 2026", "code-lists-2026"), ("../../etc", "etc"), ("名前", "import"), ("x" * 90, "x" * 40)],
)
def test_a_title_as_a_folder(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_names_of_events_and_policies_tell_the_direction() -> None:
    assert event_name("egress.voted", Direction.IN) == "ingress.voted"
    assert event_name("egress.voted", Direction.OUT) == "egress.voted"
    assert policy_of("nhs-sde-1", OUT) != policy_of("nhs-sde-1", IN)
