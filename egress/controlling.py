"""The controller's decision on an exception. Promise: a FAIL leaves only with the author's written reason, two
checkers' approval and, on top, the decision of a controller's delegate who is neither the author nor a checker of it.
"""

from __future__ import annotations

from egress.airlock import Airlock
from egress.moving import find_request, move
from egress.policies import check_can_decide
from egress.reviewing import add_comment, check_reason
from egress.states import TRANSITIONS, Action, State
from egress.visibility import Audience
from governance.refusal import Refusal

DECISIONS = tuple(row.target for row in TRANSITIONS if row.action is Action.DECIDE)


def decide(airlock: Airlock, *, actor: str, request_id: str, decision: str, reason: str) -> State:
    """Approve, return or reject a referred request (the value of the state to go to), with the reason, which the author
    sees. Raises Refusal `unknown-decision`, `reason-missing` and those of check_can_decide."""
    words = check_reason(reason)
    if decision not in {state.value for state in DECISIONS}:
        choices = ", ".join(state.value for state in DECISIONS)
        raise Refusal("unknown-decision", "There is no such decision.", f"Use one of: {choices}.")
    target = State(decision)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_decide(session, actor, request)
        if target is State.APPROVED:
            request.controller, request.controlled_turn, request.asked_by = actor, request.turn, actor
        add_comment(request, actor, words, Audience.AUTHOR)
        move(session, request, Action.DECIDE, target, actor=actor)
        return target
