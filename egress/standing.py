"""Where a request stands, in words: who has the move, since when, until when, and what happens next. Promise: there is
a reason for every state, and nobody reads in it what egress.visibility would hide.

Pure: the answer depends on the request's row, the part of who reads and the moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from egress.directions import is_incoming
from egress.limits import AirlockLimits
from egress.states import EDITABLE, RESTING, State, Who, public_state
from governance.store.airlock import EgressRequest


class Holder(StrEnum):
    """Who has the move."""

    AUTHOR = "the author"
    CHECKERS = "the output checkers"
    THIRD = "a further output checker"
    CONTROLLER = "the controller's delegate"
    SERVICE = "the service"
    NOBODY = "nobody"


_H = Holder
HOLDERS: Mapping[State, Holder] = {
    State.DRAFT: _H.AUTHOR,
    State.SUBMITTED: _H.SERVICE,
    State.SCREENING: _H.SERVICE,
    State.BLOCKED: _H.SERVICE,
    State.IN_REVIEW: _H.CHECKERS,
    State.THIRD_OPINION: _H.THIRD,
    State.REVIEWED: _H.CHECKERS,
    State.AWAIT_CONTROLLER: _H.CONTROLLER,
    State.RETURNED: _H.AUTHOR,
    State.REJECTED: _H.NOBODY,
    State.APPROVED: _H.SERVICE,
    State.RELEASING: _H.SERVICE,
    State.RELEASE_FAILED: _H.SERVICE,
    State.RELEASED: _H.NOBODY,
    State.RECALLED: _H.AUTHOR,
    State.WITHDRAWN: _H.NOBODY,
}
#: What happens next, for the author and for everybody else. `{checkers}`: how many must agree, in words.
NEXT: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("Add your files, say what they show and submit.", "Its author has not submitted it yet."),
    State.SUBMITTED: ("The automatic checks start by themselves.", "The automatic checks come first."),
    State.SCREENING: ("The automatic checks are running.", "The automatic checks are running."),
    State.BLOCKED: ("A check found what may not leave; it comes back to you.", "It goes back to its author."),
    State.IN_REVIEW: (
        "{Checkers} look at it, each without knowing what the others say.",
        "{Checkers} must look at it.",
    ),
    State.THIRD_OPINION: (
        "",
        "The reviews differ on a file, so one more output checker is asked, who decides by majority.",
    ),
    State.REVIEWED: ("The reviews are in; the checkers conclude.", "The reviews are in: compare them, then conclude."),
    State.AWAIT_CONTROLLER: (
        "The checkers agree; the data controller's delegate decides.",
        "The checkers agree; the data controller's delegate decides.",
    ),
    State.RETURNED: (
        "It came back to you: read the findings and comments, mend the files and submit again.",
        "It went back to its author.",
    ),
    State.REJECTED: ("It was rejected; the comments say why. A new request is needed.", "It was rejected."),
    State.APPROVED: (
        "It is approved and will be released by itself.",
        "It is approved and will be released by itself.",
    ),
    State.RELEASING: ("It is being released.", "It is being released."),
    State.RELEASE_FAILED: (
        "The release broke off and nothing has left. The service tries again; if that fails, a checker returns it.",
        "The release broke off and nothing has left. The service tries again; you may try now, or return it.",
    ),
    State.RELEASED: ("Your files are ready to fetch.", "It was released."),
    State.RECALLED: ("It was recalled: delete every copy and follow the comment.", "It was recalled."),
    State.WITHDRAWN: ("You withdrew it.", "Its author withdrew it."),
}
#: The same of what is brought in, where it differs.
NEXT_IN: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("Add your files, say what they are for and submit.", "Its author has not submitted it yet."),
    State.BLOCKED: ("A check found what may not come in; it comes back to you.", "It goes back to its author."),
    State.IN_REVIEW: ("{Checkers} must look at it.", "{Checkers} must look at it."),
    State.REVIEWED: ("The review is in; a checker concludes.", "The review is in: conclude."),
    State.APPROVED: (
        "It is approved and will be brought in by itself.",
        "It is approved and will be brought in by itself.",
    ),
    State.RELEASING: ("It is being brought in.", "It is being brought in."),
    State.RELEASE_FAILED: (
        "Bringing it in broke off, nothing has changed. The service tries again; if that fails, a checker returns it.",
        "Bringing it in broke off, nothing has changed. The service tries again; you may try now, or return it.",
    ),
    State.RELEASED: (
        "Your files are in every workspace of the project, in the folder imports.",
        "It is in every workspace of the project, in the folder imports.",
    ),
    State.RECALLED: (
        "It was recalled and taken out of the workspaces: delete every copy you made and follow the comment.",
        "It was recalled and taken out of the workspaces.",
    ),
}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class Standing:
    """Where a request stands for one reader. `since`, `due_at`, `overdue` are None and False where nothing is awaited
    of a reviewer; `words` is one or two sentences for a page."""

    holder: Holder
    since: datetime
    due_at: datetime | None
    overdue: bool
    words: str


def standing_of(request: EgressRequest, part: Who, limits: AirlockLimits, moment: datetime) -> Standing:
    """The standing of a request for a reader in that part, at that moment."""
    state = public_state(State(request.state), part)
    holder, since = HOLDERS[state], _since(request, part, state)
    due = request.due_at if state not in RESTING else None
    overdue = due is not None and due < moment
    told = (NEXT_IN.get(state) if is_incoming(request) else None) or NEXT[state]
    return Standing(holder, since, due, overdue, _say(state, part, told, limits, since, due, moment))


def _since(request: EgressRequest, part: Who, state: State) -> datetime:
    """`moved_at` tells when two reviews came to differ, which is not for the author."""
    seen_by_author = part is Who.AUTHOR and state not in EDITABLE
    return request.changed_at if seen_by_author else request.moved_at or request.changed_at


def _say(
    state: State,
    part: Who,
    following: tuple[str, str],
    limits: AirlockLimits,
    since: datetime,
    due: datetime | None,
    moment: datetime,
) -> str:
    checkers = f"{NUMBERS[min(limits.approvals, len(NUMBERS) - 1)]} output checker{'s' * (limits.approvals != 1)}"
    told = following[part is not Who.AUTHOR].format(Checkers=checkers.capitalize())
    holder = HOLDERS[state]
    if holder is Holder.NOBODY:
        return told
    who = checkers if state is State.IN_REVIEW else holder.value
    if holder is Holder.AUTHOR:
        who = "you" if part is Who.AUTHOR else "its author"
    lead = f"With {who} since {say_day(since, moment)}"
    if due is not None:
        lead += f"; {'was due' if due < moment else 'due'} by {say_day(due, moment)}"
    return f"{lead}. {told}"


def say_day(day: datetime, moment: datetime) -> str:
    """The day as people say it: today, a weekday within a week, else the date."""
    distance = (day.date() - moment.date()).days
    if distance in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[distance + 1]
    return f"{day:%A}" if abs(distance) < 7 else f"{day.day} {day:%B %Y}"
