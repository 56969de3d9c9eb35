"""What the keeper did last and what it warns of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from governance.registry.keeper import DutyWarning, list_duties
from governance.settings import Settings
from hub.portal.words import DUTIES, DUTY_NAMES, NOT_IN_FORCE, Words

ROUND = "keeper-round.lock"  # touched by each round (intake.keeper.round)


@dataclass(frozen=True)
class DutyRow:
    """One duty and how it ended last."""

    name: str
    state: Words
    since: datetime
    warnings: tuple[DutyWarning, ...]


@dataclass(frozen=True)
class KeeperView:
    """All duties, and when the keeper looked last; None if it never did."""

    duties: tuple[DutyRow, ...]
    looked_at: datetime | None

    @property
    def warnings(self) -> tuple[DutyWarning, ...]:
        """What somebody should look at."""
        return tuple(warning for duty in self.duties for warning in duty.warnings)


def read_keeper(session: Session, settings: Settings) -> KeeperView:
    """The keeper as it stands."""
    duties = tuple(
        DutyRow(
            DUTY_NAMES.get(duty.name, duty.name),
            DUTIES.get(duty.state, NOT_IN_FORCE),
            duty.changed_at,
            duty.warnings,
        )
        for duty in list_duties(session)
    )
    try:
        looked_at = datetime.fromtimestamp((settings.folder.run / ROUND).stat().st_mtime, UTC)
    except OSError:
        looked_at = None
    return KeeperView(duties, looked_at)
