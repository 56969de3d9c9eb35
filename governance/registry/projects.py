"""Register actions on projects: create, change. A change that ends access closes the project's channels with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from governance.access import can, check_project_row
from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.approvals import Approval, check_can_activate, role_for, write_approval
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import (
    check_budget,
    check_date,
    check_flag,
    check_name,
    check_period,
    check_profile,
    check_slug,
    check_text,
    check_word,
)
from governance.roles import PROJECT_STATUS_MOVES, Mode, ProjectStatus, Purpose, Role
from governance.store import Store
from governance.store.channels import Channel
from governance.store.projects import Project

#: What may be changed: argument -> (column, check). Dates are both inclusive.
CHANGES: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "title": ("title", lambda value: check_name(value, "title")),
    "lay_summary": ("lay_summary", lambda value: check_text(value, "lay summary")),
    "purpose": ("purpose", lambda value: check_word(Purpose, value, "purpose").value),
    "mode": ("mode", lambda value: check_word(Mode, value, "mode").value),
    "profile": ("profile", check_profile),
    "budget_cells": ("budget_cells", check_budget),
    "terminals": ("terminals", lambda value: check_flag(value, "terminals")),
    "sensitive": ("sensitive", lambda value: check_flag(value, "sensitive")),
    "status": ("status", lambda value: check_word(ProjectStatus, value, "status").value),
    "starts": ("starts_on", lambda value: check_date(value, "start date")),
    "ends": ("ends_on", lambda value: check_date(value, "end date")),
}

NOT_TOLD = frozenset({"title", "lay_summary"})  # in no event: free text


def create_project(
    store: Store,
    *,
    actor: str,
    slug: str,
    title: str,
    purpose: str,
    mode: str,
    profile: str,
    ends: date,
    starts: date | None = None,
    approvals: Iterable[Approval] = (),
) -> None:
    """Register a project from `starts` (default today) to `ends`, both inclusive, with the approvals it comes with. It
    is active if they are all that its purpose needs, else a draft; it holds no data and nobody until grants and
    memberships are added.

    Raises Refusal `bad-slug`, `bad-name`, `unknown-purpose`, `unknown-mode`, `unknown-profile`, `bad-date`,
    `ends-before-start`, `already-exists` and those of `record_approval`.
    """
    starts = starts if starts is not None else today()
    given = {"title": title, "purpose": purpose, "mode": mode, "profile": profile, "starts": starts, "ends": ends}
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        project = new_project(session, slug, given, actor=actor)
        for approval in approvals:
            check_can_change(session, actor, role_for(approval.kind))
            write_approval(session, project, approval, actor=actor)
        session.flush()
        if can(check_can_activate, session, project):
            project.status = ProjectStatus.ACTIVE.value


def new_project(session: Session, slug: str, given: Mapping[str, Any], *, actor: str) -> Project:
    """A draft in the caller's transaction, of these `CHANGES`. Raises the refusals of `create_project`."""
    check_slug(slug)
    check_period(given["starts"], given["ends"])
    values = _checked(given)
    if session.get(Project, slug) is not None:
        raise Refusal("already-exists", "There is a project of this short name already.")
    project = Project(slug=slug, created_at=now(), status=ProjectStatus.DRAFT.value, **values)
    session.add(project)
    detail = {name: str(value) for name, value in values.items() if name not in NOT_TOLD}
    append_event(session, event="project.created", actor=actor, project=slug, detail=detail)
    return project


def change_project(store: Store, *, actor: str, slug: str, **changes: Any) -> None:
    """Change any of `CHANGES`; what stays the same is not written. Status moves only as `PROJECT_STATUS_MOVES` says.

    Raises the refusals of `create_project`, and `no-such-project`, `unknown-change`, `nothing-to-change`,
    `status-move`, `bad-budget`, and those of `check_can_activate` where it is to become active.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        if not update_project(session, find_project(session, slug), changes, actor=actor):
            raise Refusal("nothing-to-change", "Nothing would change.", "Name at least one new value.")


def update_project(session: Session, project: Project, changes: Mapping[str, Any], *, actor: str) -> bool:
    """The same in the caller's transaction; False where nothing would change, and then nothing is written."""
    values = _checked(changes)
    before = {name: getattr(project, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return False
    if "status" in changed:
        _check_move(project.status, changed["status"])
    for name, value in changed.items():
        setattr(project, name, value)
    if changed.get("status") == ProjectStatus.ACTIVE:
        check_can_activate(session, project)
    check_period(project.starts_on, project.ends_on)
    detail = {name: f"{before[name]} -> {value}" for name, value in changed.items() if name != "lay_summary"}
    append_event(session, event="project.changed", actor=actor, project=project.slug, detail=detail)
    if not can(check_project_row, session, project):
        end_channels(session, Channel.project_slug == project.slug, actor=actor)
    return True


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(CHANGES))
    if unknown:
        raise Refusal("unknown-change", f"A project has no {', '.join(unknown)}.", f"Use: {', '.join(CHANGES)}.")
    return {CHANGES[name][0]: CHANGES[name][1](value) for name, value in given.items()}


def _check_move(before: str, after: str) -> None:
    if ProjectStatus(after) not in PROJECT_STATUS_MOVES[ProjectStatus(before)]:
        raise Refusal("status-move", f"A project that is {before} cannot become {after}.")
