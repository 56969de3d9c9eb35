"""Register actions on opt-outs: which state of them is in force, by number and digest; nothing about a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.validation import check_sha256
from governance.roles import Role
from governance.store import Store
from governance.store.intake import OptOutVersion


@dataclass(frozen=True)
class OptOutVersionView:
    """One state of the opt-outs. `counts`: how many NHS numbers by kind and status (`type_1.active`) on that day."""

    number: int
    sha256: str
    policy: str
    counts: Mapping[str, int]
    created_at: datetime


def opt_out_versions(session: Session) -> list[OptOutVersionView]:
    """Every version on record, oldest first."""
    return [
        OptOutVersionView(row.id, row.sha256, row.policy, json.loads(row.counts), row.created_at)
        for row in session.scalars(select(OptOutVersion).order_by(OptOutVersion.id))
    ]


def current_opt_out_version(session: Session) -> OptOutVersionView | None:
    """The newest version on record, or None before the first."""
    found = opt_out_versions(session)
    return found[-1] if found else None


def record_opt_out_version(
    store: Store,
    *,
    actor: str,
    event: str,
    number: int,
    sha256: str,
    policy: str,
    counts: Mapping[str, int],
    detail: Detail,
    install: Callable[[], None],
) -> None:
    """Put a state of the opt-outs on record and in force.

    Args:
        event: what happened, for the audit chain (`optouts.loaded`).
        number: one more than the newest on record.
        detail: counts for the audit chain; no number of a person.
        install: called last in the transaction; what it raises leaves the register as it was.

    Raises Refusal `role-missing`, `bad-digest`, `opt-outs-not-as-recorded`.
    """
    check_sha256(sha256)
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        newest = session.scalar(select(OptOutVersion.id).order_by(OptOutVersion.id.desc()).limit(1)) or 0
        if number != newest + 1:
            raise Refusal(
                "opt-outs-not-as-recorded",
                f"The register has version {newest} of the opt-outs; version {number} cannot follow it.",
                "Nothing was changed. Restore the newest copy of the opt-outs and try again.",
            )
        session.add(
            OptOutVersion(
                id=number, sha256=sha256, policy=policy, counts=json.dumps(counts, sort_keys=True), created_at=now()
            )
        )
        append_event(session, event=event, actor=actor, detail={"version": number, "sha256": sha256, **detail})
        session.flush()
        install()


def record_check_request(store: Store, *, actor: str, detail: Detail, install: Callable[[], None]) -> None:
    """Put on record that the check service is asked. It is an event and no version: nobody's opt-outs are others by it.

    Raises Refusal `role-missing`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        append_event(session, event="optouts.check_exported", actor=actor, detail=detail)
        install()
