"""Reminders by e-mail, by the same promise as the airlock's notices: claimed before it is handed over, at most once. A
letter holds a sentence of ours with a course's, organisation's or project's name and a day, and the portal's address.
"""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sqlalchemy import select, update

from egress.airlock import Airlock
from egress.mailing.carriers import Outcome, open_carrier
from egress.mailing.outbox import ENDS, FIRST_WAIT, GROWTH, MOST_IN_ROUND, MOST_TRIES, SERVICE
from egress.notices import Mail
from governance.audit import Detail, append_event
from governance.clock import now
from governance.registry.reminders import words_of
from governance.settings import Settings
from governance.store.notices import MailAddress
from governance.store.people import Person
from governance.store.stops import Reminder

PORTAL = "/services/portal/"


def send_reminders(airlock: Airlock) -> int:
    """Send every reminder whose time has come; returns how many were taken. Raises Refusal `mail-settings`."""
    sent = 0
    for _ in range(MOST_IN_ROUND):
        claimed = _claim(airlock)
        if claimed is None:
            break
        number, letter = claimed
        outcome = open_carrier(airlock.settings).carry(f"reminder-{number}", letter)
        _write_end(airlock, number, outcome)
        sent += outcome is Outcome.SENT
        if outcome is Outcome.AGAIN:
            break
    return sent


def settle_reminders(airlock: Airlock) -> int:
    """What a stopped service had in hand: sent again only where that leaves one letter."""
    after = Mail.WAITING if open_carrier(airlock.settings).repeats else Mail.UNSURE
    with airlock.store.transaction() as session:
        left = list(session.scalars(select(Reminder.id).where(Reminder.mail == Mail.SENDING.value)))
        session.execute(update(Reminder).where(Reminder.id.in_(left)).values(mail=after.value))
        if left:
            detail: Detail = {"letters": len(left), "mail": after.value}
            append_event(session, event="reminder.mail-interrupted", actor=SERVICE, detail=detail)
    return len(left)


def write_reminder(settings: Settings, reminder: Reminder, address: str) -> EmailMessage:
    """The letter. Its Message-ID is the reminder's."""
    letter = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    letter["From"], letter["To"] = settings.mail_from, address
    letter["Subject"] = f"Reminder: something ends on {reminder.until.day} {reminder.until:%B %Y}"
    letter["Date"] = format_datetime(reminder.written_at)
    letter["Message-ID"] = f"<reminder-{reminder.id}@{settings.mail_from.partition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    words = " ".join(words_of(reminder).split())
    letter.set_content(f"{words}\n\n{settings.url}{PORTAL}\n")
    return letter


def _claim(airlock: Airlock) -> tuple[int, EmailMessage] | None:
    """The first that is due. Somebody whose training has ended is told all the same; who is suspended is not."""
    due = (Reminder.mail == Mail.WAITING.value, Reminder.mail_at <= now())
    first = select(Reminder.id).where(*due).order_by(Reminder.mail_at, Reminder.id).limit(1)
    while True:
        with airlock.store.reading() as session:  # without the write lock: most rounds find nothing
            if session.scalar(first) is None:
                return None
        with airlock.store.transaction() as session:
            number = session.scalar(first)
            if number is None:
                return None
            row = session.get_one(Reminder, number)
            address = session.get(MailAddress, row.subject)
            if address is not None and session.get_one(Person, row.subject).suspended_at is None:
                row.mail, row.mail_tries = Mail.SENDING.value, row.mail_tries + 1
                return row.id, write_reminder(airlock.settings, row, address.address)
            row.mail = Mail.NONE.value


def _write_end(airlock: Airlock, number: int, outcome: Outcome) -> None:
    with airlock.store.transaction() as session:
        row = session.get_one(Reminder, number)
        end = ENDS.get(outcome) or (Mail.GIVEN_UP if row.mail_tries >= MOST_TRIES else Mail.WAITING)
        row.mail = end.value
        if end is Mail.WAITING:
            wait: timedelta = FIRST_WAIT * GROWTH ** (row.mail_tries - 1)
            row.mail_at = now() + wait
            return
        detail: Detail = {"reminder": row.id, "mail": end.value, "tries": row.mail_tries}
        append_event(session, event="reminder.mailed", actor=SERVICE, detail=detail)
