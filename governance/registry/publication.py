"""Register actions on what the public is told of a project: benefit, legal basis, organisations, and where its results
can be read. Promise: what is typed here is for everybody, so no long number is kept and a link leads to https only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import (
    LONGEST_TEXT,
    check_date,
    check_name,
    check_optional_name,
    check_text_names_nobody,
)
from governance.roles import Role
from governance.store import Store
from governance.store.projects import Project
from governance.store.publication import ProjectPublication, PublishedOutput

MOST_ORGANISATIONS = 50
LONGEST_LINK = 500


@dataclass(frozen=True)
class Publication:
    """What the public register says of a project beyond its title, summary, purpose, dates and data."""

    public_benefit: str = ""
    legal_basis: str = ""
    organisations: tuple[str, ...] = ()
    sponsor: str = ""
    funder: str = ""


@dataclass(frozen=True)
class PublishedView:
    """Something that everybody can read."""

    project: str
    number: int
    title: str
    link: str
    published_on: date
    added_at: datetime


def describe_project(store: Store, *, actor: str, slug: str, publication: Publication) -> None:
    """Put a description in force for the public register; those before stay on record.

    Raises Refusal `bad-name`, `number-in-text`, `bad-organisations`, `no-such-project`, `role-missing`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        write_publication(session, find_project(session, slug), publication, actor=actor)


def write_publication(session: Session, project: Project, publication: Publication, *, actor: str) -> None:
    """The same inside a caller's transaction, who has checked that the actor may: with its audit event."""
    row = ProjectPublication(
        project_slug=project.slug,
        public_benefit=_text(publication.public_benefit, "public benefit"),
        legal_basis=_text(publication.legal_basis, "legal basis"),
        organisations="\n".join(_organisations(publication.organisations)),
        sponsor=check_optional_name(publication.sponsor, "sponsor"),
        funder=check_optional_name(publication.funder, "funder"),
        recorded_at=now(),
    )
    session.add(row)
    detail: Detail = {"organisations": len(publication.organisations), "legal_basis": row.legal_basis}
    append_event(session, event="project.described", actor=actor, project=project.slug, detail=detail)


def current_publications(session: Session) -> dict[str, Publication]:
    """The newest description of each project that has one, by slug."""
    rows = session.scalars(select(ProjectPublication).order_by(ProjectPublication.id))
    return {
        row.project_slug: Publication(
            row.public_benefit,
            row.legal_basis,
            tuple(filter(None, row.organisations.split("\n"))),
            row.sponsor,
            row.funder,
        )
        for row in rows
    }


def add_published(store: Store, *, actor: str, slug: str, title: str, link: str, published_on: date) -> int:
    """Tell the public where something of a project can be read; returns its number.

    Raises Refusal `bad-name`, `bad-link`, `bad-date`, `no-such-project`, `already-exists`, `role-missing`.
    """
    name, address = check_name(title, "title"), check_link(link)
    if check_date(published_on, "day of publication") > today():
        raise Refusal("bad-date", "What is not published yet cannot be listed.", "Add it on its day.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        find_project(session, slug)
        if any(row.link == address for row in list_published(session, slug)):
            raise Refusal("already-exists", "The project lists this link already.")
        row = PublishedOutput(project_slug=slug, title=name, link=address, published_on=published_on, added_at=now())
        session.add(row)
        session.flush()
        detail: Detail = {"number": row.id, "link": address}
        append_event(session, event="project.output_published", actor=actor, project=slug, detail=detail)
        return row.id


def withdraw_published(store: Store, *, actor: str, slug: str, number: int) -> None:
    """Take a link off the public register. Raises Refusal `no-such-project`, `no-such-publication`, `role-missing`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        find_project(session, slug)
        row = session.get(PublishedOutput, number)
        if row is None or row.project_slug != slug or row.withdrawn_at is not None:
            known = f"`sde project public list {slug}` names them."
            raise Refusal("no-such-publication", "The project lists no such publication.", known)
        row.withdrawn_at = now()
        detail: Detail = {"number": number}
        append_event(session, event="project.output_unpublished", actor=actor, project=slug, detail=detail)


def list_published(session: Session, slug: str | None = None) -> list[PublishedView]:
    """What can be read of one project or of all, newest first. Raises Refusal `no-such-project`."""
    query = select(PublishedOutput).where(PublishedOutput.withdrawn_at.is_(None))
    if slug is not None:
        query = query.where(PublishedOutput.project_slug == find_project(session, slug).slug)
    return [
        PublishedView(row.project_slug, row.id, row.title, row.link, row.published_on, row.added_at)
        for row in session.scalars(query.order_by(PublishedOutput.published_on.desc(), PublishedOutput.id.desc()))
    ]


def check_link(link: str) -> str:
    """An address that a page may offer to everybody: https, a host, no name or password in it. Raises `bad-link`."""
    address = link.strip()
    plain = address.isascii() and address.isprintable() and not set(address) & set(" \"'<>\\`{}|^")
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        plain, host = False, ""
    if not plain or len(address) > LONGEST_LINK or parts.scheme != "https" or "." not in host or "@" in parts.netloc:
        remedy = f"It begins with https:// and has at most {LONGEST_LINK} characters."
        raise Refusal("bad-link", "This is not a web address that everybody can open.", remedy, "link")
    return address


def _text(value: str, field: str) -> str:
    return check_text_names_nobody(value, field) if value.strip() else ""


def _organisations(names: Iterable[str]) -> list[str]:
    listed = list(dict.fromkeys(check_name(name, "organisation") for name in names))
    if len(listed) > MOST_ORGANISATIONS or sum(map(len, listed)) > LONGEST_TEXT:
        raise Refusal("bad-organisations", f"A project names at most {MOST_ORGANISATIONS} organisations.")
    return listed
