"""Counts the votes of a request's present turn. Promise: a vote counts only for the bytes, the policy and the turn it
was given for, never from the author or a member of the project, and once per checker and file.

Pure: reads loaded rows, writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from egress.states import State
from governance.store.airlock import EgressFile, EgressFinding, EgressRequest, EgressVote

FAIL = "FAIL"


class FileKind(StrEnum):
    """What a file is in its request for. A supporting file never leaves."""

    OUTPUT = "output"
    SUPPORTING = "supporting"


class Decision(StrEnum):
    """What a checker says of one file."""

    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"


def live_files(request: EgressRequest) -> tuple[EgressFile, ...]:
    """The files in the request now, in the order they were added."""
    return tuple(file for file in request.files if file.withdrawn_turn is None)


def live_outputs(request: EgressRequest) -> tuple[EgressFile, ...]:
    """The files that would leave. An unknown kind counts as supporting: fail closed."""
    return tuple(file for file in live_files(request) if file.kind == FileKind.OUTPUT)


def findings_of_turn(request: EgressRequest, file: EgressFile) -> tuple[EgressFinding, ...]:
    """What the checks said of the file in its newest screening."""
    return tuple(finding for finding in file.findings if finding.turn == request.turn)


def has_fail(request: EgressRequest) -> bool:
    """Whether a check says FAIL of a file that would leave."""
    return any(
        finding.severity == FAIL for file in live_outputs(request) for finding in findings_of_turn(request, file)
    )


@dataclass(frozen=True)
class Ballot:
    """The live votes on the files that would leave. `required` approvals come from policy."""

    outputs: tuple[int, ...]
    votes: tuple[EgressVote, ...]
    required: int

    @classmethod
    def of(cls, request: EgressRequest, policy_version: str, barred: Iterable[str], required: int) -> Ballot:
        """The ballot as it stands. `barred`: everybody who is or was a member of the project."""
        nobody = {request.author, *barred}
        outputs = live_outputs(request)
        votes = tuple(
            vote
            for file in outputs
            for vote in file.votes
            if vote.replaced_at is None
            and (vote.turn, vote.sha256, vote.policy_version) == (request.turn, file.sha256, policy_version)
            and vote.checker not in nobody
        )
        return cls(tuple(file.id for file in outputs), votes, required)

    @property
    def complete(self) -> frozenset[str]:
        """Checkers with a vote on every file that would leave."""
        said = {(vote.checker, vote.file_id) for vote in self.votes}
        checkers = {checker for checker, _ in said}
        return frozenset(who for who in checkers if all((who, output) in said for output in self.outputs))

    @property
    def is_approved(self) -> bool:
        """Every file has enough approvals of different checkers and not one other vote."""
        return bool(self.outputs) and all(self._is_file_approved(output) for output in self.outputs)

    @property
    def state_after_vote(self) -> State:
        """Where a vote takes a request that is being reviewed."""
        if len(self.complete) >= self.required:
            return State.REVIEWED
        return State.PART_REVIEWED if self.complete else State.IN_REVIEW

    def conclusion(self, *, fail: bool) -> State:
        """The rule: one rejection rejects; unanimous approval approves, by way of the controller where a check says
        FAIL; anything else (disagreement, a voided vote) goes back to the author."""
        if any(vote.decision == Decision.REJECT for vote in self.votes):
            return State.REJECTED
        if not self.is_approved:
            return State.RETURNED
        return State.AWAIT_CONTROLLER if fail else State.APPROVED

    def approvers(self) -> tuple[str, ...]:
        """Who approved, sorted."""
        return tuple(sorted({vote.checker for vote in self.votes if vote.decision == Decision.APPROVE}))

    def _is_file_approved(self, output: int) -> bool:
        said = [(vote.checker, vote.decision) for vote in self.votes if vote.file_id == output]
        checkers = {checker for checker, _ in said}
        return len(checkers) >= self.required and all(decision == Decision.APPROVE for _, decision in said)
