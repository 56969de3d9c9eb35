"""The words of opt-outs: kinds, statuses, uses. What each kind closes is not here but in `deny.toml`."""

from __future__ import annotations

from enum import StrEnum

from governance.roles import Purpose


class Use(StrEnum):
    """What records are used for. Projects have the last three; the first is care of the person themselves."""

    DIRECT_CARE = "direct_care"
    LOCAL_PLANNING = "local_planning"
    LOCAL_RESEARCH = "local_research"
    NATIONAL = "national"

    @classmethod
    def of(cls, purpose: Purpose) -> Use:
        """The use that a project's purpose is."""
        return cls(purpose.value)


class Kind(StrEnum):
    """What a person can have asked for, in the order in which the first that applies is named as the reason."""

    GDPR_OBJECTION = "gdpr_objection"
    TYPE_1 = "type_1"
    LOCAL = "local"
    NATIONAL = "national"
    SUMMARY_CARE_RECORD = "summary_care_record"


#: Reason for people whom the check service has not been asked about, or whose answer is too old. Not a wish of theirs:
#: nobody knows their wish, which closes the same as a national opt-out.
UNANSWERED = "national_unanswered"
#: Reasons in their fixed order; the first that applies to a person and feed is the one that is counted.
REASONS: tuple[str, ...] = (
    Kind.GDPR_OBJECTION,
    Kind.TYPE_1,
    Kind.LOCAL,
    Kind.NATIONAL,
    UNANSWERED,
    Kind.SUMMARY_CARE_RECORD,
)


class Status(StrEnum):
    """Where an opt-out stands. `pending`, `upheld` and `declined` are of GDPR objections, `active` of all others."""

    ACTIVE = "active"
    PENDING = "pending"
    UPHELD = "upheld"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


#: These end what was said before them; all others are opt-outs in force.
ENDING = frozenset({Status.DECLINED, Status.WITHDRAWN})
#: What may be said of which kind.
STATUSES: dict[Kind, frozenset[Status]] = {
    kind: frozenset({Status.PENDING, Status.UPHELD, Status.DECLINED, Status.WITHDRAWN})
    if kind is Kind.GDPR_OBJECTION
    else frozenset({Status.ACTIVE, Status.WITHDRAWN})
    for kind in Kind
}
#: National opt-outs are nobody's to record but the check service's: its answer says who may be used.
LOADED_KINDS = frozenset(Kind) - {Kind.NATIONAL}
