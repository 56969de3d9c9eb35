"""Takes a manifest into the register: workspaces become projects, bindings memberships, data sources entries of the
list of assets. Promise: all of it in one transaction with an event for each, and nobody is matched on a likeness of a
name.

A project that comes so is a draft until its approvals are on record, whatever the other environment allowed: an import
gives no access by itself.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now, today
from governance.manifests.documents import Binding, DataSource, Manifest, Workspace
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.members import put_member
from governance.registry.projects import new_project, update_project
from governance.registry.validation import check_slug
from governance.roles import Mode, ProjectRole, ProjectStatus, Purpose, Role
from governance.store import Store, sources
from governance.store.notices import MailAddress
from governance.store.people import Person
from governance.store.projects import Project

PURPOSE, MODE, PROFILE = "sde-gateway/purpose", "sde-gateway/mode", "sde-gateway/profile"


class Names(StrEnum):
    """What a binding's `username` is here. Either way the whole of it must be equal, capitals included."""

    SUBJECT = "subject"
    ADDRESS = "address"  # the mail address of exactly one registered person


@dataclass(frozen=True)
class Terms:
    """What manifests of other environments do not say of a project. Our own say it in annotations, which count."""

    purpose: str = Purpose.LOCAL_RESEARCH.value
    mode: str = Mode.AGGREGATE.value
    profile: str = "nhs-sde"


@dataclass(frozen=True)
class Taken:
    """How many of each were made or changed; what stays as it is does not count."""

    projects: int
    members: int
    sources: int


def import_manifest(
    store: Store, manifest: Manifest, *, actor: str, terms: Terms | None = None, names: Names = Names.SUBJECT
) -> Taken:
    """Take in the whole manifest, or nothing of it. Taken in again, it changes nothing.

    Raises Refusal `manifest-workspace` (a binding or a source of a project that neither the file nor the register has),
    `manifest-person` (nobody, or more than one, of exactly that name), `manifest-project-closed`, and those of the
    register for projects and memberships.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        projects = [_take_workspace(session, one, terms or Terms(), actor) for one in manifest.workspaces]
        session.flush()
        members = [_take_binding(session, one, names, actor) for one in manifest.bindings]
        listed = [_take_source(session, one, actor) for one in manifest.sources]
        return Taken(sum(projects), sum(members), sum(listed))


def _take_workspace(session: Session, workspace: Workspace, terms: Terms, actor: str) -> bool:
    slug = check_slug(workspace.name)
    said = {
        "title": workspace.title,
        "lay_summary": workspace.summary,
        "starts": workspace.starts,
        "ends": workspace.ends,
    }
    held = session.get(Project, slug)
    if held is not None:
        if held.status == ProjectStatus.CLOSED:
            raise Refusal("manifest-project-closed", f"{slug} is closed for good.", "Choose another name.")
        return update_project(session, held, said, actor=actor)
    own = dict(workspace.annotations)
    given = {
        "purpose": own.get(PURPOSE, terms.purpose),
        "mode": own.get(MODE, terms.mode),
        "profile": own.get(PROFILE, terms.profile),
    }
    new_project(session, slug, {**said, **given}, actor=actor)
    return True


def _take_binding(session: Session, binding: Binding, names: Names, actor: str) -> bool:
    project = session.get(Project, binding.workspace)
    if project is None:
        raise _no_project(binding.name)
    subject = _find_subject(session, binding, names)
    role = binding.role or ProjectRole.RESEARCHER.value
    held = [m for m in project.memberships if m.subject == subject and m.removed_at is None]
    if held and (held[-1].role, held[-1].until) == (role, binding.until):
        return False
    starts = min(held[-1].starts_on if held else max(today(), project.starts_on), binding.until)
    put_member(session, project, subject, role, starts, binding.until, actor=actor)
    return True


def _find_subject(session: Session, binding: Binding, names: Names) -> str:
    """The one person of exactly this name."""
    if names is Names.SUBJECT:
        found = [binding.username] if session.get(Person, binding.username) is not None else []
    else:
        asked = select(MailAddress.subject).where(MailAddress.address == binding.username)
        found = list(session.scalars(asked))
    if len(found) != 1:
        raise Refusal(
            "manifest-person",
            f"The binding {binding.name} names nobody, or more than one, of those registered.",
            f"Register them first, and name them by their whole {names}.",
        )
    return found[0]


def _take_source(session: Session, source: DataSource, actor: str) -> bool:
    if source.project and session.get(Project, source.project) is None:
        raise _no_project(source.name)
    said = asdict(source) | {
        "connections": json.dumps(source.connections),
        "approvals": json.dumps(source.approvals),
        "project_slug": source.project or None,
    }
    del said["project"]
    row = session.get(sources.DataSource, source.name)
    if row is not None and all(getattr(row, name) == value for name, value in said.items()):
        return False
    event = "source.listed" if row is None else "source.changed"
    session.merge(sources.DataSource(**said, changed_at=now()))
    detail: Detail = {"source": source.name, "approvals": len(source.approvals)}
    append_event(session, event=event, actor=actor, project=source.project or None, detail=detail)
    return True


def _no_project(name: str) -> Refusal:
    return Refusal(
        "manifest-workspace",
        f"{name} belongs to a project that neither the file nor the register has.",
        "Put its AnalyticsWorkspace into the same file.",
    )
