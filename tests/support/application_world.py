"""A register with everybody whom an application needs, a small catalogue of two sources, and a complete application."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from governance.applications import (
    answering,
    controllers,
    drafting,
    group,
    minutes,
    rounds,
    triage,
)
from governance.applications.kinds import MemberKind, Outcome
from governance.applications.offered import Offer, Source, publish_offer
from governance.applications.views import ApplicationDetail, show_application
from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from governance.clock import today
from governance.registry import add_organisation, add_person, give_role
from governance.roles import Role
from governance.store import Store
from tests.support.approvals import train

OPERATOR = "operator:test"
UNIVERSITY, TRUST, PRACTICES, OTHERS = "University", "Trust", "Practices", "Others"
APPLICANT, COLLEAGUE, STEWARD, ADMIN = "applicant", "colleague", "steward", "admin"
PUBLIC = ("public-1", "public-2", "public-3")
MEMBERS = {
    **dict.fromkeys(PUBLIC, MemberKind.PUBLIC),
    "controller": MemberKind.CONTROLLER,
    "expert": MemberKind.EXPERT,
    "chair": MemberKind.CHAIR,
}
DELEGATES = {"trust-delegate": TRUST, "practice-delegate": PRACTICES}
SOURCES = {"hospital": TRUST, "gp": PRACTICES}
MORE = ("checker", "stranger", "newcomer")


def _columns(*names: str) -> dict[str, CatalogueColumn]:
    person = CatalogueColumn("person_id", "BIGINT", ColumnUse.PERSON)
    return {"person_id": person, **{name: CatalogueColumn(name, "INTEGER") for name in names}}


OFFER = Offer(
    Catalogue(
        {
            "person": CatalogueTable("person", TableKind.PRIVATE, _columns("gender_concept_id", "year_of_birth"), True),
            "condition_occurrence": CatalogueTable(
                "condition_occurrence", TableKind.PRIVATE, _columns("condition_concept_id", "condition_start_date")
            ),
            "visit_occurrence": CatalogueTable("visit_occurrence", TableKind.PRIVATE, _columns("visit_concept_id")),
            "concept": CatalogueTable(
                "concept", TableKind.PUBLIC, {"concept_id": CatalogueColumn("concept_id", "INTEGER")}
            ),
        }
    ),
    (
        Source("gp", "General practice", frozenset({"person", "condition_occurrence"})),
        Source("hospital", "Hospitals", frozenset({"visit_occurrence"})),
    ),
)


def furnish(store: Store) -> None:
    """Organisations, people, roles, the group, the catalogue, controllers and their delegates."""
    for name in (UNIVERSITY, TRUST, PRACTICES, OTHERS):
        add_organisation(store, actor=OPERATOR, name=name)
    homes = {APPLICANT: UNIVERSITY, COLLEAGUE: UNIVERSITY, "newcomer": UNIVERSITY, **DELEGATES}
    for who in (APPLICANT, COLLEAGUE, STEWARD, ADMIN, *MEMBERS, *DELEGATES, *MORE):
        add_person(store, actor=OPERATOR, subject=who, name=who.title(), organisation=homes.get(who, OTHERS))
        train(store, who, days=300)
    for who, role in ((STEWARD, Role.DATA_STEWARD), (ADMIN, Role.ADMINISTRATOR), ("checker", Role.OUTPUT_CHECKER)):
        give_role(store, actor=OPERATOR, subject=who, role=role)
    later = today() + timedelta(days=300)
    for who, kind in MEMBERS.items():
        group.appoint_member(store, actor=ADMIN, subject=who, kind=kind, until=later)
    publish_offer(store, actor=OPERATOR, offer=OFFER)
    for source, organisation in SOURCES.items():
        controllers.set_source_controllers(store, actor=STEWARD, source=source, organisations=(organisation,))
    for who, organisation in DELEGATES.items():
        controllers.appoint_delegate(store, actor=ADMIN, organisation=organisation, subject=who, until=later)


def complete_values(slug: str = "frailty") -> dict[str, Any]:
    """Answers to everything."""
    return {
        "title": "Frailty and falls",
        "slug": slug,
        "why": "To learn who falls.",
        "lay_summary": "We look at who falls and why.",
        "public_benefit": "Fewer falls.",
        "legal_basis": "Article 6(1)(e), 9(2)(j)",
        "dpia_reference": "DPIA-7",
        "ethics_reference": "26/NW/0001",
        "ethics_until": (today() + timedelta(days=400)).isoformat(),
        "sponsor": UNIVERSITY,
        "funder": "none",
        "organisations": [UNIVERSITY],
        "people": [
            {"subject": APPLICANT, "role": "principal_investigator"},
            {"subject": COLLEAGUE, "role": "researcher"},
        ],
        "data": [
            {
                "table": "person",
                "justification": "Who they are.",
                "columns": [{"name": "year_of_birth", "justification": "Age."}],
            },
            {
                "table": "visit_occurrence",
                "justification": "Visits.",
                "columns": [{"name": "visit_concept_id", "justification": "Kind of visit."}],
                "starts": "2020-01-01",
                "codes": [9201, 9202],
            },
            {"table": "concept", "justification": "Names of codes."},
        ],
        "cohort_conditions": ["condition_occurrence.condition_concept_id=201826"],
        "purpose": "local_research",
        "mode": "aggregate",
        "outputs": [{"title": "Table 1"}],
        "starts": today().isoformat(),
        "ends": (today() + timedelta(days=365)).isoformat(),
        "fee_pence": 0,
    }


def drafted(store: Store, slug: str = "frailty") -> str:
    """A complete draft; returns its id."""
    application = drafting.start_application(store, actor=APPLICANT, applicant=APPLICANT)
    drafting.save_answers(store, actor=APPLICANT, application=application, values=complete_values(slug))
    return application


def in_review(store: Store, application: str) -> str:
    """Submitted and before the group; returns the digest."""
    digest = drafting.submit_application(store, actor=APPLICANT, application=application).digest
    triage.accept_for_review(store, actor=STEWARD, application=application, meets_on=today())
    return digest


def vote_all(store: Store, application: str, decision: Outcome = Outcome.APPROVE) -> None:
    """Every member declares and votes alike."""
    digest = seen(store, application).view.digest
    for who in MEMBERS:
        rounds.declare_interest(store, actor=who, application=application, conflicted=False)
        rounds.vote(store, actor=who, application=application, decision=decision, reason="As said.", digest=digest)


def sign(store: Store, application: str) -> None:
    """Write and sign the minutes."""
    minutes.write_minutes(store, actor="chair", application=application, text="We met and decided.")
    held = seen(store, application).rounds[-1]
    minutes.sign_minutes(store, actor="chair", application=application, sha256=held.minutes_sha256)


def agree_all(store: Store, application: str) -> None:
    """Each controller agrees to each source."""
    detail = seen(store, application)
    delegate = {organisation: who for who, organisation in DELEGATES.items()}
    for need in detail.needs:
        answering.answer_for_controller(
            store,
            actor=delegate[need.organisation],
            application=application,
            source=need.source,
            organisation=need.organisation,
            decision="agree",
            digest=detail.view.digest,
        )


def ready(store: Store, application: str) -> str:
    """Everything done but the approval; returns the digest."""
    digest = in_review(store, application)
    vote_all(store, application)
    rounds.conclude_round(store, actor="chair", application=application, digest=digest)
    sign(store, application)
    agree_all(store, application)
    return digest


def seen(store: Store, application: str, actor: str = OPERATOR) -> ApplicationDetail:
    """The application as somebody sees it."""
    with store.reading() as session:
        return show_application(session, actor=actor, application=application)
