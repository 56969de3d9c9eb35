"""What every page holds in its hands: the register, the hub, the templates; and who is visiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from governance.access import can, check_egress_open, check_person_in_force
from governance.refusal import Refusal
from governance.roles import Role
from governance.settings import Settings
from governance.sign_ins import read_bounds
from governance.store import Store
from governance.store.people import Person
from hub.portal.hub_client import HubClient
from hub.portal.identity import SignedIn, SignInNeeded, identify
from hub.portal.public.kept import KeptPages
from hub.portal.templating import PREFIX as PREFIX
from hub.portal.views.reidentification import is_named
from hub.portal.words import Outcome, Words, say_done


@dataclass(frozen=True)
class Kept:
    """A refused form: why, which form of the page it was, and what its sender had typed."""

    form: str = ""
    refusal: Refusal | None = None
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """What had been typed into the field of that form, or `otherwise`."""
        return self.values.get(name, otherwise) if form == self.form else otherwise


NOTHING_KEPT = Kept()


@dataclass(frozen=True)
class Visit:
    """One request's visitor. `roles` is empty for a person not in force; it only decides what is shown."""

    subject: str
    name: str
    roles: frozenset[Role]
    xsrf: str
    notice: Words | None = None
    is_named: bool = False  # in a request for re-identification
    egress_stopped: bool = False


@dataclass(frozen=True)
class Portal:
    """The parts that pages use."""

    store: Store
    hub: HubClient
    templates: Environment
    settings: Settings
    public: KeptPages = field(default_factory=KeptPages)

    def render(
        self,
        visit: Visit | None,
        template: str,
        *,
        title: str,
        section: str = "",
        status: int = 200,
        kept: Kept = NOTHING_KEPT,
        **context: object,
    ) -> HTMLResponse:
        """One page. A refused form's page has status 422, with the refusal on top and the typed values in place."""
        text = self.templates.get_template(template).render(
            page_title=title,
            section=section,
            person_name=visit.name if visit else "",
            roles=visit.roles if visit else frozenset(),
            visit=visit,
            is_named=bool(visit and visit.is_named),
            egress_stopped=bool(visit and visit.egress_stopped),
            kept=kept,
            **context,
        )
        return HTMLResponse(text, status_code=422 if kept.refusal else status)


def redirect(path: str, done: str = "", outcome: Outcome = Outcome.NONE_RAN) -> RedirectResponse:
    """After a form: to a page of the portal, which tells what was done (codes of `hub.portal.words`)."""
    told = {name: value for name, value in (("done", done), ("workspaces", outcome.value)) if value}
    return RedirectResponse(PREFIX + path + (f"?{urlencode(told)}" if told else ""), status_code=303)


def person_path(subject: str) -> str:
    """The administration's page of one person."""
    return f"/administration/people/{quote(subject, safe='')}"


def project_path(slug: str) -> str:
    """The administration's page of one project."""
    return f"/administration/projects/{slug}"


def portal_of(request: Request) -> Portal:
    """The portal that this application serves."""
    portal: Portal = request.app.state.portal
    return portal


PortalNow = Annotated[Portal, Depends(portal_of)]


def open_visit(request: Request, portal: PortalNow, visitor: Annotated[SignedIn, Depends(identify)]) -> Visit:
    """Who is visiting, as the register knows them; somebody it does not know has a name and nothing else. Raises
    SignInNeeded where the session is over by the register's word."""
    with portal.store.reading() as session:
        if not read_bounds(session, visitor.subject, portal.settings.session_hours).hold(visitor.began):
            raise SignInNeeded
        person = session.get(Person, visitor.subject)
        in_force = can(check_person_in_force, session, visitor.subject)
        roles = frozenset(Role(held.role) for held in person.roles) if person and in_force else frozenset()
        name = person.name if person else visitor.subject
        named = in_force and is_named(session, visitor.subject)
        stopped = not can(check_egress_open, session)
    told = request.query_params
    notice = say_done(told.get("done", ""), told.get("workspaces", ""))
    visit = Visit(visitor.subject, name, roles, visitor.xsrf, notice, named, stopped)
    request.state.visit = visit  # for the page of a refusal
    return visit


VisitNow = Annotated[Visit, Depends(open_visit)]
