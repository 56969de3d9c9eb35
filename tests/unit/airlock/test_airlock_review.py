"""Votes, comments and what others see of them."""

from __future__ import annotations

import pytest

from egress import ballots, limits
from egress.ballots import Decision
from egress.drafting import remove_file
from egress.endings import withdraw
from egress.history import steps_of
from egress.reading import read_request
from egress.reviewing import comment, conclude, open_preview, reopen, vote
from egress.states import State, Who
from egress.submission import submit
from governance import disclosure
from governance.refusal import Refusal
from governance.registry import suspend_person
from governance.roles import Role
from governance.store.airlock import EgressRequest
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    BAD,
    CHECKER,
    SECOND,
    STEWARD,
    THIRD,
    AirlockWorld,
    output,
    supporting,
)

pytestmark = pytest.mark.slow  # every combination: several seconds together


def test_a_review_is_in_when_every_output_file_has_a_vote(world: AirlockWorld) -> None:
    request = world.submitted(output("a.csv"), output("b.csv", b"other"), supporting())
    first, second = world.outputs(request)
    assert world.vote(CHECKER, request, {first.id: "approve"}) is State.IN_REVIEW
    assert world.vote(CHECKER, request, {second.id: "approve"}) is State.PART_REVIEWED
    assert world.vote(SECOND, request, {second.id: "approve"}) is State.PART_REVIEWED
    assert world.vote(SECOND, request, {first.id: "approve"}) is State.REVIEWED


def test_a_later_vote_replaces_the_earlier_until_both_are_in(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request, "reject")
    world.vote_all(CHECKER, request, "approve")
    votes = world.outputs(request)[0].votes
    assert [(vote.decision, vote.replaced_at is None) for vote in votes] == [("reject", False), ("approve", True)]
    world.vote_all(SECOND, request)
    with pytest.raises(Refusal, match="wrong-state"):
        world.vote_all(CHECKER, request, "changes")


def test_a_third_partial_voice_against_asks_for_a_whole_one(world: AirlockWorld) -> None:
    request = world.submitted(output("a.csv"), output("b.csv", b"other"))
    first, second = world.outputs(request)
    world.vote(THIRD, request, {first.id: "changes"})
    world.vote_all(CHECKER, request)
    assert world.vote_all(SECOND, request) is State.THIRD_OPINION
    with pytest.raises(Refusal, match="wrong-state"):
        conclude(world.airlock, actor=CHECKER, request_id=request)
    assert world.vote(THIRD, request, {second.id: "changes"}) is State.REVIEWED
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED  # two of three


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        ({}, "no-decision"),
        ({999: "approve"}, "not-an-output-file"),
        ("supporting", "not-an-output-file"),
        ("output", "unknown-decision"),
    ],
)
def test_what_is_no_vote(world: AirlockWorld, decisions: object, code: str) -> None:
    request = world.submitted(output(), supporting())
    one, other = world.files(request)
    given = {"supporting": {other.id: "approve"}, "output": {one.id: "maybe"}}.get(str(decisions), decisions)
    with pytest.raises(Refusal, match=code):
        vote(world.airlock, actor=CHECKER, request_id=request, decisions=given)  # type: ignore[arg-type]


def test_a_file_taken_out_cannot_be_voted_on(world: AirlockWorld) -> None:
    request = world.draft(output("a.csv"), output("b.csv", b"other"))
    gone = world.outputs(request)[0].id
    remove_file(world.airlock, actor=AUTHOR, request_id=request, file_id=gone)
    submit(world.airlock, actor=AUTHOR, request_id=request)
    with pytest.raises(Refusal, match="not-an-output-file"):
        world.vote(CHECKER, request, {gone: "approve"})


def test_no_vote_on_changed_bytes_and_a_change_voids_the_votes(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request)
    world.flip_byte(request)
    with pytest.raises(Refusal, match="file-changed"):
        world.vote_all(SECOND, request)
    world.flip_byte(request)
    world.vote_all(SECOND, request)
    world.flip_byte(request)
    assert conclude(world.airlock, actor=SECOND, request_id=request) is State.RETURNED
    with pytest.raises(Refusal, match="file-changed"):
        submit(world.airlock, actor=AUTHOR, request_id=request)


def test_a_new_policy_voids_the_votes_of_the_old(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request)
    monkeypatch.setattr(disclosure, "POLICY_VERSION", "2027-01")
    assert world.vote_all(SECOND, request) is State.PART_REVIEWED  # the first review no longer counts
    assert world.vote_all(CHECKER, request) is State.REVIEWED


def test_a_vote_under_a_new_policy_that_completes_nothing_goes_nowhere(
    world: AirlockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.submitted(output("a.csv"), output("b.csv", b"other"))
    world.vote_all(CHECKER, request)
    monkeypatch.setattr(disclosure, "POLICY_VERSION", "2027-01")
    one = world.outputs(request)[0].id
    assert world.vote(SECOND, request, {one: "approve"}) is State.PART_REVIEWED


def test_the_votes_of_who_became_a_colleague_are_void(world: AirlockWorld) -> None:
    request = world.reviewed()
    world.join_and_leave(SECOND, Role.OUTPUT_CHECKER)
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.RETURNED


def test_a_vote_stays_valid_when_its_checker_leaves(world: AirlockWorld) -> None:
    request = world.reviewed()
    suspend_person(world.store, actor="service:test", subject=SECOND)
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED


def test_three_approvals_where_policy_asks_for_three(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): limits.AirlockLimits(approvals=3)})
    request = world.reviewed()
    assert world.state(request) is State.PART_REVIEWED
    world.vote_all(THIRD, request)
    assert conclude(world.airlock, actor=CHECKER, request_id=request) is State.APPROVED


def test_an_empty_ballot_approves_nothing() -> None:
    nothing = ballots.Ballot((), (), 2)
    assert not nothing.is_approved
    assert nothing.complete == frozenset()
    assert nothing.conclusion(controller=False) is State.RETURNED


def seen_votes(world: AirlockWorld, viewer: str, request_id: str) -> set[tuple[str, str]]:
    view = read_request(world.airlock, viewer, request_id)
    return {(one.checker, one.decision) for file in view.files for one in file.votes}


def test_checkers_are_blind_until_both_are_in(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request, Decision.CHANGES)
    for audience in ("checkers", "author"):
        comment(world.airlock, actor=CHECKER, request_id=request, text=f"for {audience}", audience=audience)
    assert seen_votes(world, CHECKER, request) == {(CHECKER, "changes")}
    for viewer in (SECOND, STEWARD, ADMIN, AUTHOR):
        view = read_request(world.airlock, viewer, request)
        assert (view.comments, seen_votes(world, viewer, request)) == ((), set())
        assert view.summary.state is State.IN_REVIEW  # and not: part reviewed
        assert [step.state for step in view.history][-1] is State.IN_REVIEW
    world.vote_all(SECOND, request, Decision.CHANGES)
    for viewer in (CHECKER, SECOND, STEWARD, ADMIN):
        assert seen_votes(world, viewer, request) == {(CHECKER, "changes"), (SECOND, "changes")}
        assert len(read_request(world.airlock, viewer, request).comments) == 2
    assert read_request(world.airlock, AUTHOR, request).comments == ()


def test_the_first_review_does_not_show_in_the_time_of_change(world: AirlockWorld) -> None:
    request = world.submitted()
    before = world.row(request).changed_at
    comment(world.airlock, actor=CHECKER, request_id=request, text="hm", audience="checkers")
    open_preview(world.airlock, actor=CHECKER, request_id=request, file_id=world.files(request)[0].id)
    world.vote_all(CHECKER, request)
    assert world.row(request).changed_at == before
    world.vote_all(SECOND, request)
    assert world.row(request).changed_at > before


def test_the_author_reads_parts_instead_of_names(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request, "changes")
    world.vote_all(SECOND, request, "changes")
    conclude(world.airlock, actor=SECOND, request_id=request)
    with world.store.reading() as session:
        row = session.get_one(EgressRequest, request)
        author = {step.actor for step in steps_of(session, row, Who.AUTHOR)}
        checker = {step.actor for step in steps_of(session, row, Who.CHECKER)}
    assert author == {"Amara Osei", "screening service", "the reviewers"}
    assert checker == {"Amara Osei", "screening service", "Dana Kowalski"}


@pytest.mark.parametrize(
    ("actor", "text", "audience", "code"),
    [
        (CHECKER, "  ", "checkers", "empty-comment"),
        (CHECKER, "x", "everybody", "unknown-audience"),
        (AUTHOR, "x", "author", "wrong-state"),
        (ADMIN, "x" * 5001, "author", "text-too-long"),
    ],
)
def test_what_is_no_comment(world: AirlockWorld, actor: str, text: str, audience: str, code: str) -> None:
    request = world.submitted()
    with pytest.raises(Refusal, match=code):
        comment(world.airlock, actor=actor, request_id=request, text=text, audience=audience)


def test_checkers_do_not_comment_on_what_is_with_the_author(world: AirlockWorld) -> None:
    request = world.submitted(output(content=BAD))
    with pytest.raises(Refusal, match="wrong-state"):
        comment(world.airlock, actor=CHECKER, request_id=request, text="x", audience="author")


def test_each_look_at_a_file_is_on_record(world: AirlockWorld) -> None:
    request = world.submitted(output(), supporting())
    for file in world.files(request):
        shown = open_preview(world.airlock, actor=CHECKER, request_id=request, file_id=file.id)
        assert (shown.name, shown.path.name, shown.media_type) == (file.name, file.sha256, "text/csv")
    assert world.events()[-2:] == ["egress.previewed", "egress.previewed"]
    with pytest.raises(Refusal, match="no-such-file"):
        open_preview(world.airlock, actor=CHECKER, request_id=request, file_id=999)
    world.flip_byte(request)
    with pytest.raises(Refusal, match="file-changed"):
        open_preview(world.airlock, actor=CHECKER, request_id=request, file_id=world.outputs(request)[0].id)


def test_nobody_looks_at_what_was_withdrawn(world: AirlockWorld) -> None:
    request = world.submitted(output(content=BAD))
    withdraw(world.airlock, actor=AUTHOR, request_id=request)
    with pytest.raises(Refusal, match="wrong-state"):
        open_preview(world.airlock, actor=CHECKER, request_id=request, file_id=world.files(request)[0].id)


def test_an_approved_request_can_be_returned_instead_of_released(world: AirlockWorld) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    with pytest.raises(Refusal, match="reason-missing"):
        reopen(world.airlock, actor=CHECKER, request_id=request, reason="")
    reopen(world.airlock, actor=CHECKER, request_id=request, reason="Overlaps the last release.")
    assert world.state(request) is State.RETURNED
    assert read_request(world.airlock, AUTHOR, request).comments[-1].text == "Overlaps the last release."


def test_a_project_without_a_known_profile_lets_nothing_through(
    world: AirlockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.submitted()
    monkeypatch.setattr(limits, "PROFILES", {})
    with pytest.raises(Refusal, match="unknown-profile"):
        world.vote_all(CHECKER, request)
