"""Names people by what others call them: a subject is the identity provider's claim and may mean nothing to anybody."""

from __future__ import annotations

from sqlalchemy.orm import Session

from governance.store.people import Person


def name_of(session: Session, subject: str) -> str:
    """The registered name, or the subject itself if nobody of that subject is registered."""
    person = session.get(Person, subject)
    return person.name if person is not None else subject
