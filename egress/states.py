"""The airlock's states and every way between them, as data. Promise: a request changes state along a row of TRANSITIONS
or not at all, and each row names who may do it, when, and the one audit event it writes.

The rows are the state diagram of docs/explanation/airlock.md (made from here by egress.diagram).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from egress.directions import BOTH, IN, Direction
from governance.refusal import Refusal


class State(StrEnum):
    """Where a request is. The value is what the register stores."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCREENING = "screening"
    BLOCKED = "blocked"
    IN_REVIEW = "in_review"
    PART_REVIEWED = "part_reviewed"
    THIRD_OPINION = "third_opinion"
    REVIEWED = "reviewed"
    AWAIT_CONTROLLER = "await_controller"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    RELEASING = "releasing"
    RELEASE_FAILED = "release_failed"
    RELEASED = "released"
    RECALLED = "recalled"
    WITHDRAWN = "withdrawn"

    @property
    def words(self) -> str:
        """For people: `part reviewed`."""
        return self.value.replace("_", " ")


class Action(StrEnum):
    """What can be done with a request. The first group moves it; the second leaves it where it is."""

    CREATE = "create"
    SUBMIT = "submit"
    SCREEN = "screen"
    PASS = "pass"  # noqa: S105  (not a password)
    BLOCK = "block"
    RETURN_BLOCKED = "return_blocked"
    VOTE = "vote"
    CONCLUDE = "conclude"
    DECIDE = "decide"
    RELEASE = "release"
    FINISH_RELEASE = "finish_release"
    FAIL_RELEASE = "fail_release"
    REOPEN = "reopen"
    RECALL = "recall"
    WITHDRAW = "withdraw"

    DESCRIBE = "describe"
    ADD_FILE = "add_file"
    REMOVE_FILE = "remove_file"
    GROUP = "group"
    COMMENT = "comment"
    VIEW = "view"
    PREVIEW = "preview"
    DOWNLOAD = "download"


class Who(StrEnum):
    """In which part somebody acts. People's parts are checked against the register in egress.permissions."""

    AUTHOR = "author"
    CHECKER = "output checker"
    CONTROLLER = "controller's delegate"
    ADMINISTRATOR = "administrator"
    SCREENING = "screening service"
    RELEASE = "release service"


@dataclass(frozen=True)
class Transition:
    """One way between two states. `source` None is the start; `condition` is the name that policies and docs use;
    `directions`: of which requests it is a way; `event` is that of what goes out (egress.directions.event_name)."""

    source: State | None
    action: Action
    target: State
    who: tuple[Who, ...]
    condition: str
    event: str
    directions: tuple[Direction, ...] = BOTH


_AUTHOR, _CHECKER, _CONTROLLER = (Who.AUTHOR,), (Who.CHECKER,), (Who.CONTROLLER,)
_SCREENING, _RELEASE = (Who.SCREENING,), (Who.RELEASE,)
_ONE = (IN,)  # one review is enough for what comes in, never for what goes out
_S, _A = State, Action

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _A.CREATE, _S.DRAFT, _AUTHOR, "live member", "egress.drafted"),
    Transition(_S.DRAFT, _A.SUBMIT, _S.SUBMITTED, _AUTHOR, "complete and unchanged", "egress.submitted"),
    Transition(_S.RETURNED, _A.SUBMIT, _S.SUBMITTED, _AUTHOR, "complete and unchanged", "egress.submitted"),
    Transition(_S.SUBMITTED, _A.SCREEN, _S.SCREENING, _SCREENING, "at once", "egress.screening_started"),
    Transition(_S.SCREENING, _A.PASS, _S.IN_REVIEW, _SCREENING, "no FAIL, or a written exception", "egress.screened"),
    Transition(_S.SCREENING, _A.BLOCK, _S.BLOCKED, _SCREENING, "a FAIL without exception", "egress.blocked"),
    Transition(_S.BLOCKED, _A.RETURN_BLOCKED, _S.RETURNED, _SCREENING, "at once", "egress.returned"),
    Transition(_S.IN_REVIEW, _A.VOTE, _S.IN_REVIEW, _CHECKER, "no review complete", "egress.voted"),
    Transition(_S.IN_REVIEW, _A.VOTE, _S.PART_REVIEWED, _CHECKER, "a first review complete", "egress.voted"),
    Transition(_S.IN_REVIEW, _A.VOTE, _S.REVIEWED, _CHECKER, "one review is enough", "egress.voted", _ONE),
    Transition(_S.IN_REVIEW, _A.VOTE, _S.THIRD_OPINION, _CHECKER, "reviewers differ", "egress.voted", _ONE),
    Transition(_S.PART_REVIEWED, _A.VOTE, _S.PART_REVIEWED, _CHECKER, "too few reviews complete", "egress.voted"),
    Transition(_S.PART_REVIEWED, _A.VOTE, _S.REVIEWED, _CHECKER, "enough reviews complete", "egress.voted"),
    Transition(_S.PART_REVIEWED, _A.VOTE, _S.THIRD_OPINION, _CHECKER, "complete reviews differ", "egress.voted"),
    Transition(_S.THIRD_OPINION, _A.VOTE, _S.THIRD_OPINION, _CHECKER, "the further review incomplete", "egress.voted"),
    Transition(_S.THIRD_OPINION, _A.VOTE, _S.REVIEWED, _CHECKER, "the further review complete", "egress.voted"),
    Transition(_S.THIRD_OPINION, _A.REOPEN, _S.RETURNED, _CHECKER, "nobody is left to give it", "egress.reopened"),
    Transition(_S.REVIEWED, _A.CONCLUDE, _S.APPROVED, _CHECKER, "every file approved", "egress.approved"),
    Transition(
        _S.REVIEWED,
        _A.CONCLUDE,
        _S.AWAIT_CONTROLLER,
        _CHECKER,
        "approved, with a FAIL or a sensitive source",
        "egress.referred",
    ),
    Transition(_S.REVIEWED, _A.CONCLUDE, _S.REJECTED, _CHECKER, "a file rejected", "egress.rejected"),
    Transition(_S.REVIEWED, _A.CONCLUDE, _S.RETURNED, _CHECKER, "otherwise", "egress.returned"),
    Transition(_S.AWAIT_CONTROLLER, _A.DECIDE, _S.APPROVED, _CONTROLLER, "decides so", "egress.approved"),
    Transition(_S.AWAIT_CONTROLLER, _A.DECIDE, _S.RETURNED, _CONTROLLER, "decides so", "egress.returned"),
    Transition(_S.AWAIT_CONTROLLER, _A.DECIDE, _S.REJECTED, _CONTROLLER, "decides so", "egress.rejected"),
    Transition(_S.APPROVED, _A.RELEASE, _S.RELEASING, _RELEASE, "author in force, in budget", "egress.release_started"),
    Transition(_S.RELEASE_FAILED, _A.RELEASE, _S.RELEASING, _RELEASE, "tried again", "egress.release_started"),
    Transition(_S.RELEASING, _A.FINISH_RELEASE, _S.RELEASED, _RELEASE, "bytes as approved", "egress.released"),
    Transition(_S.RELEASING, _A.FAIL_RELEASE, _S.RELEASE_FAILED, _RELEASE, "otherwise", "egress.release_failed"),
    Transition(_S.APPROVED, _A.REOPEN, _S.RETURNED, _CHECKER, "cannot be released", "egress.reopened"),
    Transition(_S.RELEASE_FAILED, _A.REOPEN, _S.RETURNED, _CHECKER, "cannot be released", "egress.reopened"),
    Transition(
        _S.RELEASED, _A.RECALL, _S.RECALLED, (Who.CHECKER, Who.ADMINISTRATOR), "with a reason", "egress.recalled"
    ),
    Transition(_S.DRAFT, _A.WITHDRAW, _S.WITHDRAWN, _AUTHOR, "any time", "egress.withdrawn"),
    Transition(_S.RETURNED, _A.WITHDRAW, _S.WITHDRAWN, _AUTHOR, "any time", "egress.withdrawn"),
)

#: No way leads out of these, but for RELEASED -> RECALLED.
TERMINAL = frozenset({State.RELEASED, State.RECALLED, State.REJECTED, State.WITHDRAWN})
EDITABLE = frozenset({State.DRAFT, State.RETURNED})
#: States in which no reviewer has anything to do.
RESTING = TERMINAL | EDITABLE
#: States of a review, in which a later one is never followed by an earlier one of the same turn.
VOTING = (State.IN_REVIEW, State.PART_REVIEWED, State.THIRD_OPINION, State.REVIEWED)
#: States in which the reviews of the present turn are not all in: checkers are blind to one another, the author to all.
BLIND = frozenset({State.SUBMITTED, State.SCREENING, State.IN_REVIEW, State.PART_REVIEWED, State.THIRD_OPINION})
#: States in which the present turn has ended for the author, who may now read its feedback.
FED_BACK = frozenset(State) - BLIND - {State.DRAFT, State.BLOCKED, State.REVIEWED, State.AWAIT_CONTROLLER}


def public_state(state: State, part: Who = Who.AUTHOR) -> State:
    """The state as somebody in that part may know it: that one of two reviews is in is nobody's business, and that two
    differ is the reviewers' only."""
    if state is State.PART_REVIEWED or (state is State.THIRD_OPINION and part is Who.AUTHOR):
        return State.IN_REVIEW
    return state


def find_transition(source: State | None, action: Action, target: State, direction: Direction) -> Transition:
    """The row. Raises Refusal `wrong-state` if requests of that direction have none."""
    for row in TRANSITIONS:
        if (row.source, row.action, row.target) == (source, action, target) and direction in row.directions:
            return row
    raise wrong_state(source, action)


def check_state(source: State, action: Action) -> None:
    """That some row leads out of `source` by `action`. Raises Refusal `wrong-state`."""
    if not any(row.source == source and row.action == action for row in TRANSITIONS):
        raise wrong_state(source, action)


def wrong_state(source: State | None, action: Action) -> Refusal:
    """The refusal for an action that the present state does not have."""
    state = public_state(source).words if source else "not there"
    return Refusal(
        "wrong-state",
        f"The request is {state}: this cannot be done now ({action.value.replace('_', ' ')}).",
        "Open the request again to see where it is.",
    )
