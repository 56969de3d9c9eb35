"""The demonstration register: the people, projects and grants that `sde demo` and the tests share. Never production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from governance.clock import today
from governance.registry.grants import grant_table
from governance.registry.members import add_member
from governance.registry.organisations import add_organisation
from governance.registry.people import add_person, give_role, record_training
from governance.registry.projects import change_project, create_project
from governance.roles import ALL_TABLES, Mode, ProjectRole, Purpose, Role
from governance.store import Store
from governance.store.people import Organisation, Person
from governance.store.projects import Project

ACTOR = "service:demo"
COURSE = "Safe researcher training"
PROJECT_DAYS, TRAINING_DAYS = 365, 335


@dataclass(frozen=True)
class DemoPerson:
    """One account of the demonstration."""

    subject: str
    name: str
    organisation: str
    roles: tuple[Role, ...] = ()
    projects: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoProject:
    """One project of the demonstration; `tables` are granted whole."""

    slug: str
    title: str
    purpose: Purpose
    tables: tuple[str, ...]
    summary: str


UNIVERSITY, BOARD = "Northbridge University", "Northbridge NHS ICB"
ORGANISATIONS = {UNIVERSITY: "university", BOARD: "integrated care board"}
OUTSIDER = "outsider"  # known to the identity provider, registered nowhere

PROJECTS = (
    DemoProject(
        "gi-bleed",
        "Gastrointestinal bleeding after NSAIDs and coxibs",
        Purpose.LOCAL_RESEARCH,
        (ALL_TABLES,),
        "Do newer painkillers cause fewer bleeds of the stomach and gut than older ones?",
    ),
    DemoProject(
        "respiratory",
        "Bronchitis and sinusitis in primary care",
        Purpose.LOCAL_PLANNING,
        (
            "person",
            "observation_period",
            "condition_occurrence",
            "drug_exposure",
            "visit_occurrence",
            "death",
            "concept",
        ),
        "How many people see their practice with chest and sinus infections, and when?",
    ),
)

PEOPLE = (
    DemoPerson("researcher-a", "Amara Osei", UNIVERSITY, projects=("gi-bleed",)),
    DemoPerson("researcher-b", "Ben Whitlock", UNIVERSITY, projects=("gi-bleed", "respiratory")),
    DemoPerson("checker-a", "Chidi Marsh", BOARD, roles=(Role.OUTPUT_CHECKER,)),
    DemoPerson("checker-b", "Dana Kowalski", BOARD, roles=(Role.OUTPUT_CHECKER,)),
    DemoPerson("admin", "Ade Holt", BOARD, roles=(Role.ADMINISTRATOR, Role.DATA_STEWARD)),
)


def load_demo_register(store: Store) -> None:
    """Add whatever of the demonstration is missing; what exists (however changed since) is left alone. Idempotent."""
    with store.reading() as session:
        organisations = [name for name in ORGANISATIONS if session.get(Organisation, name) is None]
        projects = [project for project in PROJECTS if session.get(Project, project.slug) is None]
        people = [person for person in PEOPLE if session.get(Person, person.subject) is None]
    for name in organisations:
        add_organisation(store, actor=ACTOR, name=name, kind=ORGANISATIONS[name])
    for project in projects:
        _add_project(store, project)
    for person in people:
        _add_person(store, person)


def _add_project(store: Store, project: DemoProject) -> None:
    create_project(
        store,
        actor=ACTOR,
        slug=project.slug,
        title=project.title,
        purpose=project.purpose,
        mode=Mode.AGGREGATE,
        profile="nhs-sde",
        ends=today() + timedelta(days=PROJECT_DAYS),
    )
    change_project(store, actor=ACTOR, slug=project.slug, lay_summary=project.summary)
    for table in project.tables:
        grant_table(store, actor=ACTOR, slug=project.slug, table=table)


def _add_person(store: Store, person: DemoPerson) -> None:
    who = person.subject
    add_person(store, actor=ACTOR, subject=who, name=person.name, organisation=person.organisation)
    record_training(store, actor=ACTOR, subject=who, course=COURSE, expires=today() + timedelta(days=TRAINING_DAYS))
    for role in person.roles:
        give_role(store, actor=ACTOR, subject=who, role=role)
    for slug in person.projects:
        until = today() + timedelta(days=PROJECT_DAYS)
        add_member(store, actor=ACTOR, slug=slug, subject=who, role=ProjectRole.RESEARCHER, until=until)
