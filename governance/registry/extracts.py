"""Register actions on extracts: which read-only folder a project reads, the SHA-256 it must have, and its end.

Promise: the newest extract is in force or none is: an older one never comes back because a newer one was destroyed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_project_row
from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import LONGEST_NAME, check_name, check_sha256
from governance.roles import ExtractOrigin, Role
from governance.store import Store
from governance.store.projects import Extract


@dataclass(frozen=True)
class Background:
    """What an extract was cut from, and how opt-outs were applied: for which purpose, under which version or, where it
    was adopted, by whose word (`opt_outs`, kept in the audit chain and the manifest)."""

    origin: ExtractOrigin = ExtractOrigin.ADOPTED
    purpose: str = ""
    opt_outs: str = ""
    region_version: str = ""
    opt_out_version: str = ""


def record_extract(
    store: Store,
    *,
    actor: str,
    slug: str,
    folder: str,
    sha256: str,
    people: int,
    rows: int,
    background: Background | None = None,
) -> None:
    """Put an extract in force for a project; the one before stays on record.

    Args:
        folder: relative to the extracts folder, no `..`.
        sha256: of `extract.duckdb`.
        people, rows: how many the extract holds.
        background: where it comes from; by default adopted, with nothing said.

    Raises Refusal `bad-folder`, `bad-digest`, `bad-count`, `no-such-project`, `role-missing`.
    """
    known = background or Background()
    place = PurePosixPath(folder)
    if not folder or len(folder) > LONGEST_NAME or place.is_absolute() or ".." in place.parts or "\0" in folder:
        raise Refusal("bad-folder", "An extract's folder is named relative to the extracts folder.")
    check_sha256(sha256)
    if people < 0 or rows < 0:
        raise Refusal("bad-count", "Counts of people and rows are not negative.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        find_project(session, slug)
        row = Extract(project_slug=slug, folder=str(place), sha256=sha256, people=people, rows=rows, created_at=now())
        row.origin, row.purpose = known.origin, known.purpose
        row.region_version, row.opt_out_version = known.region_version, known.opt_out_version
        session.add(row)
        detail: Detail = {"folder": str(place), "sha256": sha256, "people": people, "rows": rows, **asdict(known)}
        event = "extract.adopted" if known.origin is ExtractOrigin.ADOPTED else "extract.built"
        append_event(session, event=event, actor=actor, project=slug, detail=detail)


def current_extract(session: Session, slug: str) -> Extract | None:
    """The newest extract of the project, or None if there is none or it was destroyed."""
    newest = select(Extract).where(Extract.project_slug == slug).order_by(Extract.id.desc()).limit(1)
    found = session.scalars(newest).first()
    return found if found is not None and found.destroyed_at is None else None


@dataclass(frozen=True)
class ExtractView:
    """One extract on record. `state`: in force, kept or destroyed."""

    project: str
    folder: str
    sha256: str
    people: int
    rows: int
    created_at: datetime
    origin: str
    purpose: str
    region_version: str
    opt_out_version: str
    destroyed_at: datetime | None
    state: str


def list_extracts(session: Session, slug: str | None = None) -> list[ExtractView]:
    """Every extract ever, of one project or of all, newest first. Raises Refusal `no-such-project`."""
    query = select(Extract).order_by(Extract.project_slug, Extract.id.desc())
    if slug is not None:
        query = query.where(Extract.project_slug == find_project(session, slug).slug)
    seen: set[str] = set()
    views: list[ExtractView] = []
    for row in session.scalars(query):
        state = "destroyed" if row.destroyed_at else "kept" if row.project_slug in seen else "in force"
        seen.add(row.project_slug)
        views.append(
            ExtractView(
                row.project_slug,
                row.folder,
                row.sha256,
                row.people,
                row.rows,
                row.created_at,
                row.origin,
                row.purpose,
                row.region_version,
                row.opt_out_version,
                row.destroyed_at,
                state,
            )
        )
    return views


def destroy_extract(store: Store, *, actor: str, slug: str, folder: str, why: str) -> None:
    """Record that an extract is destroyed; the caller then removes its files. Never the one in force of a live project.

    Raises Refusal `no-such-extract`, `extract-in-force`, `no-such-project`, `role-missing`, `bad-name`.
    """
    reason = check_name(why, "reason")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        project = find_project(session, slug)
        held = session.scalars(
            select(Extract).where(
                Extract.project_slug == slug, Extract.folder == folder, Extract.destroyed_at.is_(None)
            )
        ).first()
        if held is None:
            raise Refusal("no-such-extract", "The project has no such extract.", "`sde extract list` names them.")
        newest = current_extract(session, slug)
        if newest is not None and newest.id == held.id and can(check_project_row, session, project):
            raise Refusal("extract-in-force", "This extract is in force.", "Suspend or close the project first.")
        held.destroyed_at = now()
        detail: Detail = {"folder": folder, "sha256": held.sha256, "why": reason}
        append_event(session, event="extract.destroyed", actor=actor, project=slug, detail=detail)
