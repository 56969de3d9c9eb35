"""What people and projects stand on, as forms of their pages: affiliations, agreements, approvals."""

from __future__ import annotations

from fastapi.responses import Response

from governance import registry
from governance.refusal import Refusal
from hub.portal.forms import AffiliationForm, AgreementForm, ApprovalForm, NameForm, ValuesNow, read_form
from hub.portal.pages.people import PEOPLE, people_page, person_page
from hub.portal.pages.projects import project_page
from hub.portal.portal import Kept, PortalNow, VisitNow, person_path, project_path, redirect
from hub.portal.revocation import stop_ended_workspaces
from hub.portal.views.projects import is_in_force, read_members


def record_affiliation(subject: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Say that this person works for an organisation, from when until when."""
    try:
        form = read_form(AffiliationForm, values)
        registry.record_affiliation(
            portal.store,
            actor=visit.subject,
            subject=subject,
            organisation=form.organisation,
            starts=form.starts,
            until=form.until,
        )
    except Refusal as refusal:
        return person_page(portal, visit, subject, Kept("affiliation", refusal, values))
    return redirect(person_path(subject), "affiliation-recorded", stop_ended_workspaces(portal, [subject]))


def end_affiliation(subject: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Say that this person no longer works for an organisation."""
    try:
        form = read_form(NameForm, values)
        registry.end_affiliation(portal.store, actor=visit.subject, subject=subject, organisation=form.name)
    except Refusal as refusal:
        return person_page(portal, visit, subject, Kept("affiliation-end", refusal, values))
    return redirect(person_path(subject), "affiliation-ended", stop_ended_workspaces(portal, [subject]))


def record_agreement(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Record an agreement with an organisation, or its renewal."""
    try:
        form = read_form(AgreementForm, values)
        registry.record_agreement(
            portal.store,
            actor=visit.subject,
            name=form.organisation,
            reference=form.reference,
            starts=form.starts,
            until=form.until,
        )
    except Refusal as refusal:
        return people_page(portal, visit, Kept("agreement", refusal, values))
    return redirect(PEOPLE, "agreement-recorded")


def record_approval(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Record an approval of this project, or its renewal; one no longer in force has its workspaces stopped."""
    try:
        form = read_form(ApprovalForm, values)
        approval = registry.Approval(form.kind, form.reference, form.party, form.starts, form.until, form.note)
        registry.record_approval(portal.store, actor=visit.subject, slug=slug, approval=approval)
    except Refusal as refusal:
        return project_page(portal, visit, slug, Kept("approval", refusal, values))
    with portal.store.reading() as session:
        ended = () if is_in_force(session, slug) else read_members(session, slug)
    return redirect(project_path(slug), "approval-recorded", stop_ended_workspaces(portal, ended))
