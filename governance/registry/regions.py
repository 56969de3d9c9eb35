"""Register actions on the region: each harmonised state of everybody's records; the newest is in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.validation import LONGEST_NAME, check_sha256
from governance.roles import Role
from governance.store import Store
from governance.store.intake import RegionVersion


@dataclass(frozen=True)
class RegionView:
    """One version of the region. `folder` is relative to the region's folder, `deliveries` are the ids of those it
    holds, `summary` is JSON with counts, nobody's record."""

    id: str
    folder: str
    sha256: str
    deliveries: tuple[str, ...]
    people: int
    rows: int
    summary: str
    created_at: datetime


def record_region(
    store: Store,
    *,
    actor: str,
    folder: str,
    sha256: str,
    deliveries: Sequence[str],
    people: int,
    rows: int,
    summary: str = "{}",
) -> None:
    """Put a version of the region in force; its id is its folder's name. Those before stay on record.

    Args:
        folder: a name directly in the region's folder.
        sha256: of its manifest.
        summary: JSON with counts.

    Raises Refusal `bad-folder`, `bad-digest`, `bad-count`, `region-recorded`, `role-missing`.
    """
    if not folder or len(folder) > LONGEST_NAME or folder.startswith(".") or "/" in folder or not folder.isprintable():
        raise Refusal("bad-folder", "A version of the region is named as a folder in the region's folder.")
    check_sha256(sha256)
    if people < 0 or rows < 0:
        raise Refusal("bad-count", "Counts of people and rows are not negative.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        if session.get(RegionVersion, folder) is not None:
            raise Refusal("region-recorded", "This version of the region is in the register already.")
        session.add(
            RegionVersion(
                id=folder,
                folder=folder,
                sha256=sha256,
                deliveries=",".join(deliveries),
                people=people,
                rows=rows,
                summary=summary,
                created_at=now(),
            )
        )
        detail: Detail = {"folder": folder, "sha256": sha256, "deliveries": len(deliveries), "rows": rows}
        append_event(session, event="region.recorded", actor=actor, detail={**detail, "people": people})


def current_region(session: Session) -> RegionView | None:
    """The version in force, or None before the first."""
    return next(iter(list_regions(session)), None)


def find_region(session: Session, version: str) -> RegionView:
    """One version by id. Raises Refusal `no-such-region`."""
    found = session.get(RegionVersion, version)
    if found is None:
        raise Refusal("no-such-region", "There is no such version of the region.", "`sde region list` names them.")
    return _view(found)


def list_regions(session: Session) -> list[RegionView]:
    """Every version, the one in force first."""
    newest_first = select(RegionVersion).order_by(RegionVersion.created_at.desc(), RegionVersion.id.desc())
    return [_view(row) for row in session.scalars(newest_first)]


def _view(row: RegionVersion) -> RegionView:
    deliveries = tuple(filter(None, row.deliveries.split(",")))
    return RegionView(row.id, row.folder, row.sha256, deliveries, row.people, row.rows, row.summary, row.created_at)
