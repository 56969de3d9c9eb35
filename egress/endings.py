"""Withdrawing: an author ends a request that is still theirs. (A release is recalled in egress.recalling.)"""

from __future__ import annotations

from egress.airlock import Airlock
from egress.moving import find_request, move
from egress.policies import check_can_withdraw
from egress.states import Action, State


def withdraw(airlock: Airlock, *, actor: str, request_id: str) -> None:
    """End a draft or returned request for good; its record stays."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_withdraw(session, actor, request)
        move(session, request, Action.WITHDRAW, State.WITHDRAWN, actor=actor)
