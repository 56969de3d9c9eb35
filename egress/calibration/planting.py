"""Plants a made output as a request. Promise: it is written, screened and announced like a request of its project, and
the audit chain says from the first moment that its supposed author had no part in it.
"""

from __future__ import annotations

import io
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random, SystemRandom

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import FileKind
from egress.calibration.items import Item
from egress.calibration.library import draw_item, find_item
from egress.drafting import ID_BYTES
from egress.files import StoredFile
from egress.intention import intended_outputs
from egress.screening import screen
from egress.states import State
from egress.turns import open_turn
from governance.access import can, check_can_review, check_egress_open, check_holds_role, check_member_in_force
from governance.audit import append_event
from governance.calibration import may_be_calibrated, planted
from governance.clock import now
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.airlock import EgressFile, EgressRequest
from governance.store.calibration import EgressPlant
from governance.store.projects import Membership

SERVICE = "service:calibration"
PLANTED, ENDED = "calibration.planted", "calibration.ended"
#: How long its author would have worked on the draft, in minutes.
DRAFTED_MINUTES = (6, 90)


@dataclass(frozen=True)
class Planted:
    """A planted request that waits for checkers."""

    request: str
    project: str
    item: str
    leaks: bool


def plant(
    airlock: Airlock, *, actor: str, checker: str, item: str = "", every: int = 10, random: Random | None = None
) -> Planted:
    """Plant one request that `checker` may review; other checkers of its project see it as well.

    Args:
        actor: whoever has it planted.
        item: its name in the library; drawn if empty.
        every: how many reviews lie between two planted requests of a checker, about.
        random: another source of chance than the system's (tests).

    Raises Refusal `egress-stopped`, `checker-knows`, `no-project-to-plant-in`, `no-such-made-output`,
    `made-output-stopped` and those of check_holds_role.
    """
    chance = random or SystemRandom()
    with airlock.store.reading() as session:
        _check_can_be_planted_for(session, checker)
        project, author = _choose_place(session, checker, chance)
        chosen = find_item(item) if item else draw_item(_planted_before(session), chance)
    content = chosen.write(chance).encode()
    stored = airlock.files.put(io.BytesIO(content), chosen.file_name)
    with airlock.store.transaction() as session:
        request = _write_request(session, project, author, chosen, stored, chance)
        row = EgressPlant(request_id=request.id, item=chosen.name, leaks=chosen.leaks, told=chosen.told)
        row.planted_by, row.planted_at, row.ends_at = actor, now(), request.due_at or now()
        row.gap = chance.randint(1, 2 * every - 1)
        session.add(row)
        detail = {"request": request.id, "project": project, "shown_author": author, "item": chosen.name}
        append_event(session, event=PLANTED, actor=actor, detail={**detail, "leaks": chosen.leaks})
        made = Planted(request.id, project, chosen.name, chosen.leaks)
    if screen(airlock, made.request) is not State.IN_REVIEW:
        _end(airlock, made.request)
        raise Refusal("made-output-stopped", "A check stopped the made output.", "Choose another one of the library.")
    return made


def _check_can_be_planted_for(session: Session, checker: str) -> None:
    check_egress_open(session)
    check_holds_role(session, checker, Role.OUTPUT_CHECKER)
    if not may_be_calibrated(session, checker):
        raise Refusal(
            "checker-knows",
            "An administrator or auditor may read what is planted.",
            "Choose an output checker who is neither.",
        )


def _choose_place(session: Session, checker: str, chance: Random) -> tuple[str, str]:
    """A project the checker may review and a member in force; where others submitted before, one of those."""
    members = session.execute(select(Membership.project_slug, Membership.subject).distinct())
    live = {
        (slug, subject)
        for slug, subject in members
        if can(check_can_review, session, checker, slug) and can(check_member_in_force, session, subject, slug)
    }
    submitted = select(EgressRequest.project_slug, EgressRequest.author).where(EgressRequest.turn > 0, ~planted())
    known = {(slug, author) for slug, author in session.execute(submitted.distinct())}
    places = sorted(live & known or live)
    if not places:
        raise Refusal(
            "no-project-to-plant-in", "There is no project that this checker may review.", "Choose another checker."
        )
    return chance.choice(places)


def _planted_before(session: Session) -> Counter[str]:
    return Counter(session.scalars(select(EgressPlant.item)))


def _write_request(
    session: Session, project: str, author: str, item: Item, stored: StoredFile, chance: Random
) -> EgressRequest:
    """As drafting and submitting would leave it, without their events: nobody drafted or submitted anything."""
    begun = now() - timedelta(minutes=chance.randint(*DRAFTED_MINUTES), seconds=chance.randint(0, 59))
    request = EgressRequest(id=secrets.token_hex(ID_BYTES), project_slug=project, author=author, title=item.title)
    request.turn, request.created_at, request.exception_reason, request.problem = 0, begun, item.exception, ""
    request.state, request.changed_at, request.moved_at = State.SUBMITTED.value, now(), now()
    item.words.write_to(request)
    intended = intended_outputs(session, project)
    request.intended_output_id = chance.choice(intended).id if intended else None
    file = EgressFile(name=item.file_name, kind=FileKind.OUTPUT.value, sha256=stored.sha256, size=stored.size)
    file.added_turn = 1
    request.files.append(file)
    session.add(request)
    session.flush()
    open_turn(session, request)
    session.flush()
    return request


def _end(airlock: Airlock, request_id: str) -> None:
    """Show it to nobody any more."""
    with airlock.store.transaction() as session:
        session.get_one(EgressPlant, request_id).ends_at = now()
        append_event(session, event=ENDED, actor=SERVICE, detail={"request": request_id})
