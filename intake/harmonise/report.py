"""What harmonising tells: how many rows of each feed's tables became what. Counts only, nobody's record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LedgerLine:
    """Rows of one staged table: `staged = superseded + unlinked + left_out + out`, or nothing is written.

    Attributes:
        superseded: rows of submissions that a later one replaced, and duplicates.
        unlinked: rows of nobody in the spine, whose opt-outs nobody can check.
        left_out: rows that by the mapping's rule make nothing (an appointment that was missed).
        out: rows that made at least one row of the model.
        unmapped: rows made of a code that no vocabulary here knows (kept, as concept 0).
    """

    feed: str
    table: str
    staged: int
    superseded: int
    unlinked: int
    left_out: int
    out: int
    unmapped: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every row is accounted for."""
        return self.staged == self.superseded + self.unlinked + self.left_out + self.out


@dataclass(frozen=True)
class ProducedLine:
    """Rows of the model that one staged table made; empty `table`: all tables of the feed that say who people are.
    `unmapped`: of these, rows whose main concept is 0."""

    feed: str
    table: str
    target: str
    rows: int
    unmapped: int


@dataclass(frozen=True)
class UnmappedCodes:
    """Rows of one kind whose code no vocabulary here knows. `codes`: how many codes these are; `often`: those that at
    least ten people have, which alone may be named."""

    feed: str
    vocabulary: str
    rows: int
    codes: int
    often: tuple[str, ...] = ()


@dataclass(frozen=True)
class HarmoniseReport:
    """What was written. `people`: distinct people with any row; `rows`: over all tables about people."""

    people: int
    rows: int
    ledger: tuple[LedgerLine, ...]
    produced: tuple[ProducedLine, ...]
    unmapped: tuple[UnmappedCodes, ...]
    vocabulary: str
