"""The form of a refusal code: what the table in `codes` and the reference pages made from it are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One refusal code.

    Attributes:
        code: stable, never renamed.
        meaning: the message; `{name}` stands for a name the caller wrote.
        remedy: what to do instead.
        example: SQL that triggers it, over the OMOP tables; `…` stands for `filler` where that is long or unseen.
    """

    code: str
    meaning: str
    remedy: str
    example: str
    filler: str = ""

    @property
    def trigger(self) -> str:
        """The example as it must be sent to be refused."""
        return self.example.replace("…", self.filler)
