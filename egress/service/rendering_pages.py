"""Renders the airlock's pages in the look they share with the portal. Everything in them is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse

from egress.directions import Purpose
from egress.groups import Words
from egress.limits import Amounts
from egress.service import incoming_words, words
from egress.service.desk import Desk
from egress.service.hub_service import PREFIX
from egress.service.scripts import AUTHOR_SCRIPT, REVIEW_SCRIPT
from egress.service.visitors import Visitor
from governance.access import can, check_egress_open
from governance.clock import now
from governance.look import LOOK_FOLDER
from governance.store.people import Person

TEMPLATES = Path(__file__).resolve().parent / "templates"
STYLE = Path(__file__).resolve().parent / "airlock.css"


@dataclass(frozen=True)
class Badge:
    """How the frame of a page names the visitor."""

    person_name: str
    roles: frozenset[str]
    egress_stopped: bool = False


def open_templates() -> Environment:
    """The templates: our own first, then the shared look."""
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, LOOK_FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        words=words,
        incoming_words=incoming_words,
        purposes=tuple(Purpose),
        airlock=PREFIX,
        nothing=Words(),
        age=show_age,
        amounts=show_amounts,
    )
    for name, script in (("review_script", REVIEW_SCRIPT), ("author_script", AUTHOR_SCRIPT)):
        environment.globals[name] = Markup(script)  # noqa: S704  (a file of our own)
    environment.filters |= {"size": show_size, "figure": show_figure}
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
        egress_stopped=badge.egress_stopped,
        **context,
    )
    return HTMLResponse(text, status)


def show_size(size: int) -> str:
    """Bytes for people: `12 bytes`, `3.4 kB`, `1.2 MB`."""
    if size < 1_000:
        return f"{size} bytes"
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def show_figure(value: float) -> str:
    """A number as people write it: `1,200`, `0.153`."""
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.6g}"


def show_amounts(amounts: Amounts) -> str:
    """`3 files, 1.2 MB and 480 cells`."""
    files = f"{amounts.files:,} file{'' if amounts.files == 1 else 's'}"
    return f"{files}, {show_size(amounts.bytes)} and {amounts.cells:,} table cells"


def show_age(since: datetime) -> str:
    """How long something waits, in the largest unit that says it: `12 minutes`, `5 hours`, `3 days`."""
    minutes = int((now() - since).total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "under a minute"


def _read_badge(desk: Desk, visitor: Visitor | None) -> Badge:
    if visitor is None:
        return Badge("", frozenset())
    with desk.airlock.store.reading() as session:
        return _badge_of(session, visitor.subject)


def _badge_of(session: Session, subject: str) -> Badge:
    person = session.get(Person, subject)
    stopped = not can(check_egress_open, session)
    if person is None:
        return Badge(subject, frozenset(), stopped)
    return Badge(person.name, frozenset(role.role for role in person.roles), stopped)
