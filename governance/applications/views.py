"""What people may read of applications, as frozen values. Nothing here changes anything; each reader is checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can
from governance.applications.answers import Answers, read_answers
from governance.applications.baseline import project_answers
from governance.applications.conditions import ConditionView, list_conditions
from governance.applications.controllers import Need, needs, organisations_of
from governance.applications.difference import difference
from governance.applications.kinds import Kind
from governance.applications.orders import OrderView, find_order
from governance.applications.parts import (
    check_can_see,
    check_chair,
    check_delegate,
    check_member,
    check_steward,
    current_version,
    is_service,
    no_such_application,
)
from governance.applications.rounds import count
from governance.applications.rule import ReviewRule, Tally, read_rule
from governance.applications.states import EDITABLE, MOVES, State, Who
from governance.refusal import Refusal
from governance.store.applications import Application, ApplicationMessage, ApplicationVersion
from governance.store.review import ReviewDeclaration, ReviewRound, ReviewVote


@dataclass(frozen=True)
class ApplicationView:
    """One application in a list. `move`: who has it (empty: nobody); `words`: what its state means."""

    id: str
    kind: str
    state: str
    title: str
    applicant: str
    project: str
    version: int
    digest: str
    move: str
    words: str
    changed_at: datetime
    moved_at: datetime


@dataclass(frozen=True)
class MessageView:
    """What was said to the applicant."""

    author: str
    text: str
    written_at: datetime


@dataclass(frozen=True)
class VersionView:
    """One version."""

    number: int
    digest: str
    saved_by: str
    saved_at: datetime
    submitted_at: datetime | None


@dataclass(frozen=True)
class VoteView:
    """One vote. `replaced`: it does not count."""

    subject: str
    kind: str
    decision: str
    reason: str
    voted_at: datetime
    replaced: bool


@dataclass(frozen=True)
class DeclarationView:
    """What a member declared."""

    subject: str
    conflicted: bool
    reason: str
    declared_at: datetime


@dataclass(frozen=True)
class RoundView:
    """One round. `outcome`: empty while it is open; `tally`: the votes as they count now."""

    number: int
    version: int
    digest: str
    rule: ReviewRule
    rule_version: int
    meets_on: date
    outcome: str
    concluded_at: datetime | None
    declarations: tuple[DeclarationView, ...]
    votes: tuple[VoteView, ...]
    tally: Tally
    minutes: str
    minutes_sha256: str
    signed_by: str
    signed_at: datetime | None


@dataclass(frozen=True)
class ApplicationDetail:
    """Everything about one application that its reader may see. `parts`: in which they may act now; `changes`: what an
    amendment or renewal changes, in words. The applicants see of a round its outcome and minutes alone."""

    view: ApplicationView
    answers: Answers
    parts: frozenset[Who]
    changes: tuple[str, ...]
    messages: tuple[MessageView, ...]
    versions: tuple[VersionView, ...]
    rounds: tuple[RoundView, ...]
    needs: tuple[Need, ...]
    conditions: tuple[ConditionView, ...]
    order: OrderView | None


def list_applications(session: Session, *, actor: str, state: str = "") -> tuple[ApplicationView, ...]:
    """Every application that somebody may read, newest change first; for the operator all of them."""
    query = select(Application).order_by(Application.changed_at.desc(), Application.id)
    if state:
        query = query.where(Application.state == state)
    return tuple(_view(session, row) for row in session.scalars(query) if can(check_can_see, session, actor, row))


def show_application(session: Session, *, actor: str, application: str) -> ApplicationDetail:
    """One application. Raises Refusal `no-such-application`, `answers-damaged`."""
    row = session.get(Application, application)
    if row is None:
        raise no_such_application()
    check_can_see(session, actor, row)
    answers = read_answers(current_version(session, row).document)
    parts = parts_of(session, row, actor)
    deciding = is_service(actor) or bool(parts - {Who.APPLICANT})
    return ApplicationDetail(
        view=_view(session, row),
        answers=answers,
        parts=parts,
        changes=_changes(session, row, answers),
        messages=tuple(
            MessageView(one.author, one.text, one.written_at)
            for one in session.scalars(
                select(ApplicationMessage)
                .where(ApplicationMessage.application_id == row.id)
                .order_by(ApplicationMessage.id)
            )
        ),
        versions=_versions(session, row),
        rounds=_rounds(session, row, whole=deciding),
        needs=_needs(session, row, answers),
        conditions=list_conditions(session, application=row.id),
        order=find_order(session, row.id),
    )


def show_version(session: Session, *, actor: str, application: str, number: int) -> Answers:
    """The answers of one version. Raises Refusal `no-such-application`, `no-such-version`."""
    row = session.get(Application, application)
    if row is None:
        raise no_such_application()
    check_can_see(session, actor, row)
    mine = (ApplicationVersion.application_id == row.id, ApplicationVersion.number == number)
    version = session.scalars(select(ApplicationVersion).where(*mine)).first()
    if version is None:
        raise Refusal("no-such-version", "There is no such version of this application.")
    return read_answers(version.document)


def parts_of(session: Session, row: Application, actor: str) -> frozenset[Who]:
    """In which parts somebody may act on it, whatever its state."""
    parts = {Who.APPLICANT} if actor == row.applicant else set()
    parts |= {Who.STEWARD} if can(check_steward, session, actor, row) else set()
    parts |= {Who.MEMBER} if can(check_member, session, actor, row) else set()
    parts |= {Who.CHAIR} if can(check_chair, session, actor, row) else set()
    mine = organisations_of(session, actor)
    parts |= {Who.DELEGATE} if any(can(check_delegate, session, actor, row, one) for one in mine) else set()
    return frozenset(parts)


def _view(session: Session, row: Application) -> ApplicationView:
    version = current_version(session, row)
    who, words = MOVES[State(row.state)]
    return ApplicationView(
        row.id,
        row.kind,
        row.state,
        read_answers(version.document).title,
        row.applicant,
        row.project_slug or "",
        version.number,
        version.digest,
        who.value if who is not None else "",
        words,
        row.changed_at,
        row.moved_at,
    )


def _changes(session: Session, row: Application, answers: Answers) -> tuple[str, ...]:
    """While it can be decided against the project as it is; afterwards against the version that was begun with."""
    if row.kind == Kind.PROJECT or row.project_slug is None:
        return ()
    if State(row.state) in EDITABLE or row.approved_at is None:
        return difference(project_answers(session, row.project_slug), answers)
    first = (ApplicationVersion.application_id == row.id, ApplicationVersion.number == 1)
    started = session.scalars(select(ApplicationVersion).where(*first)).one()
    return difference(read_answers(started.document), answers)


def _versions(session: Session, row: Application) -> tuple[VersionView, ...]:
    mine = select(ApplicationVersion).where(ApplicationVersion.application_id == row.id)
    return tuple(
        VersionView(one.number, one.digest, one.saved_by, one.saved_at, one.submitted_at)
        for one in session.scalars(mine.order_by(ApplicationVersion.number))
    )


def _needs(session: Session, row: Application, answers: Answers) -> tuple[Need, ...]:
    try:
        return needs(session, row.id, answers)
    except Refusal:  # no catalogue is published yet
        return ()


def _rounds(session: Session, row: Application, *, whole: bool) -> tuple[RoundView, ...]:
    mine = select(ReviewRound).where(ReviewRound.application_id == row.id).order_by(ReviewRound.number)
    return tuple(_round(session, row, held, whole) for held in session.scalars(mine))


def _round(session: Session, row: Application, held: ReviewRound, whole: bool) -> RoundView:
    votes = session.scalars(select(ReviewVote).where(ReviewVote.round_id == held.id).order_by(ReviewVote.id))
    said = session.scalars(
        select(ReviewDeclaration).where(ReviewDeclaration.round_id == held.id).order_by(ReviewDeclaration.id)
    )
    shown = whole or held.signed_at is not None
    return RoundView(
        held.number,
        held.version,
        held.digest,
        read_rule(held.rule),
        held.rule_version,
        held.meets_on,
        held.outcome,
        held.concluded_at,
        tuple(DeclarationView(one.subject, one.conflicted, one.reason, one.declared_at) for one in said if whole),
        tuple(
            VoteView(one.subject, one.kind, one.decision, one.reason, one.voted_at, one.replaced_at is not None)
            for one in votes
            if whole
        ),
        count(session, row, held) if whole else Tally((), (), None),
        held.minutes if shown else "",
        held.minutes_sha256 if shown else "",
        held.signed_by if shown else "",
        held.signed_at,
    )
