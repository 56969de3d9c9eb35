"""Who is told what when an application moves, as data. Promise: whoever has the move is told in its transaction, once a
move; no notice holds a word of the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from governance.access import can
from governance.applications.controllers import delegates_of
from governance.applications.group import list_members
from governance.applications.kinds import MemberKind, Words
from governance.applications.parts import asked_organisations, check_steward, involved
from governance.applications.states import State
from governance.clock import now
from governance.roles import Role
from governance.store import Store
from governance.store.applications import Application, ApplicationNotice
from governance.store.notices import MailAddress
from governance.store.people import Person, PersonRole


class Kind(Words):
    """What somebody is told."""

    TRIAGE_DUE = "triage_due"
    WITH_YOU = "with_you"
    VOTE_DUE = "vote_due"
    CONTROLLER_DUE = "controller_due"
    CHAIR_DUE = "chair_due"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    CONDITION_DUE = "condition_due"

    @property
    def sentence(self) -> str:
        """One sentence for the person."""
        return SENTENCES[self]


SENTENCES: Mapping[Kind, str] = {
    Kind.TRIAGE_DUE: "An application waits for a data steward.",
    Kind.WITH_YOU: "Your application came back to you. Its page says what is asked.",
    Kind.VOTE_DUE: "An application waits for your declaration of interests and your vote.",
    Kind.CONTROLLER_DUE: "An application asks for data that your organisation answers for.",
    Kind.CHAIR_DUE: "Every controller of an application has answered. The chair decides what follows.",
    Kind.APPROVED: "Your application was approved. Its page says what was made and on which conditions.",
    Kind.REJECTED: "Your application was rejected. Its minutes say why.",
    Kind.LAPSED: "Your application lapsed, because it waited too long for you.",
    Kind.CONDITION_DUE: "A condition of your project needs your evidence.",
}


@dataclass(frozen=True)
class NoticeView:
    """One notice as its reader sees it."""

    number: int
    application: str
    kind: str
    sentence: str
    written_at: datetime
    read: bool


def _stewards(session: Session, application: Application) -> set[str]:
    held = session.scalars(select(PersonRole.subject).where(PersonRole.role == Role.DATA_STEWARD.value))
    return {subject for subject in held if can(check_steward, session, subject, application)}


def _members(session: Session, application: Application) -> set[str]:
    del application
    return {member.subject for member in list_members(session) if member.in_force}


def chairs(session: Session, application: Application) -> set[str]:
    """Everybody who chairs and has no part in it."""
    sitting = {one.subject for one in list_members(session) if one.in_force and one.kind == MemberKind.CHAIR}
    return sitting - involved(session, application)


def _delegates(session: Session, application: Application) -> set[str]:
    return {
        subject
        for organisation in asked_organisations(session, application)
        for subject in delegates_of(session, organisation)
    }


def _applicants(session: Session, application: Application) -> set[str]:
    del session
    return {application.applicant}


Recipients = Callable[[Session, Application], set[str]]
#: The state an application came to -> what is told to whom. Nobody is told of their own withdrawal.
TELLINGS: Mapping[State, tuple[Kind, Recipients]] = {
    State.SUBMITTED: (Kind.TRIAGE_DUE, _stewards),
    State.CLARIFICATION: (Kind.WITH_YOU, _applicants),
    State.RESUBMIT: (Kind.WITH_YOU, _applicants),
    State.IN_REVIEW: (Kind.VOTE_DUE, _members),
    State.WITH_CONTROLLERS: (Kind.CONTROLLER_DUE, _delegates),
    State.APPROVED: (Kind.APPROVED, _applicants),
    State.APPROVED_WITH_CONDITIONS: (Kind.APPROVED, _applicants),
    State.REJECTED: (Kind.REJECTED, _applicants),
    State.LAPSED: (Kind.LAPSED, _applicants),
}


def tell_of_state(session: Session, application: Application, actor: str) -> None:
    """Write the notices of the state that an application came to; whoever moved it needs none, and whoever it names is
    told only as its applicant."""
    telling = TELLINGS.get(State(application.state))
    if telling is None:
        return
    kind, recipients = telling
    told = recipients(session, application) - {actor}
    if recipients is not _applicants:
        told -= involved(session, application)
    tell(session, application, kind, told)


def tell(session: Session, application: Application, kind: Kind, people: Iterable[str]) -> None:
    """Write that notice for each registered one of them who has none of this move."""
    same = (
        ApplicationNotice.application_id == application.id,
        ApplicationNotice.kind == kind.value,
        ApplicationNotice.move == application.moves,
    )
    told = set(session.scalars(select(ApplicationNotice.subject).where(*same)))
    known = set(session.scalars(select(Person.subject).where(Person.subject.in_(set(people) - told))))
    mailed = set(session.scalars(select(MailAddress.subject).where(MailAddress.subject.in_(known))))
    moment = now()
    session.add_all(
        ApplicationNotice(
            subject=subject,
            application_id=application.id,
            move=application.moves,
            kind=kind.value,
            written_at=moment,
            mail="waiting" if subject in mailed else "none",
            mail_at=moment if subject in mailed else None,
        )
        for subject in sorted(known)
    )
    session.flush()


def list_notices(session: Session, subject: str, *, unread: bool = False) -> tuple[NoticeView, ...]:
    """Somebody's notices, newest first."""
    query = select(ApplicationNotice).where(ApplicationNotice.subject == subject).order_by(ApplicationNotice.id.desc())
    if unread:
        query = query.where(ApplicationNotice.read_at.is_(None))
    return tuple(
        NoticeView(
            row.id, row.application_id, row.kind, Kind(row.kind).sentence, row.written_at, row.read_at is not None
        )
        for row in session.scalars(query)
    )


def mark_read(store: Store, *, actor: str, application: str) -> None:
    """The reader has seen what an application's notices lead to. Reading is nobody's act, so no event is written."""
    mine = (ApplicationNotice.subject == actor, ApplicationNotice.application_id == application)
    with store.transaction() as session:
        session.execute(
            update(ApplicationNotice).where(*mine, ApplicationNotice.read_at.is_(None)).values(read_at=now())
        )
