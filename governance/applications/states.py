"""An application's states and every way between them, as data. Promise: an application changes state along a row of
TRANSITIONS or not at all, and each row names who may do it, when, and the one audit event it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.applications.kinds import Words
from governance.refusal import Refusal


class State(Words):
    """Where an application is. The value is what the register stores."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CLARIFICATION = "clarification"
    IN_REVIEW = "in_review"
    WITH_CONTROLLERS = "with_controllers"
    APPROVED = "approved"
    APPROVED_WITH_CONDITIONS = "approved_with_conditions"
    RESUBMIT = "resubmit"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Action(Words):
    """What moves an application, or is done with it where it is."""

    START = "start"
    SAVE = "save"
    SUBMIT = "submit"
    ASK = "ask"
    ACCEPT = "accept"
    CONCLUDE = "conclude"
    ANSWER = "answer"
    APPROVE = "approve"
    REFER_BACK = "refer_back"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


class Who(StrEnum):
    """In which part somebody acts; checked against the register in governance.applications.parts."""

    APPLICANT = "applicant"
    STEWARD = "data steward"
    MEMBER = "review-group member"
    CHAIR = "chair"
    DELEGATE = "controller's delegate"
    SERVICE = "service"


@dataclass(frozen=True)
class Transition:
    """One way between two states. `source` None is the start; `condition`: when."""

    source: State | None
    action: Action
    target: State
    who: Who
    condition: str
    event: str


_S, _A = State, Action
TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _A.START, _S.DRAFT, Who.APPLICANT, "registered and not suspended", "application.started"),
    Transition(_S.DRAFT, _A.SUBMIT, _S.SUBMITTED, Who.APPLICANT, "complete", "application.submitted"),
    Transition(_S.CLARIFICATION, _A.SUBMIT, _S.SUBMITTED, Who.APPLICANT, "complete", "application.submitted"),
    Transition(_S.RESUBMIT, _A.SUBMIT, _S.SUBMITTED, Who.APPLICANT, "complete", "application.submitted"),
    Transition(_S.SUBMITTED, _A.ASK, _S.CLARIFICATION, Who.STEWARD, "with a question", "application.asked"),
    Transition(_S.SUBMITTED, _A.ACCEPT, _S.IN_REVIEW, Who.STEWARD, "fit to be voted on", "application.accepted"),
    Transition(
        _S.IN_REVIEW, _A.ASK, _S.CLARIFICATION, Who.CHAIR, "with a question; ends the round", "application.asked"
    ),
    Transition(
        _S.IN_REVIEW,
        _A.CONCLUDE,
        _S.WITH_CONTROLLERS,
        Who.CHAIR,
        "quorum, and the votes approve",
        "application.voted_for",
    ),
    Transition(_S.IN_REVIEW, _A.CONCLUDE, _S.RESUBMIT, Who.CHAIR, "quorum, otherwise", "application.sent_back"),
    Transition(
        _S.IN_REVIEW, _A.CONCLUDE, _S.REJECTED, Who.CHAIR, "quorum, and the votes reject", "application.rejected"
    ),
    Transition(
        _S.WITH_CONTROLLERS, _A.REFER_BACK, _S.RESUBMIT, Who.CHAIR, "a controller refused", "application.sent_back"
    ),
    Transition(
        _S.WITH_CONTROLLERS,
        _A.APPROVE,
        _S.APPROVED,
        Who.CHAIR,
        "every controller agreed, minutes signed, nothing changed since",
        "application.approved",
    ),
    Transition(
        _S.WITH_CONTROLLERS,
        _A.APPROVE,
        _S.APPROVED_WITH_CONDITIONS,
        Who.CHAIR,
        "the same, with conditions",
        "application.approved",
    ),
    *(
        Transition(
            source, _A.WITHDRAW, _S.WITHDRAWN, Who.APPLICANT, "any time before it is decided", "application.withdrawn"
        )
        for source in (_S.DRAFT, _S.SUBMITTED, _S.CLARIFICATION, _S.IN_REVIEW, _S.WITH_CONTROLLERS, _S.RESUBMIT)
    ),
    *(
        Transition(source, _A.LAPSE, _S.LAPSED, Who.SERVICE, "not answered in time", "application.lapsed")
        for source in (_S.CLARIFICATION, _S.RESUBMIT)
    ),
)
EDITABLE = frozenset({State.DRAFT, State.CLARIFICATION, State.RESUBMIT})
APPROVED = frozenset({State.APPROVED, State.APPROVED_WITH_CONDITIONS})
ENDED = APPROVED | {State.REJECTED, State.WITHDRAWN, State.LAPSED}
#: An application that waits for its applicant so long lapses.
LAPSES_AFTER_DAYS = 180

#: Who has the move in each state, and what people read of it.
MOVES: Mapping[State, tuple[Who | None, str]] = {
    State.DRAFT: (Who.APPLICANT, "Being written. Nobody but those named in it sees it."),
    State.SUBMITTED: (Who.STEWARD, "Waits for a data steward, who checks that it can be voted on."),
    State.CLARIFICATION: (Who.APPLICANT, "Something was asked. Answer in the form and submit it again."),
    State.IN_REVIEW: (Who.MEMBER, "Before the review group: members declare conflicts and vote."),
    State.WITH_CONTROLLERS: (Who.DELEGATE, "The group voted for it. Each contributing controller must agree."),
    State.APPROVED: (None, "Approved: the project is there, its data are ordered."),
    State.APPROVED_WITH_CONDITIONS: (None, "Approved: the project is there, with conditions to be met."),
    State.RESUBMIT: (Who.APPLICANT, "Sent back: change what was asked and submit it again."),
    State.REJECTED: (None, "Rejected. The minutes say why."),
    State.WITHDRAWN: (None, "Withdrawn by its applicant."),
    State.LAPSED: (None, "Lapsed: it waited too long for its applicant."),
}


def find_transition(source: State | None, action: Action, target: State) -> Transition:
    """The row. Raises Refusal `wrong-state` if there is none."""
    for row in TRANSITIONS:
        if (row.source, row.action, row.target) == (source, action, target):
            return row
    raise wrong_state(source, action)


def check_state(source: State, action: Action) -> None:
    """That some row leads out of `source` by `action`. Raises Refusal `wrong-state`."""
    if not any(row.source == source and row.action == action for row in TRANSITIONS):
        raise wrong_state(source, action)


def wrong_state(source: State | None, action: Action) -> Refusal:
    """The refusal for an action that the present state does not have."""
    state = source.words if source else "not there"
    return Refusal(
        "wrong-state",
        f"The application is {state}: this cannot be done now ({action.words}).",
        "Open it again to see where it is.",
    )
