"""What a duty has in its hands, and the shape of a duty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import Enum

from governance.clock import now
from governance.registry.keeper import DutyWarning
from governance.settings import Settings
from governance.store import Store
from intake.keeper.children import Ran, run_sde

#: Runs `sde` with these arguments, in a process of its own.
RunSde = Callable[[Settings, tuple[str, ...]], Ran]


class Pace(Enum):
    """How often a duty is due."""

    ROUND = "each round"
    NIGHT = "once a night"


@dataclass(frozen=True)
class Ground:
    """The state folder, its register, and the way to the commands that do the heavy work."""

    settings: Settings
    store: Store
    run: RunSde = field(default=run_sde)

    def night(self) -> datetime:
        """When the night's work was due last: `extract_refresh_hour` of today, or of yesterday before that."""
        moment = now()
        began = datetime.combine(moment.date(), time(self.settings.extract_refresh_hour), moment.tzinfo)
        return began if began <= moment else began - timedelta(days=1)


@dataclass(frozen=True)
class Looked:
    """How a duty ended: what somebody should look at, and the state of the data it dealt with, where that is worth
    keeping (`Duty.pace` NIGHT keeps the night instead)."""

    warnings: tuple[DutyWarning, ...] = ()
    of: str = ""


class DutyFailed(Exception):  # noqa: N818  (says what happened, as a refusal does)
    """Raised by a duty of which a part could not be done; the keeper tries again."""

    def __init__(self, *warnings: DutyWarning) -> None:
        super().__init__(", ".join(warning.code for warning in warnings))
        self.warnings = warnings


@dataclass(frozen=True)
class Duty:
    """One thing to look after.

    Attributes:
        name: of the duty in the register, the log and on the steward's page.
        about: what it does, in a sentence.
        pace: how often it is due.
        work: does it; what it raises is recorded as its failure.
        retry_minutes: how long a failure is left alone: work that is heavy is not tried in each round.
    """

    name: str
    about: str
    pace: Pace
    work: Callable[[Ground], Looked]
    retry_minutes: int = 0
