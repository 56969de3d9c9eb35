"""What one person may read of one request. Promise: nothing gets into a value that egress.visibility would hide from
that person. Lists are the business of egress.listing.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import findings_of_turn, live_files
from egress.budget import read_budget
from egress.buttons import find_obstacle, possible_actions
from egress.directions import Purpose, direction_of
from egress.groups import Words, live_groups
from egress.history import steps_of
from egress.intention import intended_outputs
from egress.limits import limits_of
from egress.listing import summarise
from egress.moving import find_request
from egress.naming import name_of
from egress.policies import check_can_view, project_of
from egress.receipts import receipts_of
from egress.release import find_release
from egress.states import Who
from egress.turns import turns_of
from egress.views import (
    CommentView,
    FileView,
    FindingView,
    GroupView,
    IntendedView,
    ReceiptView,
    RequestView,
    VersionView,
    VoteView,
)
from egress.visibility import can_see_comment, can_see_names, can_see_vote
from governance.store.airlock import EgressFile, EgressFinding, EgressRequest
from governance.store.people import Person
from governance.store.projects import IntendedOutput, Project

SOMEBODY = "Output checker"


def read_request(airlock: Airlock, viewer: str, request_id: str) -> RequestView:
    """The request as `viewer` may see it. Raises Refusal `no-such-request` and those of check_can_view."""
    with airlock.store.reading() as session:
        request = find_request(session, viewer, request_id)
        # Each button asks the register again; while these two are held, the session answers from memory.
        held = session.get(Person, viewer), session.get(Project, request.project_slug)
        part = check_can_view(session, viewer, request)
        files = tuple(_show_file(session, request, file, viewer, part) for file in live_files(request))
        project = project_of(session, request)
        intended = session.get(IntendedOutput, request.intended_output_id) if request.intended_output_id else None
        view = RequestView(
            summary=summarise(session, [request], part)[0],
            part=part,
            purpose=Purpose(request.purpose).words if request.purpose else "",
            context=request.context,
            controls=request.controls,
            exception=request.exception_reason,
            problem=request.problem,
            own_words=Words.of(request),
            groups=_show_groups(request, files),
            intended=_show_intended(intended) if intended is not None else None,
            intended_reason=request.intended_reason,
            intended_choices=tuple(_show_intended(row) for row in intended_outputs(session, project.slug)),
            budget=read_budget(session, request, limits_of(project, direction_of(request))),
            files=files,
            comments=tuple(_show_comments(session, request, viewer, part)),
            history=steps_of(session, request, part),
            receipts=() if part is Who.AUTHOR else _show_receipts(session, request),
            actions=possible_actions(session, viewer, request),
            obstacle=find_obstacle(session, viewer, request),
            release=find_release(session, request.id),
        )
        del held
        return view


def _show_file(session: Session, request: EgressRequest, file: EgressFile, viewer: str, part: Who) -> FileView:
    findings = tuple(_show_finding(file, finding) for finding in findings_of_turn(request, file))
    votes = tuple(
        VoteView(vote.checker, name_of(session, vote.checker), vote.decision, vote.checker == viewer)
        for vote in file.votes
        if vote.replaced_at is None and vote.turn == request.turn and can_see_vote(request, vote, viewer, part)
    )
    return FileView(
        id=file.id,
        name=file.name,
        kind=file.kind,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        findings=findings,
        votes=votes,
        group=file.group_id,
        cells=file.cells,
        versions=_show_versions(request, file),
        is_new=file.added_turn >= max(request.turn, 1),
    )


def _show_versions(request: EgressRequest, file: EgressFile) -> tuple[VersionView, ...]:
    """The chain of files that this one took the place of, newest first."""
    by_id = {other.id: other for other in request.files}
    versions = []
    earlier = by_id.get(file.replaces_id or 0)
    while earlier is not None:
        versions.append(VersionView(turns_of(request, earlier), earlier.name, earlier.sha256, earlier.size))
        earlier = by_id.get(earlier.replaces_id or 0)
    return tuple(versions)


def _show_groups(request: EgressRequest, files: tuple[FileView, ...]) -> tuple[GroupView, ...]:
    """The files in no group first, if there are any or there are no groups; then group by group."""
    groups = [GroupView(None, "", Words.of(request), tuple(file for file in files if file.group is None))]
    for row in live_groups(request):
        held = tuple(file for file in files if file.group == row.id)
        groups.append(GroupView(row.id, row.name, Words.of(row), held))
    return tuple(groups if groups[0].files or len(groups) == 1 else groups[1:])


def _show_intended(row: IntendedOutput) -> IntendedView:
    return IntendedView(row.id, row.title, row.description)


def _show_finding(file: EgressFile, finding: EgressFinding) -> FindingView:
    return FindingView(file.name, finding.check, finding.severity, finding.where, finding.why, finding.fix)


def _show_comments(session: Session, request: EgressRequest, viewer: str, part: Who) -> Iterable[CommentView]:
    for comment in request.comments:
        if can_see_comment(request, comment, viewer, part):
            known = can_see_names(part) or comment.author == viewer
            writer = name_of(session, comment.author) if known else SOMEBODY
            yield CommentView(comment.turn, writer, comment.text, comment.visibility, comment.written_at)


def _show_receipts(session: Session, request: EgressRequest) -> tuple[ReceiptView, ...]:
    return tuple(
        ReceiptView(
            receipt.id,
            receipt.asked_at,
            receipt.sql,
            receipt.rows,
            receipt.suppressed_rows,
            receipt.suppressed_cells,
            receipt.policy_version,
        )
        for receipt in receipts_of(session, request)
    )
