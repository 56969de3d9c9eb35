"""One reason why somebody or something is not in force, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from governance.refusal import Refusal

ASK = "Ask your project manager or the service desk."


@dataclass(frozen=True)
class Reason:
    """`code`: stable, that of the refusal it becomes. `since`: the day from which it holds, or on which what has not
    begun begins; `until`: the last day of what has ended. None: not known, or without an end."""

    code: str
    words: str
    remedy: str = ASK
    since: date | None = None
    until: date | None = None

    @property
    def refusal(self) -> Refusal:
        """What a gate raises."""
        return Refusal(self.code, self.words, self.remedy)
