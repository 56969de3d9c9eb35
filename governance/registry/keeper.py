"""Register actions of the keeper: what each of its duties did last, and what a data steward is warned of.

Promise: what is unchanged is not written again, so that a round that finds nothing leaves no event in the audit chain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.validation import check_name
from governance.roles import Role
from governance.store import Store
from governance.store.keeper import KeeperDuty

KEEPER = "service:keeper"


class DutyState(StrEnum):
    """How a duty ended last."""

    DONE = "done"
    WARNED = "warned"  # done, and somebody should look
    FAILED = "failed"  # to be tried again


@dataclass(frozen=True)
class DutyWarning:
    """What a data steward should look at: words of ours, no value of the data."""

    code: str
    message: str
    remedy: str = ""

    @classmethod
    def of(cls, refusal: Refusal) -> DutyWarning:
        """A refusal as a warning."""
        return cls(refusal.code, refusal.message, refusal.remedy)


@dataclass(frozen=True)
class DutyView:
    """One duty as it stands."""

    name: str
    state: str
    done_for: str
    warnings: tuple[DutyWarning, ...]
    changed_at: datetime


def record_duty(
    store: Store, *, actor: str, duty: str, state: DutyState, done_for: str = "", warnings: Sequence[DutyWarning] = ()
) -> bool:
    """Write down how a duty ended; False if that is on record already. A failure is always written: it counts the time
    until the next try.

    Args:
        done_for: the night, or the state of the data, that was dealt with; empty keeps what is on record.

    Raises Refusal `bad-name`, `role-missing`.
    """
    name, told = check_name(duty, "duty"), json.dumps([asdict(warning) for warning in warnings])
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        row = session.get(KeeperDuty, name)
        if row is None:
            row = KeeperDuty(name=name, state="", done_for="", warnings="[]", changed_at=now())
            session.add(row)
        period = done_for or row.done_for
        if state is not DutyState.FAILED and (row.state, row.done_for, row.warnings) == (state, period, told):
            return False
        row.state, row.done_for, row.warnings, row.changed_at = state.value, period, told, now()
        codes = ",".join(sorted({warning.code for warning in warnings}))
        append_event(session, event=f"keeper.{state}", actor=actor, detail={"duty": name, "of": period, "codes": codes})
    return True


def list_duties(session: Session) -> list[DutyView]:
    """Every duty on record, by name."""
    return [_view(row) for row in session.scalars(select(KeeperDuty).order_by(KeeperDuty.name))]


def find_duty(session: Session, name: str) -> DutyView | None:
    """One duty, or None if it was never done."""
    row = session.get(KeeperDuty, name)
    return None if row is None else _view(row)


def _view(row: KeeperDuty) -> DutyView:
    warnings = tuple(DutyWarning(**warning) for warning in json.loads(row.warnings))
    return DutyView(row.name, row.state, row.done_for, warnings, row.changed_at)
