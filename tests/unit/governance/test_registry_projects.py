"""Actions on projects, memberships, grants and extracts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from governance import access, registry
from governance.audit import read_head
from governance.channels import open_channel
from governance.clock import today
from governance.demo_register import PEOPLE, PROJECTS, REGION_PROJECTS, demo_approvals
from governance.refusal import Refusal
from governance.registry import live_grants, views
from governance.roles import PROJECT_STATUS_MOVES, ProjectStatus
from governance.store import Store
from governance.store.audit_log import AuditEvent
from governance.store.channels import Channel
from governance.store.projects import Extract, Membership, Project

BY = "operator:test"
WHO, WHERE = "researcher-a", "gi-bleed"
YESTERDAY, TODAY, TOMORROW = (today() + timedelta(days=days) for days in (-1, 0, 1))
NEW = {
    "actor": BY,
    "slug": "new",
    "title": " New work ",
    "purpose": "national",
    "mode": "record_level",
    "profile": "hes",
    "ends": TOMORROW,
}


def events(store: Store, number: int = 1) -> list[AuditEvent]:
    with store.reading() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(number))
        return list(reversed(newest.all()))


def refused(store: Store, code: str, action: object, **arguments: object) -> None:
    with store.reading() as session:
        before = read_head(session)
    with pytest.raises(Refusal) as caught:
        action(store, **{"actor": BY, **arguments})  # type: ignore[operator]
    assert caught.value.code == code
    with store.reading() as session:
        assert read_head(session) == before


def open_channels(store: Store) -> int:
    with store.reading() as session:
        return len(session.scalars(select(Channel).where(Channel.closed_at.is_(None))).all())


def test_creating_a_project(store: Store) -> None:
    registry.create_project(store, **NEW, approvals=demo_approvals("new", TOMORROW))  # type: ignore[arg-type]
    with store.reading() as session:
        project = session.get_one(Project, "new")
        assert (project.title, project.status, project.starts_on) == ("New work", "active", TODAY)
        assert (project.purpose, project.mode, project.profile) == ("national", "record_level", "hes")
        assert live_grants(session, "new", ["person"]) == {}
    first, *others = events(store, 6)
    assert (first.event, first.project, first.actor) == ("project.created", "new", BY)
    assert {event.event for event in others} == {"project.approved"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"slug": "gi-bleed"}, "already-exists"),
        ({"slug": "Bad"}, "bad-slug"),
        ({"title": ""}, "bad-name"),
        ({"purpose": "x"}, "unknown-purpose"),
        ({"mode": "x"}, "unknown-mode"),
        ({"profile": "x"}, "unknown-profile"),
        ({"ends": YESTERDAY}, "ends-before-start"),
        ({"starts": TOMORROW, "ends": TODAY}, "ends-before-start"),
        ({"ends": "2030-01-01"}, "bad-date"),
    ],
)
def test_what_cannot_be_created(demo_register: Store, change: dict[str, object], code: str) -> None:
    refused(demo_register, code, registry.create_project, **{**NEW, **change})


def test_changing_a_project_writes_what_changed(demo_register: Store) -> None:
    registry.change_project(
        demo_register, actor=BY, slug=WHERE, title="Other", mode="aggregate", profile="hes", lay_summary="Why\nnot"
    )
    (event,) = events(demo_register)
    assert event.event == "project.changed"
    assert '"profile":"nhs-sde -> hes"' in event.detail
    assert "mode" not in event.detail, "it was the same before"
    assert "Why" not in event.detail
    with demo_register.reading() as session:
        assert views.show_project(session, WHERE).lay_summary == "Why\nnot"
    refused(demo_register, "nothing-to-change", registry.change_project, slug=WHERE, title="Other")
    refused(demo_register, "nothing-to-change", registry.change_project, slug=WHERE)
    refused(demo_register, "unknown-change", registry.change_project, slug=WHERE, owner="me")
    refused(demo_register, "unknown-status", registry.change_project, slug=WHERE, status="open")
    refused(demo_register, "no-such-project", registry.change_project, slug="none", title="T")
    refused(demo_register, "ends-before-start", registry.change_project, slug=WHERE, ends=YESTERDAY)
    refused(demo_register, "bad-date", registry.change_project, slug=WHERE, starts="x")


def test_a_status_moves_only_along_its_table(demo_register: Store) -> None:
    for before in ProjectStatus:
        for after in ProjectStatus:
            with demo_register.transaction() as session:
                session.get_one(Project, WHERE).status = before.value
            if before == after:
                refused(demo_register, "nothing-to-change", registry.change_project, slug=WHERE, status=after)
            elif after in PROJECT_STATUS_MOVES[before]:
                registry.change_project(demo_register, actor=BY, slug=WHERE, status=after)
            else:
                refused(demo_register, "status-move", registry.change_project, slug=WHERE, status=after)
    assert not PROJECT_STATUS_MOVES[ProjectStatus.CLOSED], "a closed project is never opened again"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "suspended"},
        {"status": "closed"},
        {"starts": today() - timedelta(days=9), "ends": YESTERDAY},
        {"starts": TOMORROW},
    ],
)
def test_a_change_that_ends_access_closes_workspaces(demo_register: Store, change: dict[str, object]) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    open_channel(demo_register, subject="researcher-b", project="respiratory", token="t")
    registry.change_project(demo_register, actor=BY, slug=WHERE, **change)
    assert [event.event for event in events(demo_register, 2)] == ["project.changed", "workspace.closed"]
    assert open_channels(demo_register) == 1, "the other project goes on"


def test_a_change_that_ends_nothing_leaves_workspaces_open(demo_register: Store) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    registry.change_project(demo_register, actor=BY, slug=WHERE, ends=TODAY)
    assert open_channels(demo_register) == 1


def test_adding_renewing_and_removing_a_member(demo_register: Store) -> None:
    member = {"slug": "respiratory", "subject": WHO, "role": "principal_investigator"}
    registry.add_member(demo_register, actor=BY, until=TODAY, **member)  # type: ignore[arg-type]
    assert events(demo_register)[0].event == "member.added"
    refused(demo_register, "already-exists", registry.add_member, until=TODAY, **member)
    open_channel(demo_register, subject=WHO, project="respiratory", token="t")

    registry.add_member(demo_register, actor=BY, until=TOMORROW, **member)  # type: ignore[arg-type]
    assert events(demo_register)[0].event == "member.renewed"
    assert open_channels(demo_register) == 1
    with demo_register.reading() as session:
        assert [row.until for row in views.list_members(session, "respiratory", WHO)] == [TOMORROW]

    registry.remove_member(demo_register, actor=BY, slug="respiratory", subject=WHO)
    assert [event.event for event in events(demo_register, 2)] == ["member.removed", "workspace.closed"]
    assert open_channels(demo_register) == 0
    with demo_register.reading() as session:
        assert not access.can(access.check_can_query, session, WHO, "respiratory")
        kept = select(Membership).where(Membership.subject == WHO, Membership.project_slug == "respiratory")
        assert len(session.scalars(kept).all()) == 2, "who was once a member stays on record"
    refused(demo_register, "not-a-member", registry.remove_member, slug="respiratory", subject=WHO)


@pytest.mark.parametrize(
    ("starts", "until"), [(TOMORROW, TOMORROW), (today() - timedelta(days=5), YESTERDAY)], ids=["later", "over"]
)
def test_a_membership_moved_out_of_today_closes_the_workspace(
    demo_register: Store, starts: object, until: object
) -> None:
    open_channel(demo_register, subject=WHO, project=WHERE, token="t")
    member = {"slug": WHERE, "subject": WHO, "role": "researcher", "starts": starts, "until": until}
    registry.add_member(demo_register, actor=BY, **member)  # type: ignore[arg-type]
    assert open_channels(demo_register) == 0


def test_who_cannot_be_a_member(demo_register: Store) -> None:
    good = {"slug": WHERE, "subject": "admin", "role": "researcher", "until": TOMORROW}
    add = registry.add_member
    refused(demo_register, "checker-cannot-be-member", add, **{**good, "subject": "checker-a"})
    refused(demo_register, "no-such-person", add, **{**good, "subject": "outsider"})
    refused(demo_register, "no-such-project", add, **{**good, "slug": "none"})
    refused(demo_register, "unknown-role", add, **{**good, "role": "output_checker"})
    refused(demo_register, "ends-before-start", add, **{**good, "until": YESTERDAY})
    refused(demo_register, "no-such-project", registry.remove_member, slug="none", subject=WHO)


def test_grants_add_up_and_are_revoked(store: Store) -> None:
    registry.create_project(store, **NEW, approvals=demo_approvals("new", TOMORROW))  # type: ignore[arg-type]
    tables = ["person", "death", "note"]

    def granted() -> object:
        with store.reading() as session:
            return live_grants(session, "new", tables)

    registry.grant_table(store, actor=BY, slug="new", table="Person", columns=["year_of_birth", "Person_Id"])
    assert granted() == {"person": frozenset({"year_of_birth", "person_id"})}
    registry.grant_table(store, actor=BY, slug="new", table="person", columns=["gender_concept_id"])
    assert granted() == {"person": frozenset({"year_of_birth", "person_id", "gender_concept_id"})}
    registry.grant_table(store, actor=BY, slug="new", table="death")
    registry.grant_table(store, actor=BY, slug="new", table="measurement")
    assert granted() == {"person": frozenset({"year_of_birth", "person_id", "gender_concept_id"}), "death": None}
    registry.grant_table(store, actor=BY, slug="new", table="*")
    assert granted() == {"person": None, "death": None, "note": None}
    registry.grant_table(store, actor=BY, slug="new", table="note", columns=["note_date"])
    assert granted() == {"person": None, "death": None, "note": None}, "a narrower grant takes nothing away"

    registry.revoke_grant(store, actor=BY, slug="new", table="*")
    registry.revoke_grant(store, actor=BY, slug="new", table="person")
    assert granted() == {"death": None, "note": frozenset({"note_date"})}
    assert events(store)[0].event == "grant.revoked"
    with store.reading() as session:
        assert [(row.table, row.columns) for row in views.list_grants(session, "new")] == [
            ("death", ()),
            ("measurement", ()),
            ("note", ("note_date",)),
        ]
        assert live_grants(session, "nowhere", tables) == {}


def test_what_cannot_be_granted(demo_register: Store) -> None:
    refused(demo_register, "already-exists", registry.grant_table, slug=WHERE, table="*")
    refused(demo_register, "bad-identifier", registry.grant_table, slug=WHERE, table="*", columns=["a"])
    refused(demo_register, "bad-identifier", registry.grant_table, slug=WHERE, table="a;b")
    refused(demo_register, "bad-identifier", registry.grant_table, slug=WHERE, table="a", columns=["b,c"])
    refused(demo_register, "no-such-project", registry.grant_table, slug="none", table="*")
    refused(demo_register, "no-such-grant", registry.revoke_grant, slug=WHERE, table="person")
    refused(demo_register, "no-such-project", registry.revoke_grant, slug="none", table="*")


def test_the_newest_extract_is_in_force(demo_register: Store) -> None:
    extract = {"actor": BY, "slug": WHERE, "people": 2694, "rows": 3 * 10**9}
    with demo_register.reading() as session:
        assert registry.current_extract(session, WHERE) is None
    for number in ("1", "2"):
        registry.record_extract(demo_register, folder=f"{WHERE}/{number}", sha256=number * 64, **extract)  # type: ignore[arg-type]
    (event,) = events(demo_register)
    assert event.event == "extract.adopted"
    with demo_register.reading() as session:
        current = registry.current_extract(session, WHERE)
        assert current is not None
        assert (current.folder, current.sha256, current.rows) == (f"{WHERE}/2", "2" * 64, 3 * 10**9)
        assert len(session.scalars(select(Extract)).all()) == 2
        assert views.show_project(session, WHERE).people_in_extract == 2694


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"folder": ""}, "bad-folder"),
        ({"folder": "/etc"}, "bad-folder"),
        ({"folder": "a/../../b"}, "bad-folder"),
        ({"folder": "a\0b"}, "bad-folder"),
        ({"folder": "x" * 201}, "bad-folder"),
        ({"sha256": "x"}, "bad-digest"),
        ({"people": -1}, "bad-count"),
        ({"rows": -1}, "bad-count"),
        ({"slug": "none"}, "no-such-project"),
    ],
)
def test_what_is_no_extract(demo_register: Store, change: dict[str, object], code: str) -> None:
    good = {"slug": WHERE, "folder": "a/b", "sha256": "0" * 64, "people": 1, "rows": 1}
    refused(demo_register, code, registry.record_extract, **{**good, **change})


def test_views_say_what_stands_in_the_way(demo_register: Store) -> None:
    registry.suspend_person(demo_register, actor=BY, subject=WHO)
    registry.change_project(demo_register, actor=BY, slug="respiratory", status="suspended")
    with demo_register.reading() as session:
        assert views.show_person(session, WHO).state == "person-suspended"
        assert views.show_person(session, WHO).projects == (WHERE,)
        assert {row.slug: row.state for row in views.list_projects(session)} == {
            WHERE: "in force",
            "respiratory": "project-not-active",
            **dict.fromkeys(REGION_PROJECTS, "in force"),
        }
        assert {(row.subject, row.project): row.state for row in views.list_members(session)} == {
            (WHO, WHERE): "person-suspended",
            ("researcher-b", WHERE): "in force",
            ("researcher-b", "respiratory"): "project-not-active",
            **{("researcher-c", slug): "in force" for slug in REGION_PROJECTS},
        }
        assert len(views.list_people(session)) == len(PEOPLE)
        assert len(views.list_training(session)) == len(PEOPLE) + 7
        assert len(views.list_grants(session)) == sum(len(project.tables) for project in PROJECTS)
