"""What checkers do: look, vote, comment, conclude. Promise: a vote is tied to the bytes, the policy and the turn it was
given for; the conclusion follows by rule from the votes, so that nobody decides alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from egress.airlock import Airlock
from egress.ballots import Decision, findings_of_turn, live_outputs
from egress.directions import direction_of, policy_of
from egress.files import StoredFile, file_changed
from egress.limits import profile_of
from egress.moving import find_request, move, note
from egress.names import clean_text
from egress.planted import take_answer
from egress.policies import (
    ballot_of,
    check_can_comment,
    check_can_conclude,
    check_can_preview,
    check_can_reopen,
    check_can_vote,
    needs_controller,
    project_of,
)
from egress.states import VOTING, Action, State, Who
from egress.visibility import Audience
from governance.clock import now
from governance.disclosure import DisclosureProfile
from governance.refusal import Refusal
from governance.store.airlock import EgressComment, EgressFile, EgressRequest, EgressVote


@dataclass(frozen=True)
class Preview:
    """A file a checker may look at: where its intact bytes are, what they are, whose numbers mark them, and severity
    and place of each finding."""

    path: Path
    name: str
    media_type: str
    profile: DisclosureProfile
    found: tuple[tuple[str, str], ...] = ()


def vote(airlock: Airlock, *, actor: str, request_id: str, decisions: Mapping[int, str]) -> State:
    """Vote on one or more files (file id -> approve, changes or reject); returns where the request is afterwards.

    A later vote of the same checker on the same file replaces the earlier one. The vote that completes enough reviews
    closes the voting. Raises Refusal `file-changed` and those of check_can_vote.
    """
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        decided = check_can_vote(session, actor, request, decisions)
        if take_answer(session, request, actor, decided.values()):
            return State(request.state)
        version = policy_of(profile_of(project_of(session, request)).version, direction_of(request))
        for file in live_outputs(request):
            if file.id in decided:
                _cast(airlock, file, _new_vote(request, file, actor, version, decided[file.id]))
        session.flush()
        # Never back: a policy that changed meanwhile may have voided an earlier review.
        target = max(State(request.state), ballot_of(session, request).state_after_vote, key=VOTING.index)
        counts = Counter(decided.values())
        tally = {decision.value: counts[decision] for decision in Decision}
        move(session, request, Action.VOTE, target, actor=actor, policy=version, **tally)
        return target


def comment(airlock: Airlock, *, actor: str, request_id: str, text: str, audience: str = Audience.CHECKERS) -> None:
    """Add a comment to the present turn; nobody can change or delete one. What an author writes is for everybody.

    Raises Refusal `empty-comment`, `unknown-audience` and those of check_can_comment.
    """
    words = clean_text(text, "comment")
    if not words:
        raise Refusal("empty-comment", "The comment is empty.", "Write something, or leave it.")
    if audience not in set(Audience):
        raise Refusal("unknown-audience", "A comment is for the checkers or for the author.", "Choose one of the two.")
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        part = check_can_comment(session, actor, request)
        audience = Audience.AUTHOR if part is Who.AUTHOR else Audience(audience)
        add_comment(request, actor, words, audience)
        note(session, request, Action.COMMENT, actor=actor, audience=audience.value)


def add_comment(request: EgressRequest, actor: str, words: str, audience: Audience) -> None:
    """Append a comment of the present turn to the loaded request."""
    row = EgressComment(author=actor, turn=request.turn, text=words, visibility=audience.value, written_at=now())
    request.comments.append(row)


def conclude(airlock: Airlock, *, actor: str, request_id: str) -> State:
    """End the review by the rule of Ballot.conclusion; returns where the request is afterwards. A file whose bytes
    changed since has no votes, so the request goes back to its author."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_conclude(session, actor, request)
        intact = all(_is_intact(airlock, file) for file in live_outputs(request))
        controller = needs_controller(request, project_of(session, request))
        target = ballot_of(session, request).conclusion(controller=controller) if intact else State.RETURNED
        request.asked_by = actor if target is State.APPROVED else ""
        move(session, request, Action.CONCLUDE, target, actor=actor, intact=intact)
        return target


def reopen(airlock: Airlock, *, actor: str, request_id: str, reason: str) -> None:
    """Send an approved request that cannot be released, or one that lacks an opinion nobody is left to give, back to
    its author, with the reason. Raises Refusal `reason-missing`, `opinion-due`."""
    words = check_reason(reason)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_reopen(session, actor, request)
        add_comment(request, actor, words, Audience.AUTHOR)
        move(session, request, Action.REOPEN, State.RETURNED, actor=actor)


def check_reason(reason: str) -> str:
    """The cleaned reason. Raises Refusal `reason-missing`."""
    words = clean_text(reason, "reason")
    if not words:
        raise Refusal("reason-missing", "A reason is needed.", "Write one for the author.")
    return words


def open_preview(airlock: Airlock, *, actor: str, request_id: str, file_id: int) -> Preview:
    """Let a checker look at one file; each look is on record. Raises Refusal `no-such-file`, `file-changed`."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        file = check_can_preview(session, actor, request, file_id)
        if not _is_intact(airlock, file):
            raise file_changed(file.name)
        note(session, request, Action.PREVIEW, actor=actor, sha256=file.sha256)
        profile = profile_of(project_of(session, request))
        found = tuple((finding.severity, finding.where) for finding in findings_of_turn(request, file))
        return Preview(airlock.files.path(file.sha256), file.name, file.media_type, profile, found)


def _new_vote(request: EgressRequest, file: EgressFile, actor: str, version: str, decision: Decision) -> EgressVote:
    return EgressVote(
        checker=actor,
        turn=request.turn,
        sha256=file.sha256,
        policy_version=version,
        decision=decision.value,
        voted_at=now(),
    )


def _cast(airlock: Airlock, file: EgressFile, new: EgressVote) -> None:
    if not _is_intact(airlock, file):
        raise file_changed(file.name)
    for earlier in file.votes:
        if earlier.checker == new.checker and earlier.replaced_at is None:
            earlier.replaced_at = new.voted_at
    file.votes.append(new)


def _is_intact(airlock: Airlock, file: EgressFile) -> bool:
    return airlock.files.is_intact(StoredFile(file.sha256, file.size))
