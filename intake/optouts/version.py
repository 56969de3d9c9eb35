"""The name of a state of the opt-outs, as an extract keeps it: enough to tell later whether anything has changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AnswerState(StrEnum):
    """What the newest answer of the check service is worth. Only a fresh one allows anybody."""

    FRESH = "fresh"
    STALE = "stale"
    ABSENT = "absent"


@dataclass(frozen=True)
class OptOutLabel:
    """Under which opt-outs something was cut.

    Attributes:
        number, sha256: of the stored version (0 and zeros: nothing was ever loaded).
        day: as of which day dated opt-outs were read.
        policy: version of the deny table.
        answer: what the check service's answer was worth.
    """

    number: int
    day: date
    policy: str
    answer: AnswerState
    sha256: str

    def __str__(self) -> str:
        return f"{self.number}/{self.day}/{self.policy}/{self.answer}/{self.sha256}"


_LABEL = re.compile(r"(\d{1,9})/(\d{4}-\d{2}-\d{2})/([\w-]+)/([a-z]+)/([0-9a-f]{64})", re.ASCII)


def read_label(text: str) -> OptOutLabel | None:
    """The label that a text is, or None."""
    found = _LABEL.fullmatch(text)
    if found is None:
        return None
    try:
        return OptOutLabel(int(found[1]), date.fromisoformat(found[2]), found[3], AnswerState(found[4]), found[5])
    except ValueError:
        return None
