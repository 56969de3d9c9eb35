"""One request's whole life, as people live it, through the actions."""

from __future__ import annotations

import json

import pytest

from egress.collecting import collect
from egress.drafting import Description, add_files
from egress.ending_review import conclude_and_release, decide_and_release
from egress.endings import withdraw
from egress.listing import list_for_others, list_own
from egress.reading import read_request
from egress.recalling import recall
from egress.release import release
from egress.releasing.signing import is_signed_by, public_key
from egress.reviewing import comment, conclude, reopen
from egress.states import Action, State, Who
from egress.submission import submit
from governance.audit import verify_chain
from governance.refusal import Refusal
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    BAD,
    BESIDE,
    CHECKER,
    GOOD,
    SECOND,
    STEWARD,
    WORDS,
    AirlockWorld,
    output,
    supporting,
)

pytestmark = pytest.mark.slow  # every combination: several seconds together


def test_from_draft_to_download(world: AirlockWorld) -> None:
    request = world.draft(output("a.csv"), output("b.csv", b"REVIEW me"), supporting())
    assert world.state(request) is State.DRAFT
    assert submit(world.airlock, actor=AUTHOR, request_id=request) is State.IN_REVIEW
    assert world.vote_all(CHECKER, request) is State.PART_REVIEWED
    assert world.vote_all(SECOND, request) is State.REVIEWED
    assert conclude_and_release(world.airlock, actor=SECOND, request_id=request) is State.RELEASED
    assert world.events() == [
        "egress.drafted",
        "egress.submitted",
        "egress.screening_started",
        "egress.screened",
        "egress.voted",
        "egress.voted",
        "egress.approved",
        "egress.release_started",
        "egress.released",
    ]
    assert collect(world.airlock, actor=AUTHOR, request_id=request, name="a.csv").document == GOOD
    assert world.events()[-1] == "egress.downloaded"
    with pytest.raises(Refusal, match="no-such-file"):
        collect(world.airlock, actor=AUTHOR, request_id=request, name="notes.txt")


def test_the_manifest_says_what_left_and_is_signed(world: AirlockWorld) -> None:
    request = world.reviewed(output(), supporting())
    done = release_after_conclusion(world, request)
    folder = world.airlock.settings.folder.releases / done.folder
    assert {path.name for path in folder.iterdir()} == {"table.csv", *BESIDE}
    document = (folder / "manifest.json").read_bytes()
    manifest = json.loads(document)
    assert manifest["checkers"] == [CHECKER, SECOND]
    assert [file["name"] for file in manifest["files"]] == ["table.csv"]
    assert (manifest["author"], manifest["policy"]["profile"], manifest["policy"]["threshold"]) == (
        AUTHOR,
        "nhs-sde",
        10,
    )
    signature = collect(world.airlock, actor=AUTHOR, request_id=request, name="manifest.sig").document
    key = public_key(world.airlock.settings.folder.keys)
    assert is_signed_by(document, signature, key)
    assert not is_signed_by(document + b" ", signature, key)
    assert not is_signed_by(document, b"not a signature", key)
    assert not is_signed_by(document, signature, bytes(31))
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o400}


def release_after_conclusion(world: AirlockWorld, request: str):
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED
    return release(world.airlock, requested_by=CHECKER, request_id=request)


def test_a_fail_goes_straight_back_with_its_findings(world: AirlockWorld) -> None:
    request = world.submitted(output(content=BAD))
    assert world.state(request) is State.RETURNED
    assert world.events()[-2:] == ["egress.blocked", "egress.returned"]
    view = read_request(world.airlock, AUTHOR, request)
    assert [finding.severity for finding in view.findings] == ["FAIL"]
    assert {Action.SUBMIT, Action.WITHDRAW, Action.DESCRIBE, Action.COMMENT} == view.actions


def test_a_fail_of_a_supporting_file_is_for_the_checkers_to_see(world: AirlockWorld) -> None:
    request = world.submitted(output(), supporting(content=BAD))
    assert world.state(request) is State.IN_REVIEW


def test_returned_mended_and_submitted_again(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request, "changes")
    comment(world.airlock, actor=CHECKER, request_id=request, text="Round the second column.", audience="author")
    comment(world.airlock, actor=CHECKER, request_id=request, text="I am not sure.", audience="checkers")
    world.vote_all(SECOND, request, "changes")
    assert read_request(world.airlock, AUTHOR, request).comments == ()
    assert conclude(world.airlock, actor=SECOND, request_id=request) is State.RETURNED
    told = read_request(world.airlock, AUTHOR, request).comments
    assert [(one.writer, one.text) for one in told] == [("Output checker", "Round the second column.")]
    add_files(world.airlock, actor=AUTHOR, request_id=request, files=[output("table.csv", b"sex,people\nF,100\n")])
    comment(world.airlock, actor=AUTHOR, request_id=request, text="Done.", audience="checkers")
    assert submit(world.airlock, actor=AUTHOR, request_id=request) is State.IN_REVIEW
    assert world.row(request).turn == 2
    assert [file.added_turn for file in world.files(request)] == [2]
    view = read_request(world.airlock, SECOND, request)
    assert [one.text for one in view.comments] == ["Round the second column.", "I am not sure.", "Done."]
    assert view.files[0].votes == ()  # the votes of the first turn are void


def test_a_rejection_by_both_ends_it(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request, "reject")
    world.vote_all(SECOND, request, "reject")
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=request) is State.REJECTED
    with pytest.raises(Refusal, match="wrong-state"):
        submit(world.airlock, actor=AUTHOR, request_id=request)


ASKING = Description("t", "c", "d", exception="The funder needs the list.")


def test_an_exception_needs_checkers_and_the_controller(world: AirlockWorld) -> None:
    request = world.reviewed(output(content=BAD), description=ASKING)
    assert conclude_and_release(world.airlock, actor=CHECKER, request_id=request) is State.AWAIT_CONTROLLER
    decision = {"decision": "approved", "reason": "Agreed with the funder."}
    for not_theirs in (AUTHOR, CHECKER):
        with pytest.raises(Refusal):
            decide_and_release(world.airlock, actor=not_theirs, request_id=request, **decision)
    assert read_request(world.airlock, STEWARD, request).part is Who.CONTROLLER
    state = decide_and_release(world.airlock, actor=STEWARD, request_id=request, **decision)
    assert state is State.RELEASED
    manifest = collect(world.airlock, actor=AUTHOR, request_id=request, name="manifest.json").document
    assert json.loads(manifest)["exception"] == {
        "reason": "The funder needs the list.",
        "controller": STEWARD,
        "decision": "Agreed with the funder.",
    }


@pytest.mark.parametrize("decision", ["returned", "rejected"])
def test_the_controller_may_also_say_no(world: AirlockWorld, decision: str) -> None:
    request = world.reviewed(output(content=BAD), description=ASKING)
    conclude(world.airlock, actor=CHECKER, request_id=request)
    state = decide_and_release(world.airlock, actor=STEWARD, request_id=request, decision=decision, reason="No.")
    assert state.value == decision
    assert "No." in [one.text for one in read_request(world.airlock, AUTHOR, request).comments]


def test_decisions_and_reasons_are_checked(world: AirlockWorld) -> None:
    request = world.reviewed(output(content=BAD), description=ASKING)
    conclude(world.airlock, actor=CHECKER, request_id=request)
    for decision, reason, code in (("released", "x", "unknown-decision"), ("approved", "  ", "reason-missing")):
        with pytest.raises(Refusal, match=code):
            decide_and_release(world.airlock, actor=STEWARD, request_id=request, decision=decision, reason=reason)


def test_an_exception_let_pass_once_does_not_hold_for_the_next_turn(world: AirlockWorld) -> None:
    request = world.reviewed(output(content=BAD), description=ASKING)
    conclude(world.airlock, actor=CHECKER, request_id=request)
    from egress.controlling import decide

    decide(world.airlock, actor=STEWARD, request_id=request, decision="approved", reason="Yes.")
    reopen(world.airlock, actor=CHECKER, request_id=request, reason="Wait.")
    submit(world.airlock, actor=AUTHOR, request_id=request)
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, request)
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.AWAIT_CONTROLLER


def test_recall_ends_downloads_and_tells_the_author(world: AirlockWorld) -> None:
    request = world.reviewed()
    release_after_conclusion(world, request)
    with pytest.raises(Refusal, match="reason-missing"):
        recall(world.airlock, actor=ADMIN, request_id=request, reason=" ")
    recall(world.airlock, actor=ADMIN, request_id=request, reason="Delete your copies.")
    with pytest.raises(Refusal, match="wrong-state"):
        collect(world.airlock, actor=AUTHOR, request_id=request, name="table.csv")
    assert read_request(world.airlock, AUTHOR, request).comments[-1].text == "Delete your copies."
    with pytest.raises(Refusal, match="wrong-state"):
        release(world.airlock, requested_by=CHECKER, request_id=request)


def test_withdrawn_is_the_end(world: AirlockWorld) -> None:
    request = world.draft()
    withdraw(world.airlock, actor=AUTHOR, request_id=request)
    with pytest.raises(Refusal, match="wrong-state"):
        withdraw(world.airlock, actor=AUTHOR, request_id=request)
    with pytest.raises(Refusal, match="wrong-state"):
        add_files(world.airlock, actor=AUTHOR, request_id=request, files=[output("more.csv")])


def test_lists_hold_what_is_mine_and_what_i_may_review(world: AirlockWorld) -> None:
    drafted, sent = world.draft(), world.submitted()
    assert {line.id for line in list_own(world.airlock, AUTHOR).rows} == {drafted, sent}
    assert list_own(world.airlock, AUTHOR, "respiratory").rows == ()
    resting = world.submitted(output(content=BAD))
    later = world.submitted()
    queue = list_for_others(world.airlock, CHECKER).rows
    assert [line.id for line in queue] == [sent, later, resting]
    assert queue[0].author_name == "Amara Osei"
    assert list_for_others(world.airlock, "researcher-b").rows == ()
    world.train(CHECKER, days=-1)
    with pytest.raises(Refusal, match="training-expired"):
        list_for_others(world.airlock, CHECKER)


def test_the_chain_holds_after_a_whole_life(world: AirlockWorld) -> None:
    request = world.reviewed(description=WORDS)
    release_after_conclusion(world, request)
    with world.store.reading() as session:
        report = verify_chain(session, world.store.audit_head, world.store.signing_key)
    assert report.holds
