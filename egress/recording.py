"""Writes down what a release rests on: the manifest, as it stands when the release is permitted."""

from __future__ import annotations

from sqlalchemy.orm import Session

from egress.ballots import Ballot, findings_of_turn, live_outputs
from egress.directions import direction_of, is_incoming, policy_of
from egress.limits import limits_of, profile_of
from egress.policies import has_controller, project_of
from egress.receipts import receipts_of
from egress.releasing.manifest import Manifest, ManifestException, ManifestFile, ManifestFinding, ManifestVote
from egress.visibility import Audience
from governance.clock import now
from governance.store.airlock import EgressFile, EgressRequest


def write_manifest(session: Session, request: EgressRequest, ballot: Ballot) -> Manifest:
    """The manifest of a request that may pass; what sanitising makes of each file is not known yet. Nothing that is
    brought in rests on the author's answers."""
    project = project_of(session, request)
    profile = profile_of(project)
    return Manifest(
        project=request.project_slug,
        request=request.id,
        turn=request.turn,
        author=request.author,
        title=request.title,
        profile=profile.name,
        policy_version=policy_of(profile.version, direction_of(request)),
        threshold=profile.threshold,
        round_to=profile.round_to,
        approvals=limits_of(project, direction_of(request)).approvals,
        exception=_write_exception(request),
        files=tuple(_write_file(request, file, ballot) for file in live_outputs(request)),
        receipts=() if is_incoming(request) else tuple(receipt.id for receipt in receipts_of(session, request)),
        direction=direction_of(request),
        purpose=request.purpose,
        created_at=request.created_at,
        released_at=now(),
    )


def _write_file(request: EgressRequest, file: EgressFile, ballot: Ballot) -> ManifestFile:
    findings = (
        ManifestFinding(finding.check, finding.severity, finding.where, finding.why)
        for finding in findings_of_turn(request, file)
    )
    votes = (
        ManifestVote(vote.checker, vote.decision, vote.policy_version, vote.voted_at)
        for vote in sorted(ballot.votes, key=lambda vote: vote.id)
        if vote.file_id == file.id
    )
    return ManifestFile(
        file.name, file.media_type, file.sha256, file.size, file.sha256, file.size, tuple(findings), tuple(votes)
    )


def _write_exception(request: EgressRequest) -> ManifestException | None:
    """The author's reason and the controller's, which is the comment that every decision leaves."""
    if not has_controller(request) or request.controller is None:
        return None
    said = [
        comment.text
        for comment in request.comments
        if (comment.author, comment.turn) == (request.controller, request.turn)
        and comment.visibility == Audience.AUTHOR
    ]
    return ManifestException(request.exception_reason, request.controller, said[-1] if said else "")
