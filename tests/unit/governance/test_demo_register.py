"""The demonstration is what the tutorial promises, and loading it again changes nothing."""

from __future__ import annotations

from governance import access
from governance.audit import read_head, verify_chain
from governance.demo_airlock import INTENDED, load_demo_airlock
from governance.demo_register import OUTSIDER, PEOPLE, REGION_PROJECTS, load_demo_register
from governance.registry import list_intended_outputs, live_grants, set_mail_address, suspend_person, views
from governance.roles import Purpose, Role
from governance.store import Store
from governance.store.notices import MailAddress

TABLES = ("person", "death", "measurement", "note")


def test_who_may_do_what(demo_register: Store) -> None:
    with demo_register.reading() as session:
        spawn = {
            (person.subject, slug): access.can(access.check_can_spawn, session, person.subject, slug)
            for person in PEOPLE
            for slug in ("gi-bleed", "respiratory", *REGION_PROJECTS)
        }
        assert {pair for pair, allowed in spawn.items() if allowed} == {
            ("researcher-a", "gi-bleed"),
            ("researcher-b", "gi-bleed"),
            ("researcher-b", "respiratory"),
            *(("researcher-c", slug) for slug in REGION_PROJECTS),
        }
        for checker in ("checker-a", "checker-b", "checker-c"):
            for slug in ("gi-bleed", "respiratory"):
                access.check_can_review(session, checker, slug)
        access.check_can_administer(session, "admin")
        for steward in ("admin", "steward"):
            access.check_holds_role(session, steward, Role.DATA_STEWARD)
        assert not access.can(access.check_can_administer, session, "steward")
        for keyholder in ("keyholder-a", "keyholder-b"):
            access.check_holds_role(session, keyholder, Role.KEYHOLDER)
        access.check_person_in_force(session, "clinician")
        assert not access.can(access.check_person_in_force, session, OUTSIDER)


def test_what_each_project_may_name(demo_register: Store) -> None:
    with demo_register.reading() as session:
        assert live_grants(session, "gi-bleed", TABLES) == dict.fromkeys(TABLES)
        assert set(live_grants(session, "respiratory", TABLES)) == {"person", "death"}
        assert [(row.slug, row.purpose, row.mode, row.profile) for row in views.list_projects(session)] == [
            ("dementia-nation", "national", "aggregate", "nhs-sde"),
            ("diabetes-care", "local_research", "aggregate", "nhs-sde"),
            ("gi-bleed", "local_research", "aggregate", "nhs-sde"),
            ("respiratory", "local_planning", "aggregate", "nhs-sde"),
            ("winter-pressure", "local_planning", "aggregate", "nhs-sde"),
        ]
        assert all(row.lay_summary for row in views.list_projects(session))


def test_the_regions_projects_have_a_purpose_each_and_name_the_models_tables(demo_register: Store) -> None:
    tables = (*TABLES, "condition_occurrence", "care_site", "location", "drug_exposure", "observation")
    with demo_register.reading() as session:
        purposes = {row.slug: row.purpose for row in views.list_projects(session)}
        assert {purposes[slug] for slug in REGION_PROJECTS} == set(Purpose)
        granted = {slug: set(live_grants(session, slug, tables)) for slug in REGION_PROJECTS}
    assert all({"person", "death", "condition_occurrence"} <= named for named in granted.values())
    assert all("note" not in named for named in granted.values())
    assert {slug for slug, named in granted.items() if "location" in named} == {"winter-pressure"}


def test_the_airlocks_part_of_it_is_loaded_once(demo_register: Store) -> None:
    load_demo_airlock(demo_register)
    set_mail_address(demo_register, actor="operator:x", subject="checker-c", address="mine@example.org")
    with demo_register.reading() as session:
        before = read_head(session)
        addresses = {row.subject: row.address for row in session.query(MailAddress)}
        listed = {slug: len(list_intended_outputs(session, slug)) for slug in INTENDED}
    assert addresses.keys() == {person.subject for person in PEOPLE}
    assert addresses["checker-c"] == "mine@example.org" and addresses["admin"] == "admin@northbridge.example"
    assert listed == {slug: len(outputs) for slug, outputs in INTENDED.items()} and all(listed.values())
    load_demo_airlock(demo_register)
    with demo_register.reading() as session:
        assert read_head(session) == before


def test_loading_again_changes_nothing_even_what_was_changed(demo_register: Store) -> None:
    suspend_person(demo_register, actor="operator:x", subject="researcher-a")
    with demo_register.reading() as session:
        before = read_head(session)
    load_demo_register(demo_register)
    with demo_register.reading() as session:
        assert read_head(session) == before
        assert verify_chain(session, demo_register.audit_head, demo_register.signing_key).holds
