"""Who sees whose vote and comment. Promise: until the reviews of a turn are all in, a checker sees nobody else's vote
or comment; the author sees feedback only when the turn has ended for them, and never who said it.

Pure: the answer depends on the row, the request's state and who looks.
"""

from __future__ import annotations

from enum import StrEnum

from egress.states import BLIND, FED_BACK, State, Who
from governance.store.airlock import EgressComment, EgressRequest, EgressVote


class Audience(StrEnum):
    """For whom a comment is written."""

    CHECKERS = "checkers"
    AUTHOR = "author"


def can_see_vote(request: EgressRequest, vote: EgressVote, viewer: str, part: Who) -> bool:
    """Whether `viewer`, in that part, may see who gave this vote and what it says."""
    if part is Who.AUTHOR:
        return False
    return vote.checker == viewer or not _is_blind(request, vote.turn)


def can_see_comment(request: EgressRequest, comment: EgressComment, viewer: str, part: Who) -> bool:
    """Whether `viewer`, in that part, may read this comment."""
    if comment.author in (viewer, request.author):
        return True
    if part is Who.AUTHOR:
        return comment.visibility == Audience.AUTHOR and has_feedback(request, comment.turn)
    return not _is_blind(request, comment.turn)


def can_see_names(part: Who) -> bool:
    """Whether comments are shown with the checker's name."""
    return part is not Who.AUTHOR


def has_feedback(request: EgressRequest, turn: int) -> bool:
    """Whether that turn has ended for the author."""
    return turn < request.turn or State(request.state) in FED_BACK


def _is_blind(request: EgressRequest, turn: int) -> bool:
    return turn == request.turn and State(request.state) in BLIND
