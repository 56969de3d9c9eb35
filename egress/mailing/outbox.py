"""Sends what waits. Promise: a letter is claimed in a transaction before it is handed over and its end is written in
another; whatever stops between the two, it is not handed over a second time where that would make two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy import select, update

from egress.airlock import Airlock
from egress.mailing.carriers import Carrier, Outcome, open_carrier
from egress.mailing.letters import write_letter
from egress.notices import Mail
from governance.access import can, check_person_in_force
from governance.audit import Detail, append_event
from governance.clock import now
from governance.store.airlock import EgressRequest
from governance.store.notices import MailAddress, Notice

SERVICE = "service:mail"
MOST_TRIES = 8
FIRST_WAIT, GROWTH = timedelta(minutes=1), 4
MOST_IN_ROUND = 200
ENDS = {Outcome.SENT: Mail.SENT, Outcome.NEVER: Mail.GIVEN_UP, Outcome.UNSURE: Mail.UNSURE}
logger = structlog.get_logger()


@dataclass(frozen=True)
class _Claimed:
    notice: int
    letter: EmailMessage


def send_due(airlock: Airlock) -> int:
    """Send every letter whose time has come; returns how many were taken. Stops at the first that must wait, since the
    others would meet the same server. Raises Refusal `mail-settings`."""
    carrier, sent = open_carrier(airlock.settings), 0
    for _ in range(MOST_IN_ROUND):
        due = _find_due(airlock)
        if due is None:
            break
        claimed = _claim(airlock, due)
        if claimed is None:
            continue
        outcome = carrier.carry(f"notice-{claimed.notice}", claimed.letter)
        _write_end(airlock, claimed.notice, outcome)
        sent += outcome is Outcome.SENT
        if outcome is Outcome.AGAIN:
            break
    return sent


def settle_interrupted(airlock: Airlock) -> int:
    """What a stopped service had in hand: sent again only where that leaves one letter; returns how many there were.
    Called when the service starts. Raises Refusal `mail-settings`."""
    carrier: Carrier = open_carrier(airlock.settings)
    after = Mail.WAITING if carrier.repeats else Mail.UNSURE
    with airlock.store.transaction() as session:
        left = list(session.scalars(select(Notice.id).where(Notice.mail == Mail.SENDING.value)))
        session.execute(update(Notice).where(Notice.id.in_(left)).values(mail=after.value))
        if left:
            detail: Detail = {"letters": len(left), "mail": after.value}
            append_event(session, event="notice.mail-interrupted", actor=SERVICE, detail=detail)
    return len(left)


def _find_due(airlock: Airlock) -> int | None:
    """The first whose time has come. Asked without the write lock: most rounds find nothing."""
    due = (Notice.mail == Mail.WAITING.value, Notice.mail_at <= now())
    with airlock.store.reading() as session:
        return session.scalar(select(Notice.id).where(*due).order_by(Notice.mail_at, Notice.id).limit(1))


def _claim(airlock: Airlock, notice_id: int) -> _Claimed | None:
    """None if another sender was faster, or if the person may be told nothing now: the notice stays in the portal."""
    with airlock.store.transaction() as session:
        notice = session.get_one(Notice, notice_id)
        if notice.mail != Mail.WAITING.value:
            return None
        address = session.get(MailAddress, notice.subject)
        if address is None or not can(check_person_in_force, session, notice.subject):
            notice.mail = Mail.NONE.value
            return None
        request = session.get_one(EgressRequest, notice.request_id)
        letter = write_letter(airlock.settings, notice, request, address.address)
        notice.mail = Mail.SENDING.value
        notice.mail_tries += 1
        return _Claimed(notice.id, letter)


def _write_end(airlock: Airlock, notice_id: int, outcome: Outcome) -> None:
    with airlock.store.transaction() as session:
        notice = session.get_one(Notice, notice_id)
        end = ENDS.get(outcome) or (Mail.GIVEN_UP if notice.mail_tries >= MOST_TRIES else Mail.WAITING)
        notice.mail = end.value
        if end is Mail.WAITING:
            notice.mail_at = now() + FIRST_WAIT * GROWTH ** (notice.mail_tries - 1)
            return
        project = session.get_one(EgressRequest, notice.request_id).project_slug
        detail: Detail = {
            "notice": notice.id,
            "request": notice.request_id,
            "mail": end.value,
            "tries": notice.mail_tries,
        }
        append_event(session, event="notice.mailed", actor=SERVICE, project=project, detail=detail)
    if end is not Mail.SENT:
        logger.warning("notice.not_mailed", notice=notice_id, mail=end.value)
