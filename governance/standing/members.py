"""What stands in a member's way: the membership's own dates and the courses of their role in the project."""

from __future__ import annotations

from collections.abc import Iterator

from governance.standing.reason import ASK, Reason
from governance.standing.rules import Rules
from governance.standing.training import reasons_of_training
from governance.store.people import Person
from governance.store.projects import Membership


def reasons_of_membership(person: Person, membership: Membership, rules: Rules) -> Iterator[Reason]:
    """What keeps the holder of this membership from using it; person and project are judged apart."""
    if not membership.starts_on <= rules.day <= membership.until:
        words = "Your membership of this project is not in force."
        begins = membership.starts_on if rules.day < membership.starts_on else None
        yield Reason("membership-expired", words, ASK, begins, None if begins else membership.until)
    yield from reasons_of_training(person.training, (membership.role,), rules, prefix="role-")
