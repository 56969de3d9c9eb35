"""The refusals of standing in their own words, each made by the rule itself from an example."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from docs.pages.refusal_sources import Found
from governance.access import NO_SUCH_PROJECT, NOT_A_MEMBER, NOT_REGISTERED
from governance.roles import ApprovalKind, Capability, ProjectStatus, Purpose, StopScope
from governance.standing import Reason, Rules, reasons_of_membership, reasons_of_person, reasons_of_project
from governance.standing.rules import CourseRule, StopRule
from governance.store.approvals import ProjectApproval
from governance.store.people import Affiliation, Organisation, OrganisationAgreement, Person, TrainingRecord
from governance.store.projects import Membership, Project

DAY = date(2030, 6, 1)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
#: (first day, last day) of something that ended, that has not begun, that is in force.
ENDED, COMING, NOW = (BEFORE, BEFORE), (AFTER, AFTER), (DAY, DAY)
COURSE, BASIC = "leading-studies", "safe-researcher"
PERIODS = ((), (COMING,), (ENDED,))


def standing_refusals() -> Iterator[Found]:
    """What a question can meet, once each, in the order in which it is said."""
    said: dict[str, Found] = {}
    for reason in _reasons():
        said.setdefault(reason.code, Found(reason.code, reason.words, reason.remedy))
    yield from said.values()


def _reasons() -> Iterator[Reason]:
    yield NOT_REGISTERED
    stops = (StopRule(StopScope.PERSON, "s", DAY), StopRule(StopScope.PROJECT, "p", DAY))
    yield from reasons_of_person(_person(suspended_at=datetime(2030, 5, 1, tzinfo=UTC)), _rules(stops))
    for periods in PERIODS:
        yield from reasons_of_person(_person(affiliated=periods), _rules())
        yield from reasons_of_person(_person(agreed=periods), _rules())
        yield from reasons_of_person(_person(trained=periods), _rules())
    yield NOT_A_MEMBER
    membership = Membership(role="principal_investigator", starts_on=BEFORE, until=BEFORE)
    for periods in PERIODS:
        yield from reasons_of_membership(_person(led=periods), membership, _rules())
    yield NO_SUCH_PROJECT
    yield from reasons_of_project(_project(), _rules(stops))
    yield from reasons_of_project(_project(status=ProjectStatus.SUSPENDED), _rules())
    yield from reasons_of_project(_project(dates=COMING), _rules())
    yield from reasons_of_project(_project(dates=ENDED), _rules())
    for periods in PERIODS:
        yield from reasons_of_project(_project(approved=periods), _rules())


def _rules(stops: tuple[StopRule, ...] = ()) -> Rules:
    courses = (
        CourseRule(BASIC, "Safe researcher training", frozenset({Capability.EVERYBODY})),
        CourseRule(COURSE, "Leading studies", frozenset({Capability.PRINCIPAL_INVESTIGATOR})),
    )
    approvals = {kind.value: frozenset[str]() for kind in ApprovalKind}
    approvals[ApprovalKind.ETHICS.value] = frozenset(Purpose)
    return Rules(DAY, courses, frozenset(), approvals, stops)


def _person(
    affiliated: tuple[tuple[date, date], ...] = (NOW,),
    agreed: tuple[tuple[date, date], ...] = (NOW,),
    trained: tuple[tuple[date, date], ...] = (NOW,),
    led: tuple[tuple[date, date], ...] = (NOW,),
    suspended_at: datetime | None = None,
) -> Person:
    agreements = [OrganisationAgreement(starts_on=first, until=last) for first, last in agreed]
    home = Organisation(name="o", agreements=agreements)
    taken = [(BASIC, period) for period in trained] + [(COURSE, period) for period in led]
    return Person(
        subject="s",
        suspended_at=suspended_at,
        affiliations=[Affiliation(organisation=home, starts_on=first, until=last) for first, last in affiliated],
        training=[TrainingRecord(course=code, taken_on=first, expires_on=last) for code, (first, last) in taken],
    )


def _project(
    status: str = ProjectStatus.ACTIVE,
    dates: tuple[date, date] = NOW,
    approved: tuple[tuple[date, date], ...] = (NOW,),
) -> Project:
    kind = ApprovalKind.ETHICS.value
    approvals = [ProjectApproval(kind=kind, party="", starts_on=first, until=last) for first, last in approved]
    purpose = Purpose.NATIONAL.value
    return Project(slug="p", status=status, purpose=purpose, starts_on=dates[0], ends_on=dates[1], approvals=approvals)
