"""All that the public is told, read in one session of the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from governance.clock import today
from governance.data_uses.entries import DataUse, read_data_uses
from governance.data_uses.figures import Figures, read_figures
from governance.data_uses.holdings import Holdings, read_holdings


@dataclass(frozen=True)
class Told:
    """One state of it. `holdings`: None before the first region is built."""

    made_on: date
    uses: tuple[DataUse, ...]
    holdings: Holdings | None
    figures: Figures


def read_told(session: Session, before: Told | None = None) -> Told:
    """As the register stands now. The figures of a day do not change: those of `before` are kept for its day."""
    day = today()
    known = before.figures if before is not None and before.made_on == day else read_figures(session, day)
    return Told(day, read_data_uses(session), read_holdings(session), known)
