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
    def is_disputed(self) -> bool:
        """Whether two reviews differ on a file."""
        return any(len(set(self._said_of(output))) > 1 for output in self.outputs)

    @property
    def is_approved(self) -> bool:
        """Whether every file has enough approvals, and any dispute was settled by a further complete review."""
        return bool(self.outputs) and all(self._outcome(output) is Decision.APPROVE for output in self.outputs)

    @property
    def state_after_vote(self) -> State:
        """Where a vote takes a request that is being reviewed: where complete reviews differ, one more is asked for."""
        complete = len(self.complete)
        if complete >= self.required + self.is_disputed:
            return State.REVIEWED
        if complete >= self.required:
            return State.THIRD_OPINION
        return State.PART_REVIEWED if complete else State.IN_REVIEW

    def conclusion(self, *, controller: bool) -> State:
        """The rule: a file that most reviews reject rejects the request; if every file is approved it is approved, by
        way of the controller where one must decide; anything else (a voided vote, changes) goes back to the author."""
        if any(self._outcome(output) is Decision.REJECT for output in self.outputs):
            return State.REJECTED
        if not self.is_approved:
            return State.RETURNED
        return State.AWAIT_CONTROLLER if controller else State.APPROVED

    def _said_of(self, output: int) -> list[str]:
        """One decision a checker: a checker has one live vote on a file."""
        return [vote.decision for vote in self.votes if vote.file_id == output]

    def _outcome(self, output: int) -> Decision:
        """Enough approvals with nobody against approve; once a further review is complete, so do enough approvals that
        outnumber the others. A majority for rejecting rejects."""
        said = self._said_of(output)
        approvals = said.count(Decision.APPROVE)
        against = len(said) - approvals
        settled = len(self.complete) > self.required and approvals > against
        if approvals >= self.required and (not against or settled):
            return Decision.APPROVE
        return Decision.REJECT if 2 * said.count(Decision.REJECT) > len(said) else Decision.CHANGES
