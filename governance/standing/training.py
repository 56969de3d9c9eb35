"""Which training counts, and what is missing for a capability. Promise: a course that is required and not in force is a
reason, whatever else was taken; a course that no rule knows must be kept in force by whoever has it on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from governance.roles import Capability
from governance.standing.periods import Cover
from governance.standing.reason import Reason
from governance.standing.rules import Rules
from governance.store.people import TrainingRecord

RENEW = "Take or renew the course and have it recorded."


def counted_record(records: Iterable[TrainingRecord], code: str, rules: Rules) -> TrainingRecord | None:
    """The newest record of the course that was not withdrawn and has begun."""
    counted = None
    for record in records:  # ordered by id
        has_begun = record.taken_on is None or record.taken_on <= rules.day
        if record.course == code and record.withdrawn_at is None and has_begun:
            counted = record
    return counted


def required_courses(records: Sequence[TrainingRecord], capabilities: Iterable[str], rules: Rules) -> Iterator[str]:
    """Codes of the courses that these capabilities need, given what the person took."""
    wanted = frozenset(capabilities)
    taken = {record.course for record in records if record.withdrawn_at is None}
    for course in rules.courses:
        held = Capability.HOLDER in course.required_for and Capability.EVERYBODY in wanted and course.code in taken
        if held or course.required_for & wanted:
            yield course.code
    if Capability.EVERYBODY in wanted:
        known = {course.code for course in rules.courses} | rules.withdrawn
        yield from sorted(taken - known)


def reasons_of_training(
    records: Sequence[TrainingRecord], capabilities: Iterable[str], rules: Rules, *, prefix: str = ""
) -> Iterator[Reason]:
    """What is missing of the training that these capabilities need. `prefix` comes before the codes `training-...`."""
    wanted = frozenset(capabilities)
    codes = tuple(required_courses(records, wanted, rules))
    if Capability.EVERYBODY in wanted and not codes and not any(record.withdrawn_at is None for record in records):
        yield Reason(
            f"{prefix}training-missing", "No training is on record for you.", "Complete the required training."
        )
    for code in codes:
        reason = _judge(records, code, rules, prefix)
        if reason is not None:
            yield reason


def _judge(records: Sequence[TrainingRecord], code: str, rules: Rules, prefix: str) -> Reason | None:
    counted, title = counted_record(records, code, rules), rules.title_of(code)
    if counted is not None:
        if counted.expires_on >= rules.day:
            return None
        words = f"Your training has expired: {title}."
        return Reason(f"{prefix}training-{Cover.EXPIRED}", words, RENEW, until=counted.expires_on)
    coming = [record.taken_on for record in records if record.course == code and record.withdrawn_at is None]
    begins = min((day for day in coming if day is not None), default=None)
    if begins is not None:
        words = f"Your training does not count before {begins}: {title}."
        return Reason(f"{prefix}training-{Cover.NOT_STARTED}", words, RENEW, since=begins)
    return Reason(f"{prefix}training-{Cover.MISSING}", f"This training is not on record for you: {title}.", RENEW)
