"""Walks events in their order, wherever they were read from. Promise: the first event that was changed, dropped,
inserted or moved is named, and so is one that differs from what was signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from governance.audit.canonical import digest_event
from governance.audit.chain import GENESIS, Head

EMPTY = Head(0, GENESIS)


@dataclass(frozen=True)
class ChainReport:
    """Outcome of a verification.

    Attributes:
        events: how many events, from the first on, are proven unbroken.
        broken_seq: number of the first broken event (of the event that should come next, when the end is missing or
            cannot be proven); None if the chain holds.
        reason: what is wrong with it; empty if the chain holds.
        broken_event: name of the broken event, if it can be read.
        unsigned: events newer than the signed head (a crash between commit and signing leaves at most a few).
        days: how many signed days were compared.
    """

    events: int
    broken_seq: int | None = None
    reason: str = ""
    broken_event: str = ""
    unsigned: int = 0
    days: int = 0

    @property
    def holds(self) -> bool:
        """True when nothing is broken."""
        return self.broken_seq is None


class _Break(NamedTuple):
    seq: int
    reason: str


@dataclass
class Walk:
    """Where a walk stands. `head` is the newest event that holds; `known` are signed digests by number."""

    known: Mapping[int, str]
    head: Head = EMPTY
    events: int = 0

    def follow(self, rows: Iterable[Sequence[Any]]) -> ChainReport:
        """Check rows of (seq, at, event, actor, project, detail, previous, digest), oldest first, to the end or to the
        first that does not hold."""
        known, expected, previous = self.known, self.head.seq, self.head.digest
        try:
            for row in rows:
                expected += 1
                holds = row[0] == expected and row[6] == previous and digest_event(*row[:7]) == row[7]
                if holds and (expected not in known or known[expected] == row[7]):
                    previous = row[7]
                    self.events += 1
                    continue
                broken = _name_break(row, expected, previous)
                return ChainReport(self.events, broken.seq, broken.reason, row[2] if isinstance(row[2], str) else "")
        except (ValueError, TypeError, OverflowError):  # a value no event ever had
            broken = _name_break(row, expected, previous)
            return ChainReport(self.events, broken.seq, broken.reason, row[2] if isinstance(row[2], str) else "")
        finally:
            self.head = Head(expected, previous)
        return ChainReport(self.events)

    def end(self, report: ChainReport, signed: Head | None, problem: str, days: int) -> ChainReport:
        """The same, and whether the end is the one that was signed. `problem`: what is wrong with what was signed."""
        if not report.holds:
            return report
        newest = max([signed.seq if signed is not None else 0, *self.known])
        if problem:
            return replace(
                report, broken_seq=self.head.seq + 1, reason=f"the end of the chain cannot be proven: {problem}"
            )
        if newest > self.head.seq:
            return replace(
                report, broken_seq=self.head.seq + 1, reason=f"is missing: the signed head knows {newest} events"
            )
        return replace(report, unsigned=self.head.seq - signed.seq if signed is not None else 0, days=days)


def _name_break(row: Sequence[Any], expected: int, previous: str) -> _Break:
    if row[0] != expected:
        return _Break(expected, "is missing") if row[0] > expected else _Break(row[0], "does not belong to the chain")
    if row[6] != previous:
        return _Break(expected, "does not follow the event before it")
    if not _is_genuine(row):
        return _Break(expected, "was changed after it was written")
    return _Break(expected, "differs from the signed head: history was rewritten here or before")


def _is_genuine(row: Sequence[Any]) -> bool:
    try:
        return bool(digest_event(*row[:7]) == row[7])
    except (ValueError, TypeError, OverflowError):
        return False
