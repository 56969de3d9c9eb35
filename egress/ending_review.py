"""The end of a review and what follows at once: where nothing is left to compare or to decide, the service goes on by
itself, so that no request waits for a button that has only one outcome.

Promise: a release that cannot take place now leaves the request approved or failed, with the reason on its page.
"""

from __future__ import annotations

from collections.abc import Mapping

from egress.airlock import Airlock
from egress.controlling import decide
from egress.moving import load_request
from egress.policies import ballot_of
from egress.release import release
from egress.reviewing import conclude, vote
from egress.states import State
from governance.refusal import Refusal


def vote_and_go_on(airlock: Airlock, *, actor: str, request_id: str, decisions: Mapping[int, str]) -> State:
    """Vote. If that was the last review and there is nothing to compare (every file is approved by all, or one review
    is enough), conclude and release; where reviews differ, the checkers first compare them and then conclude by hand.
    """
    state = vote(airlock, actor=actor, request_id=request_id, decisions=decisions)
    if state is not State.REVIEWED or not _is_clear(airlock, request_id):
        return state
    try:
        return conclude_and_release(airlock, actor=actor, request_id=request_id)
    except Refusal:  # another checker concluded at the same moment: the vote stands all the same
        return state


def conclude_and_release(airlock: Airlock, *, actor: str, request_id: str) -> State:
    """Conclude by rule, then release if that approves; returns APPROVED if the release did not take place."""
    return _release_if_approved(airlock, actor, request_id, conclude(airlock, actor=actor, request_id=request_id))


def decide_and_release(airlock: Airlock, *, actor: str, request_id: str, decision: str, reason: str) -> State:
    """The controller's decision, then the release if that approves; returns APPROVED if it did not take place."""
    state = decide(airlock, actor=actor, request_id=request_id, decision=decision, reason=reason)
    return _release_if_approved(airlock, actor, request_id, state)


def _is_clear(airlock: Airlock, request_id: str) -> bool:
    with airlock.store.reading() as session:
        ballot = ballot_of(session, load_request(session, request_id))
        return ballot.is_approved or (len(ballot.complete) == 1 and not ballot.is_disputed)


def _release_if_approved(airlock: Airlock, actor: str, request_id: str, state: State) -> State:
    if state is not State.APPROVED:
        return state
    try:
        release(airlock, requested_by=actor, request_id=request_id)
    except Refusal:
        return State.APPROVED  # or release failed: either way the page tells why, and a checker may try again
    return State.RELEASED
