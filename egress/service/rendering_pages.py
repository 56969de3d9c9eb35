"""Renders the airlock's pages in the look they share with the portal. Everything in them is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from egress.service import words
from egress.service.desk import Desk
from egress.service.hub_service import PREFIX
from egress.service.scripts import REVIEW_SCRIPT
from egress.service.visitors import Visitor
from governance.look import LOOK_FOLDER
from governance.store.people import Person

TEMPLATES = Path(__file__).resolve().parent / "templates"
STYLE = Path(__file__).resolve().parent / "airlock.css"


@dataclass(frozen=True)
class Badge:
    """How the frame of a page names the visitor."""

    person_name: str
    roles: frozenset[str]


def open_templates() -> Environment:
    """The templates: our own first, then the shared look."""
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, LOOK_FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, airlock=PREFIX, script=Markup(REVIEW_SCRIPT))  # noqa: S704  (our own file)
    environment.filters["size"] = show_size
    return environment


def render(
    desk: Desk, visitor: Visitor | None, template: str, *, title: str, status: int = 200, **context: Any
) -> HTMLResponse:
    """One page. `visitor` None where nobody is known (a failed sign-in)."""
    badge = _read_badge(desk, visitor)
    text = desk.templates.get_template(template).render(
        page_title=title,
        person_name=badge.person_name,
        roles=badge.roles,
        xsrf=visitor.xsrf if visitor else "",
        **context,
    )
    return HTMLResponse(text, status)


def show_size(size: int) -> str:
    """Bytes for people: `12 bytes`, `3.4 kB`, `1.2 MB`."""
    if size < 1_000:
        return f"{size} bytes"
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _read_badge(desk: Desk, visitor: Visitor | None) -> Badge:
    if visitor is None:
        return Badge("", frozenset())
    with desk.airlock.store.reading() as session:
        return _badge_of(session, visitor.subject)


def _badge_of(session: Session, subject: str) -> Badge:
    person = session.get(Person, subject)
    if person is None:
        return Badge(subject, frozenset())
    return Badge(person.name, frozenset(role.role for role in person.roles))
