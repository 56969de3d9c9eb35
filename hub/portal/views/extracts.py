"""The extracts in force of all projects as a data steward sees them: purpose, age, and what is newer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_project_row
from governance.clock import now
from governance.registry import current_extract, current_region
from governance.registry.opt_outs import current_opt_out_version
from governance.roles import ExtractOrigin
from governance.settings import Settings
from governance.store.projects import Extract, Project
from hub.portal.report_files import Kind, has_report, name_of_extract
from hub.portal.views.data import show_people
from hub.portal.words import NEWER, PURPOSES, Words


@dataclass(frozen=True)
class ExtractLine:
    """One project and the extract it reads; `number` is the extract's in the register, None where there is none.

    Attributes:
        origin: `region`, `adopted` or empty.
        days: since it was built.
        newer: what is newer than it, as badges; empty where that cannot be said.
        kept: older extracts that are still there.
    """

    slug: str
    title: str
    purpose: str
    is_live: bool
    number: int | None
    origin: str
    people: str
    rows: int
    created_at: datetime | None
    days: int
    newer: tuple[Words, ...]
    kept: int
    has_report: bool


def read_extracts(session: Session, settings: Settings) -> tuple[ExtractLine, ...]:
    """Every project that is live or still has an extract, by title."""
    region, opt_outs = current_region(session), current_opt_out_version(session)
    newest = (region.id if region else "", opt_outs.number if opt_outs else 0)
    lines = [
        _line(session, project, settings, newest)
        for project in session.scalars(select(Project).order_by(Project.title))
    ]
    return tuple(line for line in lines if line.is_live or line.number is not None)


def _line(session: Session, project: Project, settings: Settings, newest: tuple[str, int]) -> ExtractLine:
    held = current_extract(session, project.slug)
    return ExtractLine(
        slug=project.slug,
        title=project.title,
        purpose=PURPOSES.get(project.purpose, project.purpose),
        is_live=can(check_project_row, session, project),
        number=held.id if held else None,
        origin=held.origin if held else "",
        people=show_people(held.people) if held else "",
        rows=held.rows if held else 0,
        created_at=held.created_at if held else None,
        days=(now() - held.created_at).days if held else 0,
        newer=_newer(held, *newest) if held else (),
        kept=_count_kept(session, project.slug, held),
        has_report=held is not None and has_report(settings, Kind.EXTRACTS, name_of_extract(held.folder)),
    )


def _newer(held: Extract, region: str, opt_outs: int) -> tuple[Words, ...]:
    """An adopted extract is behind of nothing that we know of."""
    if held.origin != ExtractOrigin.REGION:
        return ()
    number = held.opt_out_version.partition("/")[0]
    found = (("region", held.region_version != region), ("opt-outs", number != str(opt_outs)))
    return tuple(NEWER[name] for name, is_newer in found if is_newer) or (NEWER["nothing"],)


def _count_kept(session: Session, slug: str, held: Extract | None) -> int:
    rows = session.scalars(select(Extract.id).where(Extract.project_slug == slug, Extract.destroyed_at.is_(None)))
    return sum(1 for row in rows if held is None or row != held.id)
