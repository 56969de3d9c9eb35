"""The demonstration register: the people, projects and grants that `sde demo` and the tests share. Never production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from governance.clock import today
from governance.registry.approvals import Approval
from governance.registry.grants import grant_table
from governance.registry.members import add_member
from governance.registry.organisations import add_organisation
from governance.registry.people import add_person, give_role
from governance.registry.projects import change_project, create_project
from governance.registry.publication import Publication, describe_project
from governance.registry.training import record_training
from governance.roles import ALL_TABLES, ApprovalKind, Mode, OrganisationKind, ProjectRole, Purpose, Role
from governance.store import Store
from governance.store.people import Organisation, Person
from governance.store.projects import Project

ACTOR = "service:demo"
COURSE = "safe-researcher"
#: Beside that: what a role asks for.
COURSES_OF_ROLES = {
    Role.OUTPUT_CHECKER: "output-checking",
    Role.DATA_STEWARD: "data-stewardship",
    Role.KEYHOLDER: "data-stewardship",
}
PROJECT_DAYS, TRAINING_DAYS = 365, 335


@dataclass(frozen=True)
class DemoPerson:
    """One account of the demonstration."""

    subject: str
    name: str
    organisation: str
    roles: tuple[Role, ...] = ()
    projects: tuple[str, ...] = ()
    about: str = ""  # in the sign-in page's words, where neither roles nor projects say it


@dataclass(frozen=True)
class DemoProject:
    """One project of the demonstration; `tables` are granted whole."""

    slug: str
    title: str
    purpose: Purpose
    tables: tuple[str, ...]
    summary: str
    benefit: str


UNIVERSITY, BOARD, TRUST = "Northbridge University", "Northbridge NHS ICB", "Northbridge Hospitals NHS Trust"
ORGANISATIONS = {
    UNIVERSITY: OrganisationKind.UNIVERSITY,
    BOARD: OrganisationKind.NHS_BODY,
    TRUST: OrganisationKind.NHS_BODY,
}
LEGAL_BASIS = "UK GDPR Article 6(1)(e) and 9(2)(h) to (j): a task in the public interest, in health and research"
OUTSIDER = "outsider"  # known to the identity provider, registered nowhere

#: What every question about people and time needs.
EVERYBODYS_TABLES = (
    "person",
    "observation_period",
    "visit_occurrence",
    "condition_occurrence",
    "death",
    "concept",
)
PROJECTS = (
    DemoProject(
        "gi-bleed",
        "Gastrointestinal bleeding after NSAIDs and coxibs",
        Purpose.LOCAL_RESEARCH,
        (ALL_TABLES,),
        "Do newer painkillers cause fewer bleeds of the stomach and gut than older ones?",
        "Doctors can choose the painkiller that harms fewest people.",
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
        "Practices can have enough nurses and appointments in the weeks when most people are ill.",
    ),
    # The three below are cut from the linked region: one for each purpose, so that different opt-outs act on each.
    DemoProject(
        "diabetes-care",
        "Control and complications of type 2 diabetes",
        Purpose.LOCAL_RESEARCH,
        (*EVERYBODYS_TABLES, "drug_exposure", "measurement", "procedure_occurrence"),
        "Who keeps their blood sugar in range, and are those who do spared eye, kidney and heart disease?",
        "People with diabetes can be offered the care that keeps eyes, kidneys and hearts well.",
    ),
    DemoProject(
        "winter-pressure",
        "Emergency care in the winter months",
        Purpose.LOCAL_PLANNING,
        (*EVERYBODYS_TABLES, "care_site", "location"),
        "Which areas and practices send more people to hospital in winter, so that beds and staff are there in time?",
        "Fewer people wait for a bed in winter.",
    ),
    DemoProject(
        "dementia-nation",
        "Diagnosis and treatment of dementia",
        Purpose.NATIONAL,
        (*EVERYBODYS_TABLES, "drug_exposure", "observation"),
        "How long do people with dementia wait for a diagnosis here, and what care follows it?",
        "People with dementia and their families can get help sooner.",
    ),
)
REGION_PROJECTS = ("diabetes-care", "winter-pressure", "dementia-nation")

PEOPLE = (
    DemoPerson("researcher-a", "Amara Osei", UNIVERSITY, projects=("gi-bleed",)),
    DemoPerson("researcher-b", "Ben Whitlock", UNIVERSITY, projects=("gi-bleed", "respiratory")),
    DemoPerson("checker-a", "Chidi Marsh", BOARD, roles=(Role.OUTPUT_CHECKER,)),
    DemoPerson("checker-b", "Dana Kowalski", BOARD, roles=(Role.OUTPUT_CHECKER,)),
    DemoPerson("admin", "Ade Holt", BOARD, roles=(Role.ADMINISTRATOR, Role.DATA_STEWARD)),
    DemoPerson("researcher-c", "Carys Lloyd", UNIVERSITY, projects=REGION_PROJECTS),
    DemoPerson("steward", "Sunita Rao", BOARD, roles=(Role.DATA_STEWARD,)),
    DemoPerson("keyholder-a", "Kofi Mensah", BOARD, roles=(Role.KEYHOLDER,)),
    DemoPerson("keyholder-b", "Katrin Bauer", TRUST, roles=(Role.KEYHOLDER,)),
    DemoPerson("clinician", "Callum Fraser", TRUST, about="Clinician, may be told whom a finding concerns"),
    DemoPerson("checker-c", "Esi Novak", TRUST, roles=(Role.OUTPUT_CHECKER,)),  # for a third opinion
)


def load_demo_register(store: Store) -> None:
    """Add whatever of the demonstration is missing; what exists (however changed since) is left alone. Idempotent."""
    with store.reading() as session:
        organisations = [name for name in ORGANISATIONS if session.get(Organisation, name) is None]
        projects = [project for project in PROJECTS if session.get(Project, project.slug) is None]
        people = [person for person in PEOPLE if session.get(Person, person.subject) is None]
    for name in organisations:
        kind = ORGANISATIONS[name]
        add_organisation(store, actor=ACTOR, name=name, kind=kind, country="England", reference=f"Demo: {name}")
    for project in projects:
        _add_project(store, project)
    for person in people:
        _add_person(store, person)


def _add_project(store: Store, project: DemoProject) -> None:
    ends = today() + timedelta(days=PROJECT_DAYS)
    create_project(
        store,
        actor=ACTOR,
        slug=project.slug,
        title=project.title,
        purpose=project.purpose,
        mode=Mode.AGGREGATE,
        profile="nhs-sde",
        ends=ends,
        approvals=demo_approvals(project.slug, ends),
    )
    change_project(store, actor=ACTOR, slug=project.slug, lay_summary=project.summary)
    told = Publication(project.benefit, LEGAL_BASIS, (UNIVERSITY, BOARD), sponsor=UNIVERSITY, funder="None")
    describe_project(store, actor=ACTOR, slug=project.slug, publication=told)
    for table in project.tables:
        grant_table(store, actor=ACTOR, slug=project.slug, table=table)


def demo_approvals(slug: str, ends: date) -> tuple[Approval, ...]:
    """Made-up papers of every kind, up to the project's last day."""
    parties = {ApprovalKind.SPONSOR: UNIVERSITY, ApprovalKind.CONTROLLER_AGREEMENT: BOARD}
    return tuple(
        Approval(kind.value, f"Demo: {kind.value} of {slug}", party=parties.get(kind, ""), until=ends)
        for kind in ApprovalKind
    )


def _add_person(store: Store, person: DemoPerson) -> None:
    who = person.subject
    add_person(store, actor=ACTOR, subject=who, name=person.name, organisation=person.organisation)
    expires = today() + timedelta(days=TRAINING_DAYS)
    for course in dict.fromkeys(
        (COURSE, *(COURSES_OF_ROLES[role] for role in person.roles if role in COURSES_OF_ROLES))
    ):
        record_training(store, actor=ACTOR, subject=who, course=course, expires=expires)
    for role in person.roles:
        give_role(store, actor=ACTOR, subject=who, role=role)
    for slug in person.projects:
        until = today() + timedelta(days=PROJECT_DAYS)
        add_member(store, actor=ACTOR, slug=slug, subject=who, role=ProjectRole.RESEARCHER, until=until)
