"""What one person may read of requests, as frozen values for pages and JSON. Promise: nothing gets into a value that
egress.visibility would hide from that person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import findings_of_turn, live_files
from egress.buttons import find_obstacle, possible_actions
from egress.history import Step, steps_of
from egress.manifest import MANIFEST, SIGNATURE
from egress.moving import find_request
from egress.naming import name_of
from egress.policies import check_can_view
from egress.receipts import receipts_of
from egress.release import Release, find_release
from egress.states import EDITABLE, TERMINAL, Action, State, Who, public_state
from egress.visibility import can_see_comment, can_see_names, can_see_vote
from governance.access import can, check_person_in_force
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressFinding, EgressRequest
from governance.store.people import Person
from governance.store.projects import Project

SOMEBODY = "Output checker"
#: States in which no reviewer has anything to do.
RESTING = TERMINAL | EDITABLE


@dataclass(frozen=True)
class FindingView:
    """What a check said of one file."""

    file: str
    check: str
    severity: str
    where: str
    why: str
    fix: str


@dataclass(frozen=True)
class VoteView:
    """One vote that the viewer may see; `checker` is the subject, `name` what people call them."""

    checker: str
    name: str
    decision: str
    is_own: bool


@dataclass(frozen=True)
class FileView:
    """One file of the request as it is now."""

    id: int
    name: str
    kind: str
    sha256: str
    size: int
    media_type: str
    findings: tuple[FindingView, ...]
    votes: tuple[VoteView, ...]


@dataclass(frozen=True)
class CommentView:
    """One comment that the viewer may read; `writer` is a person or, for the author, a part."""

    turn: int
    writer: str
    text: str
    audience: str
    written_at: datetime


@dataclass(frozen=True)
class ReceiptView:
    """One answered query of the author, for checkers."""

    id: str
    asked_at: datetime
    sql: str
    rows: int
    suppressed_rows: int
    suppressed_cells: int
    policy_version: str


@dataclass(frozen=True)
class Summary:
    """One line of a list. `state` and `changed_at` are what everybody with a part in it may know."""

    id: str
    project: str
    author: str
    author_name: str
    title: str
    state: State
    turn: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class RequestView:
    """One request as one person may see it."""

    summary: Summary
    part: Who
    context: str
    controls: str
    exception: str
    problem: str
    files: tuple[FileView, ...]
    comments: tuple[CommentView, ...]
    history: tuple[Step, ...]
    receipts: tuple[ReceiptView, ...]
    actions: frozenset[Action]
    obstacle: Refusal | None
    release: Release | None

    @property
    def downloads(self) -> tuple[str, ...]:
        """Names the author may fetch now."""
        outputs = tuple(file.name for file in self.files if file.kind == "output")
        return (*outputs, MANIFEST, SIGNATURE) if Action.DOWNLOAD in self.actions else ()

    @property
    def findings(self) -> tuple[FindingView, ...]:
        """All findings of all files."""
        return tuple(finding for file in self.files for finding in file.findings)


def read_request(airlock: Airlock, viewer: str, request_id: str) -> RequestView:
    """The request as `viewer` may see it. Raises Refusal `no-such-request` and those of check_can_view."""
    with airlock.store.reading() as session:
        request = find_request(session, viewer, request_id)
        # Each button asks the register again; while these two are held, the session answers from memory.
        held = session.get(Person, viewer), session.get(Project, request.project_slug)
        part = check_can_view(session, viewer, request)
        view = RequestView(
            summary=_summarise(session, request),
            part=part,
            context=request.context,
            controls=request.controls,
            exception=request.exception_reason,
            problem=request.problem,
            files=tuple(_show_file(session, request, file, viewer, part) for file in live_files(request)),
            comments=tuple(_show_comments(session, request, viewer, part)),
            history=steps_of(session, request, part),
            receipts=() if part is Who.AUTHOR else _show_receipts(session, request),
            actions=possible_actions(session, viewer, request),
            obstacle=find_obstacle(session, viewer, request),
            release=find_release(session, request.id),
        )
        del held
        return view


def list_own(airlock: Airlock, viewer: str, project: str | None = None) -> tuple[Summary, ...]:
    """The viewer's own requests, newest first, of one project or all. Raises those of check_person_in_force."""
    with airlock.store.reading() as session:
        check_person_in_force(session, viewer)
        query = select(EgressRequest).where(EgressRequest.author == viewer).order_by(EgressRequest.changed_at.desc())
        if project is not None:
            query = query.where(EgressRequest.project_slug == project)
        return tuple(_summarise(session, request) for request in session.scalars(query))


def list_for_others(airlock: Airlock, viewer: str) -> tuple[Summary, ...]:
    """Submitted requests of others in which the viewer has a part: first those under way, longest waiting first."""
    with airlock.store.reading() as session:
        check_person_in_force(session, viewer)
        query = select(EgressRequest).where(EgressRequest.author != viewer, EgressRequest.turn > 0)
        requests = session.scalars(query.order_by(EgressRequest.changed_at)).all()
        mine = [request for request in requests if can(check_can_view, session, viewer, request)]
        mine.sort(key=lambda request: request.state in RESTING)
        return tuple(_summarise(session, request) for request in mine)


def _summarise(session: Session, request: EgressRequest) -> Summary:
    return Summary(
        request.id,
        request.project_slug,
        request.author,
        name_of(session, request.author),
        request.title,
        public_state(State(request.state)),
        request.turn,
        request.created_at,
        request.changed_at,
    )


def _show_file(session: Session, request: EgressRequest, file: EgressFile, viewer: str, part: Who) -> FileView:
    findings = tuple(_show_finding(file, finding) for finding in findings_of_turn(request, file))
    votes = tuple(
        VoteView(vote.checker, name_of(session, vote.checker), vote.decision, vote.checker == viewer)
        for vote in file.votes
        if vote.replaced_at is None and vote.turn == request.turn and can_see_vote(request, vote, viewer, part)
    )
    return FileView(file.id, file.name, file.kind, file.sha256, file.size, file.media_type, findings, votes)


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
