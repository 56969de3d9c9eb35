"""How long a sign-in counts. Promise: a session ends `session_hours` after its person last signed in at the identity
provider, and at once, in every browser, when they sign out everywhere; each service asks here with every request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.store.people import Person
from governance.store.sign_ins import SignIn


@dataclass(frozen=True)
class SessionBounds:
    """Which sessions of one person count: those that began later than `after`, and none from `until` on."""

    after: datetime
    until: datetime

    def hold(self, began: datetime) -> bool:
        """Whether a session that began then counts now."""
        return self.after < began and now() < self.until


#: Of somebody of whom no sign-in is on record: the session's own end is its only one.
#: Of somebody of whom no sign-in is on record: the session's own end is its only one.
ANY_SESSION = SessionBounds(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def read_bounds(session: Session, subject: str, hours: float) -> SessionBounds:
    """The bounds of a person's sessions, where a sign-in counts for so many hours. A session that a browser was given
    after the sign-out, by a hub that had not forgotten it yet, ends when the hub has."""
    row = session.get(SignIn, subject)
    if row is None:
        return ANY_SESSION
    over = [moment for moment in (row.signed_out_at, row.forgotten_at) if moment is not None]
    return SessionBounds(max(over, default=ANY_SESSION.after), row.signed_in_at + timedelta(hours=hours))


def read_sign_in(session: Session, subject: str) -> datetime | None:
    """When the person last signed in, if that is on record."""
    row = session.get(SignIn, subject)
    return None if row is None else row.signed_in_at


def note_sign_in(session: Session, subject: str) -> None:
    """The person has proven now who they are. The caller writes the event, which tells more."""
    row = session.get(SignIn, subject)
    if row is None:
        session.add(SignIn(subject=subject, signed_in_at=now()))
    else:
        row.signed_in_at = now()


def sign_out_everywhere(session: Session, subject: str, *, actor: str) -> None:
    """End every session of a registered person, in the caller's transaction. Their workspaces go on running; nobody
    looks into them before somebody signs in again. For a subject that is not registered there is nothing to end."""
    if session.get(Person, subject) is None:
        return
    row = session.get(SignIn, subject)
    if row is None:
        row = SignIn(subject=subject, signed_in_at=now())
        session.add(row)
    row.signed_out_at = now()
    append_event(session, event="person.signed-out-everywhere", actor=actor, detail={"subject": subject})


def find_unforgotten(session: Session) -> list[str]:
    """Whose browsers the hub still knows although they signed out everywhere."""
    behind = or_(SignIn.forgotten_at.is_(None), SignIn.forgotten_at < SignIn.signed_out_at)
    return list(session.scalars(select(SignIn.subject).where(SignIn.signed_out_at.is_not(None), behind)))


def note_forgotten(session: Session, subject: str) -> None:
    """The hub has forgotten them. No event: it completes the sign-out, which has one."""
    session.get_one(SignIn, subject).forgotten_at = now()
