"""Who is told what when a request moves, as data. Promise: whoever has something to do is told in the same transaction
as the move, once a turn; nobody is told what egress.visibility keeps from them, and no notice holds data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.directions import is_incoming
from egress.permissions import ROLES, check_may
from egress.states import Action, State, Who
from governance.access import can
from governance.calibration import is_planted
from governance.clock import now
from governance.store.airlock import EgressRequest
from governance.store.notices import MailAddress, Notice
from governance.store.people import PersonRole


class Mail(StrEnum):
    """How far a notice's e-mail got."""

    NONE = "none"  # no address is known
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNSURE = "unsure"  # handed over, but nobody knows whether it was taken: never sent again
    GIVEN_UP = "given-up"


class Kind(StrEnum):
    """What somebody is told."""

    SCREENED = "screened"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    RELEASED = "released"
    RECALLED = "recalled"
    QUEUED = "queued"
    OPINION_DUE = "opinion-due"
    OVERDUE = "overdue"
    DECISION_DUE = "decision-due"
    STUCK = "stuck"
    RELEASE_FAILED = "release-failed"
    INCIDENT = "incident"


WORDS: Mapping[Kind, str] = {
    Kind.SCREENED: "Your request passed the automatic checks and waits for output checkers.",
    Kind.RETURNED: "Your request came back to you. Its page says why and what to do.",
    Kind.REJECTED: "Your request was rejected. Its page says why.",
    Kind.APPROVED: "Your request was approved and is being released.",
    Kind.RELEASED: "Your request was released. Its page has the files.",
    Kind.RECALLED: "Your release was recalled. Its page says what to do with the copies you have.",
    Kind.QUEUED: "A request waits for output checkers.",
    Kind.OPINION_DUE: "A request waits for a further opinion.",
    Kind.OVERDUE: "A request should have been answered by now.",
    Kind.DECISION_DUE: "A request waits for the controller's decision.",
    Kind.STUCK: "A request does not go on by itself. `sde airlock stuck` says why.",
    Kind.RELEASE_FAILED: "A release failed. Its page says whether it is tried again.",
    Kind.INCIDENT: "A release was recalled and an incident is open. `sde incident list` shows it.",
}


#: The same of what is brought in, where it differs.
WORDS_IN: Mapping[Kind, str] = {
    Kind.SCREENED: "What you want to bring in passed the automatic checks and waits for an output checker.",
    Kind.APPROVED: "What you want to bring in was approved and is on its way into the workspace.",
    Kind.RELEASED: "Your files are in the workspace, in the folder imports.",
    Kind.RECALLED: "What you brought in was recalled and taken out of the workspaces. Its page says what to do.",
    Kind.QUEUED: "Files to be brought in wait for an output checker.",
    Kind.RELEASE_FAILED: "Files could not be brought in. The request's page says whether it is tried again.",
    Kind.INCIDENT: "What was brought in was recalled and an incident is open. `sde incident list` shows it.",
}


def words_of(kind: Kind, request: EgressRequest) -> str:
    """One sentence for the person who is told."""
    return (WORDS_IN.get(kind) if is_incoming(request) else None) or WORDS[kind]


@dataclass(frozen=True)
class Telling:
    """What one group of people is told. `may`: only those who might do this now (of people beside the author)."""

    kind: Kind
    who: Who
    may: Action = Action.VIEW


_TO_AUTHOR = {
    kind: Telling(kind, Who.AUTHOR)
    for kind in (Kind.SCREENED, Kind.RETURNED, Kind.REJECTED, Kind.APPROVED, Kind.RELEASED, Kind.RECALLED)
}
#: (action, the state it led to) -> who is told what. What is not here is nobody's task and no news.
TELLINGS: Mapping[tuple[Action, State], tuple[Telling, ...]] = {
    (Action.PASS, State.IN_REVIEW): (
        _TO_AUTHOR[Kind.SCREENED],
        Telling(Kind.QUEUED, Who.CHECKER, Action.VOTE),
    ),
    (Action.RETURN_BLOCKED, State.RETURNED): (_TO_AUTHOR[Kind.RETURNED],),
    (Action.VOTE, State.THIRD_OPINION): (Telling(Kind.OPINION_DUE, Who.CHECKER, Action.VOTE),),
    (Action.CONCLUDE, State.APPROVED): (_TO_AUTHOR[Kind.APPROVED],),
    (Action.CONCLUDE, State.RETURNED): (_TO_AUTHOR[Kind.RETURNED],),
    (Action.CONCLUDE, State.REJECTED): (_TO_AUTHOR[Kind.REJECTED],),
    (Action.CONCLUDE, State.AWAIT_CONTROLLER): (Telling(Kind.DECISION_DUE, Who.CONTROLLER, Action.DECIDE),),
    (Action.DECIDE, State.APPROVED): (_TO_AUTHOR[Kind.APPROVED],),
    (Action.DECIDE, State.RETURNED): (_TO_AUTHOR[Kind.RETURNED],),
    (Action.DECIDE, State.REJECTED): (_TO_AUTHOR[Kind.REJECTED],),
    (Action.REOPEN, State.RETURNED): (_TO_AUTHOR[Kind.RETURNED],),
    (Action.FINISH_RELEASE, State.RELEASED): (_TO_AUTHOR[Kind.RELEASED],),
    (Action.FAIL_RELEASE, State.RELEASE_FAILED): (Telling(Kind.RELEASE_FAILED, Who.ADMINISTRATOR),),
    (Action.RECALL, State.RECALLED): (
        _TO_AUTHOR[Kind.RECALLED],
        Telling(Kind.INCIDENT, Who.ADMINISTRATOR),
    ),
}


def tell_of_move(session: Session, request: EgressRequest, action: Action, target: State, actor: str) -> None:
    """Write the notices of a move in its transaction; whoever made it needs none."""
    for telling in TELLINGS.get((action, target), ()):
        told = set(recipients(session, request, telling)) - {actor}
        if telling.kind is Kind.OPINION_DUE:
            told -= {vote.checker for file in request.files for vote in file.votes if vote.turn == request.turn}
        tell(session, request, telling.kind, told)


def recipients(session: Session, request: EgressRequest, telling: Telling) -> tuple[str, ...]:
    """Everybody the telling is meant for, as the register has it now."""
    if telling.who is Who.AUTHOR:
        return () if is_planted(session, request.id) else (request.author,)
    held = select(PersonRole.subject).where(PersonRole.role == ROLES[telling.who].value).order_by(PersonRole.subject)
    return tuple(
        subject
        for subject in session.scalars(held)
        if subject != request.author and can(check_may, session, subject, request, telling.may)
    )


def tell(session: Session, request: EgressRequest, kind: Kind, people: Iterable[str]) -> int:
    """Write that notice for each of them who has none of this turn; returns how many were new."""
    same = (Notice.request_id == request.id, Notice.kind == kind.value, Notice.turn == request.turn)
    new = sorted(set(people) - set(session.scalars(select(Notice.subject).where(*same))))
    mailed = set(session.scalars(select(MailAddress.subject).where(MailAddress.subject.in_(new))))
    moment = now()
    session.add_all(
        Notice(
            subject=subject,
            request_id=request.id,
            turn=request.turn,
            kind=kind.value,
            written_at=moment,
            mail=(Mail.WAITING if subject in mailed else Mail.NONE).value,
            mail_at=moment if subject in mailed else None,
        )
        for subject in new
    )
    return len(new)
