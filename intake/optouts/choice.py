"""One thing said about one person's opt-out, and how six texts become one, or the reason why they do not.

Promise: nothing is guessed. A text that is not plainly one of the allowed ones is a fault, never a default.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from governance.clock import today
from intake.nhs_number import is_nhs_number
from intake.optouts.controllers import normal_controller
from intake.optouts.words import ENDING, LOADED_KINDS, STATUSES, Kind, Status

COLUMNS = ("nhs_number", "kind", "controller", "status", "from", "to")
FIRST_YEAR, YEARS_AHEAD, LAST_YEAR = 1900, 5, 2200
LONGEST_CONTROLLER = 100
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Fault(StrEnum):
    """Why a line says nothing that can be recorded. The texts are shown to stewards."""

    COLUMNS = "not six columns"
    NHS_NUMBER = "not a valid NHS number"
    KIND = "unknown kind"
    NATIONAL = "a national opt-out, which only the check service can tell"
    CONTROLLER = "a controller where there is none, or one that is too long"
    STATUS = "a status that this kind does not have"
    DAY = "not a day, or an unbelievable one"
    ORDER = "ends before it begins"
    UNDATED_END = "an end of an opt-out that does not say from when"


@dataclass(frozen=True)
class Choice:
    """What was said: this person's opt-out of this kind has this status, from day to day (both included)."""

    nhs_number: int
    kind: Kind
    controller: str
    status: Status
    starts: date | None = None
    ends: date | None = None


def read_choice(fields: Sequence[str]) -> Choice | Fault:
    """A choice from its texts, in the order of `COLUMNS`."""
    if len(fields) != len(COLUMNS):
        return Fault.COLUMNS
    number, kind, controller, status, starts, ends = (field.strip() for field in fields)
    if not is_nhs_number(number):
        return Fault.NHS_NUMBER
    said = _read_words(kind, controller, status)
    if isinstance(said, Fault):
        return said
    days = _read_days(starts, ends, said[1])
    if isinstance(days, Fault):
        return days
    return Choice(int(number), said[0], normal_controller(controller), said[1], *days)


def _read_words(kind: str, controller: str, status: str) -> tuple[Kind, Status] | Fault:
    if kind == Kind.NATIONAL:
        return Fault.NATIONAL
    if kind not in set(LOADED_KINDS):
        return Fault.KIND
    known = Kind(kind)
    if (controller and known is not Kind.GDPR_OBJECTION) or len(controller) > LONGEST_CONTROLLER:
        return Fault.CONTROLLER
    status = status or ("" if known is Kind.GDPR_OBJECTION else Status.ACTIVE)
    if status not in STATUSES[known]:
        return Fault.STATUS
    return known, Status(status)


def _read_days(starts: str, ends: str, status: Status) -> tuple[date | None, date | None] | Fault:
    days = [_read_day(text) for text in (starts, ends)]
    first, last = days
    if isinstance(first, Fault) or isinstance(last, Fault):
        return Fault.DAY
    if first is not None and first.year > today().year + YEARS_AHEAD:
        return Fault.DAY  # a mistyped year would put the opt-out off for ever
    if first is not None and last is not None and last < first:
        return Fault.ORDER
    if first is None and status in ENDING:
        return Fault.UNDATED_END
    return first, last


def _read_day(text: str) -> date | Fault | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    return day if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR else Fault.DAY
