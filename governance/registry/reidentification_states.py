"""Re-identification as data: its states, every way between them, the legal grounds and the bounds. Promise: a request
moves along a row of TRANSITIONS or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from governance.refusal import Refusal

MOST_PEOPLE = 10  # pseudonyms in one request: re-identification is about persons, never about a cohort
MOST_REQUESTS_A_DAY = 5  # of one project, whatever became of them
KEYHOLDERS_NEEDED = 2


class State(StrEnum):
    """Where a request is. The value is what the register stores."""

    REQUESTED = "requested"
    APPROVED_BY_ONE = "approved_by_one"
    APPROVED = "approved"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def words(self) -> str:
        """For people: `approved by one`."""
        return self.value.replace("_", " ")


class Action(StrEnum):
    """What can be done with a request."""

    REQUEST = "request"
    APPROVE = "approve"
    REFUSE = "refuse"
    ANSWER = "answer"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


class Who(StrEnum):
    """In which part somebody acts."""

    REQUESTER = "requester"
    KEYHOLDER = "keyholder"
    CLINICIAN = "clinician"
    STEWARD = "data steward"
    CLOCK = "clock"


@dataclass(frozen=True)
class Transition:
    """One way between two states. `source` None is the start."""

    source: State | None
    action: Action
    target: State
    who: tuple[Who, ...]
    condition: str
    event: str


_ASKING, _KEYHOLDER, _CLINICIAN = (Who.REQUESTER, Who.STEWARD), (Who.KEYHOLDER,), (Who.CLINICIAN,)
_S, _A = State, Action
_OPEN = (State.REQUESTED, State.APPROVED_BY_ONE, State.APPROVED)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _A.REQUEST, _S.REQUESTED, _ASKING, "two keyholders enrolled", "reidentification.requested"),
    Transition(_S.REQUESTED, _A.APPROVE, _S.APPROVED_BY_ONE, _KEYHOLDER, "own key", "reidentification.approved"),
    Transition(
        _S.APPROVED_BY_ONE, _A.APPROVE, _S.APPROVED, _KEYHOLDER, "the other one, own key", "reidentification.approved"
    ),
    Transition(
        _S.APPROVED,
        _A.ANSWER,
        _S.ANSWERED,
        _CLINICIAN,
        "own key, everybody still in force",
        "reidentification.answered",
    ),
    *(Transition(s, _A.REFUSE, _S.REFUSED, _KEYHOLDER, "with a reason", "reidentification.refused") for s in _OPEN),
    *(Transition(s, _A.WITHDRAW, _S.WITHDRAWN, _ASKING, "any time", "reidentification.withdrawn") for s in _OPEN),
    *(Transition(s, _A.EXPIRE, _S.EXPIRED, (Who.CLOCK,), "time is up", "reidentification.expired") for s in _OPEN),
)
OPEN = frozenset(_OPEN)

#: Why somebody may be told who a person is. A place adds its own here, with its data protection officer.
LEGAL_GROUNDS: Mapping[str, str] = MappingProxyType(
    {
        "direct_care": "a finding matters for the care of the person (UK GDPR Art. 9(2)(h); implied consent)",
        "vital_interests": "to protect somebody's life (UK GDPR Art. 6(1)(d) and 9(2)(c))",
        "public_health_direction": "a direction to control a risk to public health (regulation 3 of SI 2002/1438)",
        "court_order": "an order of a court",
        "explicit_consent": "the person asked for it (UK GDPR Art. 9(2)(a))",
    }
)


def next_state(source: State | None, action: Action) -> Transition:
    """The row that leads on. Raises Refusal `wrong-state` if there is none."""
    for transition in TRANSITIONS:
        if (transition.source, transition.action) == (source, action):
            return transition
    state = source.words if source else "not there"
    raise Refusal(
        "wrong-state",
        f"The request is {state}: this cannot be done now ({action.value}).",
        "`sde reidentify list` shows where each request is.",
    )


def check_legal_ground(ground: str) -> str:
    """A ground on the list. Raises Refusal `unknown-legal-ground`."""
    if ground not in LEGAL_GROUNDS:
        raise Refusal(
            "unknown-legal-ground",
            "This is no legal ground for re-identification here.",
            f"Use one of: {', '.join(LEGAL_GROUNDS)}.",
        )
    return ground
