"""Administration of people and organisations; every change is a governance.registry action in the visitor's name."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance import registry
from governance.refusal import Refusal
from governance.registry.standing_views import list_courses
from hub.portal.forms import NoForm, OrganisationForm, PersonForm, TrainingForm, ValuesNow, read_form
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, person_path, redirect
from hub.portal.revocation import stop_ended_workspaces
from hub.portal.views.people import read_organisations, read_people, read_person

PEOPLE = "/administration/people"


def list_people(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """Everybody registered, and the forms to add a person and an organisation."""
    return people_page(portal, visit)


def add_person(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Register a person."""
    try:
        form = read_form(PersonForm, values)
        registry.add_person(
            portal.store, actor=visit.subject, subject=form.subject, name=form.name, organisation=form.organisation
        )
    except Refusal as refusal:
        return people_page(portal, visit, Kept("person", refusal, values))
    return redirect(person_path(form.subject), "person-added")


def add_organisation(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Register a trusted organisation."""
    try:
        form = read_form(OrganisationForm, values)
        registry.add_organisation(
            portal.store,
            actor=visit.subject,
            name=form.name,
            kind=form.kind,
            country=form.country,
            reference=form.reference,
            agreement_until=form.agreement_until,
        )
    except Refusal as refusal:
        return people_page(portal, visit, Kept("organisation", refusal, values))
    return redirect(PEOPLE, "organisation-added")


def show_person(subject: str, portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """One person with training and memberships."""
    return person_page(portal, visit, subject)


def record_training(subject: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Record a course of this person."""
    try:
        form = read_form(TrainingForm, values)
        registry.record_training(
            portal.store,
            actor=visit.subject,
            subject=subject,
            course=form.course,
            expires=form.expires,
            certificate=form.certificate,
            issuer=form.issuer,
            taken=form.taken,
        )
    except Refusal as refusal:
        return person_page(portal, visit, subject, Kept("training", refusal, values))
    return redirect(person_path(subject), "training-recorded", stop_ended_workspaces(portal, [subject]))


def sign_person_out(subject: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """End this person's sessions in every browser; what they may do stays as it is."""
    try:
        read_form(NoForm, values)
        registry.end_sessions(portal.store, actor=visit.subject, subject=subject)
    except Refusal as refusal:
        return person_page(portal, visit, subject, Kept("access", refusal, values))
    return redirect(person_path(subject), "person-signed-out")


def suspend_person(subject: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """End all access of this person now, and stop what they have running."""
    try:
        read_form(NoForm, values)
        registry.suspend_person(portal.store, actor=visit.subject, subject=subject)
    except Refusal as refusal:
        return person_page(portal, visit, subject, Kept("access", refusal, values))
    return redirect(person_path(subject), "person-suspended", stop_ended_workspaces(portal, [subject]))


def restore_person(subject: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Lift the suspension of this person."""
    try:
        read_form(NoForm, values)
        registry.restore_person(portal.store, actor=visit.subject, subject=subject)
    except Refusal as refusal:
        return person_page(portal, visit, subject, Kept("access", refusal, values))
    return redirect(person_path(subject), "person-restored")


def people_page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    """The list of people and organisations, with what a refused form had."""
    with portal.store.reading() as session:
        people, organisations = read_people(session), read_organisations(session)
    return portal.render(
        visit,
        "people.html",
        title="People",
        section="administration",
        kept=kept,
        people=people,
        organisations=organisations,
        organisation_choices=[(organisation.name, organisation.name) for organisation in organisations],
    )


def person_page(portal: Portal, visit: Visit, subject: str, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    """One person, with what a refused form had."""
    with portal.store.reading() as session:
        person = read_person(session, subject)
        organisations = [(row.name, row.name) for row in read_organisations(session)]
        courses = [(row.code, row.title) for row in list_courses(session)]
    return portal.render(
        visit,
        "person.html",
        title=person.row.name,
        section="administration",
        kept=kept,
        person=person,
        organisation_choices=organisations,
        course_choices=courses,
    )
