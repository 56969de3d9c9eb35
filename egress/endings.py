"""Withdrawing and recalling. Promise: a recalled release can no longer be fetched; its reason reaches the author."""

from __future__ import annotations

from egress.airlock import Airlock
from egress.moving import find_request, move
from egress.policies import check_can_recall, check_can_withdraw
from egress.reviewing import add_comment, check_reason
from egress.states import Action, State
from egress.visibility import Audience


def withdraw(airlock: Airlock, *, actor: str, request_id: str) -> None:
    """End a draft or returned request for good; its record stays."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_withdraw(session, actor, request)
        move(session, request, Action.WITHDRAW, State.WITHDRAWN, actor=actor)


def recall(airlock: Airlock, *, actor: str, request_id: str, reason: str) -> None:
    """Call a release back after a breach or an error. Copies that were fetched already are out: the reason, which the
    author sees, must say what to do with them. Raises Refusal `reason-missing`."""
    words = check_reason(reason)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_recall(session, actor, request)
        add_comment(request, actor, words, Audience.AUTHOR)
        move(session, request, Action.RECALL, State.RECALLED, actor=actor)
