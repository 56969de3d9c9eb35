"""What stands in a person's way: stops, suspension, affiliations, agreements, training; what a role needs beside."""

from __future__ import annotations

from collections.abc import Iterator

from governance.roles import Capability, Role, StopScope
from governance.standing.periods import Cover, Covered, covers, find_cover
from governance.standing.reason import ASK, Reason
from governance.standing.rules import Rules
from governance.standing.training import reasons_of_training
from governance.store.people import Organisation, Person

AFFILIATION = {
    Cover.MISSING: "You are not affiliated to any organisation.",
    Cover.NOT_STARTED: "Your affiliation has not begun.",
    Cover.EXPIRED: "Your affiliation to an organisation has ended.",
}
AGREEMENT = {
    Cover.MISSING: ("agreement-missing", "There is no agreement with your organisation."),
    Cover.NOT_STARTED: ("agreement-not-started", "Your organisation's agreement has not begun."),
    Cover.EXPIRED: ("organisation-expired", "Your organisation's agreement has ended."),
}


def reasons_of_person(person: Person, rules: Rules) -> Iterator[Reason]:
    """Everything that keeps a registered person from any access, in the order in which it is said."""
    stop = rules.find_stop(StopScope.PERSON, person.subject)
    if stop is not None:
        yield Reason("person-stopped", "Your access was stopped.", ASK, since=stop.since)
    if person.suspended_at is not None:
        yield Reason("person-suspended", "Your access is suspended.", ASK, since=person.suspended_at.date())
    yield from reasons_of_affiliation(person, rules)
    yield from reasons_of_training(person.training, (Capability.EVERYBODY,), rules)


def reasons_of_affiliation(person: Person, rules: Rules) -> Iterator[Reason]:
    """At least one affiliation in force at an organisation whose agreement is in force."""
    held = [row for row in person.affiliations if covers(row, rules.day)]
    if not held:
        found = find_cover(person.affiliations, rules.day)
        code = f"affiliation-{found.cover}"
        yield Reason(code, AFFILIATION[found.cover], ASK, found.since, found.until)
        return
    agreements = [cover_of_organisation(row.organisation, rules) for row in held]
    if not any(found.in_force for found in agreements):
        code, words = AGREEMENT[agreements[-1].cover]
        yield Reason(code, words, ASK, agreements[-1].since, agreements[-1].until)


def cover_of_organisation(organisation: Organisation, rules: Rules) -> Covered:
    """How the organisation's agreements cover the day."""
    return find_cover(organisation.agreements, rules.day)


def reasons_of_role(person: Person, role: Role, rules: Rules) -> Iterator[Reason]:
    """What keeps a person who is in force from acting in a service role: that it is not held, or its courses."""
    if role not in {held.role for held in person.roles}:
        yield Reason("role-missing", f"This needs the role {role.replace('_', ' ')}.")
    yield from reasons_of_training(person.training, (role.value,), rules, prefix="role-")
