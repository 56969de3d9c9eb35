"""Closed lists of words that applications are made of, each with what people read."""

from __future__ import annotations

from enum import StrEnum


class Words(StrEnum):
    """A closed list whose values people may read with their underscores as spaces."""

    @property
    def words(self) -> str:
        """For people: `approve with conditions`."""
        return self.value.replace("_", " ")


class Kind(Words):
    """What an application asks for."""

    PROJECT = "project"
    AMENDMENT = "amendment"
    RENEWAL = "renewal"


class MemberKind(Words):
    """As what somebody sits in the review group."""

    PUBLIC = "public"
    CONTROLLER = "controller"
    EXPERT = "expert"
    CHAIR = "chair"


class Outcome(Words):
    """What a member votes for, and what the group decides."""

    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve_with_conditions"
    RESUBMIT = "resubmit"
    REJECT = "reject"

    @property
    def is_approval(self) -> bool:
        """Whether a project may come of it."""
        return self in (Outcome.APPROVE, Outcome.APPROVE_WITH_CONDITIONS)


class Answer(Words):
    """What a contributing controller says of a source."""

    AGREE = "agree"
    REFUSE = "refuse"


class OnRefusal(Words):
    """What follows where a controller refused, or did not answer in time."""

    BLOCK = "block"  # nothing of the application is approved
    TAKE_OUT = "take_out"  # every table that the source feeds is left out of the grants


class OrderState(Words):
    """Where an ordered extract is."""

    ORDERED = "ordered"
    BUILDING = "building"
    BUILT = "built"
    FAILED = "failed"
