"""Register actions on extracts: which read-only folder a project reads, and the SHA-256 it must have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import LONGEST_NAME, check_sha256
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
    """The newest extract of the project, or None."""
    newest = select(Extract).where(Extract.project_slug == slug).order_by(Extract.id.desc()).limit(1)
    return session.scalars(newest).first()
