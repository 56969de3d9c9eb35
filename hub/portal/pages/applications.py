"""Applications for a project: the list, the form section by section, and one page on which everybody with a part in it
acts. Every save is an ordinary POST; a draft may be saved with anything missing.
"""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance.applications.complete import Problem
from governance.applications.controllers import organisations_of
from governance.applications.drafting import find_gaps, save_answers, start_application
from governance.applications.form import FORM
from governance.applications.kinds import Answer, Kind, Outcome
from governance.applications.notices import mark_read
from governance.applications.offered import Offer, current_offer
from governance.applications.states import EDITABLE, State, Who
from governance.applications.views import ApplicationDetail, list_applications, show_application
from governance.refusal import Refusal
from hub.portal.forms import ValuesNow
from hub.portal.pages.application_acts import ACTS
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, redirect
from hub.portal.views.application_form import flatten, read_section, rows_of

LIST = "/applications"
SECTIONS = {section.name: section for section in FORM}
CHOOSE = ("", "Choose")  # nobody votes by pressing a button alone
NO_PAGE = Refusal("no-such-page", "There is no such page.", "Start from your applications.")


def applications(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """The applications that the visitor may read, and the button for a new one."""
    return _list_page(portal, visit)


def start(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Begin an application for a project, or to change or renew one."""
    kind, project = values.get("kind", Kind.PROJECT.value), values.get("project", "").strip()
    try:
        number = start_application(
            portal.store, actor=visit.subject, applicant=visit.subject, kind=kind, project=project
        )
    except Refusal as refusal:
        return _list_page(portal, visit, Kept("start", refusal, values))
    return redirect(f"{LIST}/{number}/form/{FORM[0].name}")


def show(application: str, portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """One application: who has the move, what is missing, what it says, and what the visitor can do."""
    answer = _application_page(portal, visit, application)
    mark_read(portal.store, actor=visit.subject, application=application)
    return answer


def section_form(application: str, section: str, portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """One section of the form."""
    return _section_page(portal, visit, application, section)


def save_section(application: str, section: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Save a section; a draft may have anything missing."""
    if section not in SECTIONS:
        raise NO_PAGE
    try:
        told = read_section(SECTIONS[section], values)
        save_answers(portal.store, actor=visit.subject, application=application, values=told)
    except Refusal as refusal:
        return _section_page(portal, visit, application, section, Kept(section, refusal, values))
    names = list(SECTIONS)
    following = names[names.index(section) + 1 :]
    if values.get("then") == "next" and following:
        return redirect(f"{LIST}/{application}/form/{following[0]}", "saved")
    if values.get("then") == "stay":
        return redirect(f"{LIST}/{application}/form/{section}", "saved")
    return redirect(f"{LIST}/{application}", "saved")


def act(application: str, name: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Do one thing with an application: submit, ask, vote, agree, approve and so on."""
    if name not in ACTS:
        raise NO_PAGE
    try:
        ACTS[name](portal.store, visit.subject, application, values)
    except Refusal as refusal:
        return _application_page(portal, visit, application, Kept(name, refusal, values))
    return redirect(f"{LIST}/{application}", "application-moved")


def _list_page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    with portal.store.reading() as session:
        rows = list_applications(session, actor=visit.subject)
    return portal.render(visit, "applications.html", title="Applications", section="applications", kept=kept, rows=rows)


def _application_page(portal: Portal, visit: Visit, application: str, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    with portal.store.reading() as session:
        detail = show_application(session, actor=visit.subject, application=application)
        mine = organisations_of(session, visit.subject)
        gaps: tuple[Problem, ...] = ()
        if Who.APPLICANT in detail.parts and _is_editable(detail):
            gaps = find_gaps(session, actor=visit.subject, application=application)
    return portal.render(
        visit,
        "application.html",
        title=detail.view.title or "Application without a title",
        section="applications",
        kept=kept,
        detail=detail,
        gaps=[(gap, _section_of(gap)) for gap in gaps],
        editable=_is_editable(detail),
        form=FORM,
        values=flatten(detail.answers),
        votes=[CHOOSE, *((one.value, one.words.capitalize()) for one in Outcome)],
        answers=[CHOOSE, *((one.value, one.words.capitalize()) for one in Answer)],
        mine=mine,
        parts={part.name.lower() for part in detail.parts},
    )


def _section_page(portal: Portal, visit: Visit, application: str, name: str, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    section = SECTIONS.get(name)
    if section is None:
        raise NO_PAGE
    with portal.store.reading() as session:
        detail = show_application(session, actor=visit.subject, application=application)
        if Who.APPLICANT not in detail.parts or not _is_editable(detail):
            raise Refusal(
                "wrong-state", "This application cannot be changed by you now.", "Open it to see where it is."
            )
        gaps = find_gaps(session, actor=visit.subject, application=application)
        offer = _offer(portal)
    values = dict(kept.values) if kept.refusal else flatten(detail.answers)
    return portal.render(
        visit,
        "application_form.html",
        title=section.title,
        section="applications",
        kept=kept,
        detail=detail,
        form=FORM,
        part=section,
        values=values,
        rows={field.name: rows_of(field, values, offer) for field in section.fields if field.fields},
        tables=sorted(offer.catalogue.tables.values(), key=lambda table: table.name) if offer else [],
        gaps={gap.field: gap for gap in gaps if _section_of(gap) == section.name},
    )


def _offer(portal: Portal) -> Offer | None:
    """None while no catalogue is published; the page then says so."""
    with portal.store.reading() as session:
        try:
            return current_offer(session)
        except Refusal:
            return None


def _is_editable(detail: ApplicationDetail) -> bool:
    return State(detail.view.state) in EDITABLE


def _section_of(gap: Problem) -> str:
    field = gap.field.partition("[")[0].partition(".")[0]
    return next(section.name for section in FORM if any(one.name == field for one in section.fields))
