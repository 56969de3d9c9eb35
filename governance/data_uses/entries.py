"""The register of data uses: each project that runs or ran, in the words that the public is told.

Promise: nothing about a person, no file name and nothing of a project that was never in force; what is in here is all
that the pages, the JSON and the CSV have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.applications.answers import read_answers
from governance.clock import today
from governance.data_uses.rounding import coarse
from governance.data_uses.words import MODES, PURPOSES, honoured, say_table
from governance.registry.publication import Publication, PublishedView, current_publications, list_published
from governance.roles import ApprovalKind, ExtractOrigin, Mode, ProjectStatus, Purpose
from governance.store.airlock import EgressRelease, EgressReleasedFile, EgressRequest
from governance.store.applications import Application, ApplicationVersion
from governance.store.approvals import ProjectApproval
from governance.store.people import Person
from governance.store.projects import DataGrant, Extract, IntendedOutput, Project

Told = TypeVar("Told")
RECALLED = "recalled"  # state of an egress request
RUNNING, NOT_STARTED, PAUSED, ENDED = "running", "not started", "paused", "ended"


@dataclass(frozen=True)
class Data:
    """One kind of record that a project may use. No `columns`: all of its columns. Days are inclusive."""

    table: str
    words: str
    columns: tuple[str, ...]
    starts: date | None
    ends: date | None
    chosen_codes_only: bool


@dataclass(frozen=True)
class Intended:
    """What a project means to publish."""

    title: str
    description: str


@dataclass(frozen=True)
class Published:
    """What everybody can read of a project."""

    title: str
    link: str
    published_on: date


@dataclass(frozen=True)
class Released:
    """What has left the secure area after two people checked it. `latest`: month, `2026-11`; empty if nothing."""

    releases: int = 0
    files: int = 0
    latest: str = ""


@dataclass(frozen=True)
class DataUse:
    """One project. `people`: rounded, None if fewer than a thousand or not known; `answers`: what those who work in it
    see."""

    slug: str
    title: str
    summary: str
    public_benefit: str
    organisations: tuple[str, ...]
    sponsor: str
    funder: str
    purpose: str
    purpose_words: str
    legal_basis: str
    opt_outs: tuple[str, ...]
    opt_outs_by_supplier: bool
    status: str
    starts: date
    ends: date
    answers: str
    people: int | None
    data: tuple[Data, ...]
    intended: tuple[Intended, ...]
    released: Released
    published: tuple[Published, ...]

    @property
    def is_past(self) -> bool:
        """Whether its data are used no longer."""
        return self.status == ENDED


@dataclass(frozen=True)
class _Around:
    """What is known of all projects besides their rows, by slug."""

    publications: Mapping[str, Publication]
    published: Mapping[str, list[PublishedView]]
    intended: Mapping[str, list[Intended]]
    released: Mapping[str, Released]
    extracts: Mapping[str, Extract]
    organisations: Mapping[str, str]


def read_data_uses(session: Session) -> tuple[DataUse, ...]:
    """Every project that is or was in force: those that run first, then by title."""
    around = _Around(
        {**_read_approved(session), **current_publications(session)},
        _by_slug((view.project, view) for view in list_published(session)),
        _read_intended(session),
        _read_released(session),
        {row.project_slug: row for row in session.scalars(select(Extract).order_by(Extract.id))},
        {
            row.subject: row.organisation_name
            for row in session.execute(select(Person.subject, Person.organisation_name))
        },
    )
    shown = select(Project).where(Project.status != ProjectStatus.DRAFT.value)
    uses = [_data_use(project, around) for project in session.scalars(shown)]
    return tuple(sorted(uses, key=lambda use: (use.is_past, use.title.casefold(), use.slug)))


def _data_use(project: Project, around: _Around) -> DataUse:
    told = around.publications.get(project.slug, Publication())
    extract = around.extracts.get(project.slug)
    status = _status(project)
    return DataUse(
        slug=project.slug,
        title=project.title,
        summary=project.lay_summary,
        public_benefit=told.public_benefit,
        organisations=told.organisations or _of_members(project, around.organisations),
        sponsor=told.sponsor or _approval(project, ApprovalKind.SPONSOR, lambda row: row.party),
        funder=told.funder,
        purpose=project.purpose,
        purpose_words=PURPOSES[Purpose(project.purpose)],
        legal_basis=told.legal_basis or _approval(project, ApprovalKind.LEGAL_BASIS, lambda row: row.reference),
        opt_outs=honoured(project.purpose),
        opt_outs_by_supplier=extract is not None and extract.origin == ExtractOrigin.ADOPTED,
        status=status,
        starts=project.starts_on,
        ends=project.ends_on,
        answers=MODES[Mode(project.mode)],
        people=coarse(extract.people) if extract is not None else None,
        data=tuple(_data(grant) for grant in project.grants if grant.revoked_at is None or status == ENDED),
        intended=tuple(around.intended.get(project.slug, ())),
        released=around.released.get(project.slug, Released()),
        published=tuple(
            Published(view.title, view.link, view.published_on) for view in around.published.get(project.slug, ())
        ),
    )


def _approval(project: Project, kind: ApprovalKind, say: Callable[[ProjectApproval], str]) -> str:
    """Where nobody wrote it down for the public: what the newest paper on record says."""
    rows = [row for row in project.approvals if row.kind == kind and row.withdrawn_at is None and not row.note]
    return say(rows[-1]) if rows else ""


def _status(project: Project) -> str:
    if project.status == ProjectStatus.CLOSED or project.ends_on < today():
        return ENDED
    if project.status == ProjectStatus.SUSPENDED:
        return PAUSED
    return NOT_STARTED if today() < project.starts_on else RUNNING


def _data(grant: DataGrant) -> Data:
    columns = tuple(filter(None, grant.columns.split(",")))
    words = say_table(grant.table_name)
    return Data(grant.table_name, words, columns, grant.starts_on, grant.ends_on, bool(grant.codes))


def _of_members(project: Project, organisations: Mapping[str, str]) -> tuple[str, ...]:
    """Where nobody wrote them down: the organisations of those who are in it, or, of a past one, were."""
    held = [row for row in project.memberships if row.removed_at is None] or project.memberships
    return tuple(sorted({organisations[row.subject] for row in held if row.subject in organisations}))


def _read_approved(session: Session) -> Mapping[str, Publication]:
    """What the newest approved application of each project said for the public; a description written since counts."""
    approved = (
        select(Application.project_slug, ApplicationVersion.document)
        .join(ApplicationVersion, ApplicationVersion.application_id == Application.id)
        .where(Application.approved_at.is_not(None), ApplicationVersion.digest == Application.approved_digest)
        .order_by(Application.approved_at, ApplicationVersion.number)
    )
    told: dict[str, Publication] = {}
    for slug, document in session.execute(approved):
        if slug is None:
            continue
        said = read_answers(document)
        told[slug] = Publication(said.public_benefit, said.legal_basis, said.organisations, said.sponsor, said.funder)
    return told


def _read_intended(session: Session) -> Mapping[str, list[Intended]]:
    live = select(IntendedOutput).where(IntendedOutput.withdrawn_at.is_(None)).order_by(IntendedOutput.id)
    return _by_slug((row.project_slug, Intended(row.title, row.description)) for row in session.scalars(live))


def _read_released(session: Session) -> Mapping[str, Released]:
    """What was called back is not counted."""
    files = (
        select(EgressReleasedFile.release_id, func.count().label("files"))
        .group_by(EgressReleasedFile.release_id)
        .subquery()
    )
    rows = session.execute(
        select(EgressRequest.project_slug, func.count(), func.sum(files.c.files), func.max(EgressRelease.released_at))
        .join(EgressRelease, EgressRelease.request_id == EgressRequest.id)
        .outerjoin(files, files.c.release_id == EgressRelease.id)
        .where(EgressRequest.state != RECALLED)
        .group_by(EgressRequest.project_slug)
    )
    return {slug: Released(count, int(held or 0), f"{latest:%Y-%m}") for slug, count, held, latest in rows}


def _by_slug(pairs: Iterable[tuple[str, Told]]) -> Mapping[str, list[Told]]:
    gathered: dict[str, list[Told]] = defaultdict(list)
    for slug, told in pairs:
        gathered[slug].append(told)
    return gathered
