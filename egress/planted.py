"""What becomes of a planted request. Promise: it is screened and read like any other and goes no further: whatever
votes, exceptions, decisions or commands there are, no way leads out of its review; a vote on it is kept apart.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from egress.states import Action, State, wrong_state
from governance.audit import append_event
from governance.calibration import is_planted
from governance.clock import now
from governance.refusal import Refusal
from governance.store.airlock import EgressRequest
from governance.store.calibration import EgressPlantAnswer

ANSWERED = "calibration.answered"
#: Screening is the only service that moves it.
MOVES = frozenset({Action.SCREEN, Action.PASS, Action.BLOCK, Action.RETURN_BLOCKED})


def check_stays(session: Session, request: EgressRequest, action: Action) -> None:
    """That `action` leads no planted request out of its review. Raises Refusal `wrong-state`, as for any request that
    is being reviewed."""
    if action not in MOVES and is_planted(session, request.id):
        raise wrong_state(State.IN_REVIEW, action)


def take_answer(session: Session, request: EgressRequest, checker: str, decisions: Collection[str]) -> bool:
    """Keep a checker's vote on a planted request; False, and nothing is kept, for any other. It has one file to vote
    on. Raises Refusal `unknown-decision`."""
    if not is_planted(session, request.id):
        return False
    if len(decisions) != 1:  # the library's items have one output each
        raise Refusal("unknown-decision", "There is no such decision.", "Reload the page and send again.")
    (decision,) = decisions
    session.add(EgressPlantAnswer(request_id=request.id, checker=checker, decision=decision, voted_at=now()))
    append_event(session, event=ANSWERED, actor=checker, detail={"request": request.id, "decision": decision})
    return True
