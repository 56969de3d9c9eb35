"""What stands in a project's way: a stop, its status, its dates, overdue conditions, any approval that is missing, has
ended or not begun.
"""

from __future__ import annotations

from collections.abc import Iterator

from governance.roles import ApprovalKind, ProjectStatus, StopScope
from governance.standing.periods import Cover, Covered, find_cover
from governance.standing.reason import ASK, Reason
from governance.standing.rules import Rules
from governance.store.projects import Project

NAMES = {
    ApprovalKind.ETHICS: "ethics approval",
    ApprovalKind.DPIA: "data protection impact assessment",
    ApprovalKind.LEGAL_BASIS: "legal basis",
    ApprovalKind.SPONSOR: "sponsor",
    ApprovalKind.CONTROLLER_AGREEMENT: "agreement of the data controller",
}
STATES = {
    Cover.MISSING: "is not on record",
    Cover.NOT_STARTED: "is not in force yet",
    Cover.EXPIRED: "has ended",
}


def reasons_of_project(project: Project, rules: Rules) -> Iterator[Reason]:
    """Everything that keeps the project from being worked in, in the order in which it is said."""
    stop = rules.find_stop(StopScope.PROJECT, project.slug)
    if stop is not None:
        yield Reason("project-stopped", "All work in this project was stopped.", ASK, since=stop.since)
    if project.status != ProjectStatus.ACTIVE:
        yield Reason("project-not-active", f"The project is {project.status}.", ASK)
    if rules.day < project.starts_on:
        words = f"The project starts on {project.starts_on}."
        yield Reason("project-not-started", words, ASK, since=project.starts_on)
    if project.ends_on < rules.day:
        words = f"The project ended on {project.ends_on}."
        yield Reason("project-ended", words, "Apply for a renewal.", until=project.ends_on)
    if project.slug in rules.overdue:
        words = "A condition of the project's approval is overdue."
        yield Reason("condition-overdue", words, "Its owner brings the evidence, and somebody else closes it.")
    for kind, party, found in approvals_of_project(project, rules):
        if not found.in_force:
            yield _say(kind, party, found)


def approvals_of_project(project: Project, rules: Rules) -> Iterator[tuple[ApprovalKind, str, Covered]]:
    """Each approval that the project needs or has on record, by kind and party, and how it covers the day. One that was
    recorded must be kept in force, required or not: each contributing controller's agreement counts by itself."""
    needed = rules.required_approvals(project.purpose)
    live = [row for row in project.approvals if row.withdrawn_at is None]
    for kind in ApprovalKind:
        of_kind = [row for row in live if row.kind == kind]
        if kind in needed and not of_kind:
            yield kind, "", find_cover((), rules.day)
        for party in sorted({_party(kind, row.party) for row in of_kind}):
            rows = [row for row in of_kind if _party(kind, row.party) == party]
            yield kind, party, find_cover(rows, rules.day)


def missing_approvals(project: Project, rules: Rules) -> tuple[Reason, ...]:
    """What must be recorded or renewed before the project may become active; one that begins later may wait."""
    bad = (Cover.MISSING, Cover.EXPIRED)
    found = approvals_of_project(project, rules)
    return tuple(_say(kind, party, covered) for kind, party, covered in found if covered.cover in bad)


def _party(kind: ApprovalKind, party: str) -> str:
    """Only controllers each need their own."""
    return party if kind is ApprovalKind.CONTROLLER_AGREEMENT else ""


def _say(kind: ApprovalKind, party: str, found: Covered) -> Reason:
    name = f"The project's {NAMES[kind]}" + (f" ({party})" if party else "")
    day = f" ({found.until or found.since})" if found.until or found.since else ""
    remedy = "An administrator or data steward records or renews it."
    return Reason(f"approval-{found.cover}", f"{name} {STATES[found.cover]}{day}.", remedy, found.since, found.until)
