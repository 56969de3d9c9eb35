"""Administration of projects: the list, a new one, one project's dates, status and members."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance import registry
from governance.access import find_reasons
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from governance.registry.standing_views import list_approvals
from hub.portal.forms import (
    GrantForm,
    MemberForm,
    NewProjectForm,
    ProjectChangeForm,
    SubjectForm,
    TableForm,
    ValuesNow,
    read_form,
)
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, project_path, redirect
from hub.portal.revocation import stop_ended_workspaces
from hub.portal.views.my_projects import describe_profile
from hub.portal.views.people import read_people
from hub.portal.views.projects import is_in_force, read_members, read_project, read_projects
from hub.portal.words import PROJECT_STATUSES


def list_projects(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """Every project, and the form for a new one."""
    return _projects_page(portal, visit)


def create_project(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Register an approved project."""
    try:
        form = read_form(NewProjectForm, values)
        registry.create_project(
            portal.store,
            actor=visit.subject,
            slug=form.slug,
            title=form.title,
            purpose=form.purpose,
            mode=form.mode,
            profile=form.profile,
            starts=form.starts,
            ends=form.ends,
        )
    except Refusal as refusal:
        return _projects_page(portal, visit, Kept("project", refusal, values))
    return redirect(project_path(form.slug), "project-created")


def show_project(slug: str, portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """One project with members, grants and extract."""
    return project_page(portal, visit, slug)


def change_project(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Change dates, status and release budget; a project no longer in force has its workspaces stopped."""
    try:
        form = read_form(ProjectChangeForm, values)
        registry.change_project(
            portal.store,
            actor=visit.subject,
            slug=slug,
            starts=form.starts,
            ends=form.ends,
            status=form.status,
            budget_cells=form.budget_cells,
            terminals=form.terminals,
        )
    except Refusal as refusal:
        return project_page(portal, visit, slug, Kept("change", refusal, values))
    with portal.store.reading() as session:
        ended = () if is_in_force(session, slug) else read_members(session, slug)
    return redirect(project_path(slug), "project-changed", stop_ended_workspaces(portal, ended))


def add_member(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Make a person a member, or renew or shorten the membership they hold."""
    try:
        form = read_form(MemberForm, values)
        registry.add_member(
            portal.store,
            actor=visit.subject,
            slug=slug,
            subject=form.subject,
            role=form.role,
            starts=form.starts,
            until=form.until,
        )
    except Refusal as refusal:
        return project_page(portal, visit, slug, Kept("member", refusal, values))
    return redirect(project_path(slug), "member-added", stop_ended_workspaces(portal, [form.subject]))


def remove_member(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """End a membership now, and stop the member's workspace of this project."""
    try:
        form = read_form(SubjectForm, values)
        registry.remove_member(portal.store, actor=visit.subject, slug=slug, subject=form.subject)
    except Refusal as refusal:
        return project_page(portal, visit, slug, Kept("remove", refusal, values))
    return redirect(project_path(slug), "member-removed", stop_ended_workspaces(portal, [form.subject]))


def add_grant(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Grant a table, or some of its columns."""
    try:
        form = read_form(GrantForm, values)
        registry.grant_table(portal.store, actor=visit.subject, slug=slug, table=form.table, columns=form.columns)
    except Refusal as refusal:
        return project_page(portal, visit, slug, Kept("grant", refusal, values))
    return redirect(project_path(slug), "grant-given")


def revoke_grant(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Withdraw every grant of a table."""
    try:
        form = read_form(TableForm, values)
        registry.revoke_grant(portal.store, actor=visit.subject, slug=slug, table=form.table)
    except Refusal as refusal:
        return project_page(portal, visit, slug, Kept("revoke", refusal, values))
    return redirect(project_path(slug), "grant-revoked")


def _projects_page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    with portal.store.reading() as session:
        projects = read_projects(session)
    return portal.render(
        visit,
        "projects.html",
        title="Projects",
        section="administration",
        kept=kept,
        projects=projects,
        profile_choices=[(name, describe_profile(name)) for name in PROFILES],
    )


def project_page(portal: Portal, visit: Visit, slug: str, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    """One project, with what a refused form had."""
    with portal.store.reading() as session:
        project = read_project(session, slug)
        people = read_people(session)
        approvals = list_approvals(session, slug)
        reasons = find_reasons(session, project_slug=slug)
    return portal.render(
        visit,
        "project.html",
        title=project.row.title,
        section="administration",
        kept=kept,
        project=project,
        approvals=approvals,
        reasons=reasons,
        people_choices=[(person.subject, f"{person.name} ({person.subject})") for person in people],
        status_choices=[(status, PROJECT_STATUSES[status].text) for status in project.moves],
    )
