"""Findings: what an automatic check says of one place in one file. A finding advises or blocks; it never approves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a finding weighs, in rising order: nothing found, a person must look, may not leave."""

    PASS = "PASS"  # noqa: S105  (a verdict, not a password)
    REVIEW = "REVIEW"
    FAIL = "FAIL"

    @property
    def rank(self) -> int:
        """0, 1 or 2; larger is worse."""
        return tuple(Severity).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


@dataclass(frozen=True)
class Finding:
    """One thing a check found.

    Promise: no field holds a data value or an identifier that was found, only its place.

    Attributes:
        check: the check's kebab-case name, stable.
        severity: REVIEW or FAIL (PASS is never reported as a finding).
        where: the place: row and column, line, notebook cell; empty for the file as a whole.
        why: what is wrong, one sentence for the author.
        fix: what to do about it, one sentence.
    """

    check: str
    severity: Severity
    where: str
    why: str
    fix: str

    def as_dict(self) -> dict[str, str]:
        """The five fields, for JSON at the edge."""
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class CheckReport:
    """All findings on one file, with what the file really is.

    Attributes:
        path: the name that the caller gave.
        verdict: the worst severity of the findings, PASS if there is none.
        findings: worst first.
        media_type: by content, never by name; empty if the file could not be read.
        sha256: of the very bytes that were checked; empty if the file could not be read.
        size: bytes.
        cells: of all tables in it.
    """

    path: str
    verdict: Severity
    findings: tuple[Finding, ...]
    media_type: str
    sha256: str
    size: int
    cells: int = 0


def verdict_of(findings: Iterable[Finding]) -> Severity:
    """The worst severity, PASS for none."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.rank, default=Severity.PASS)
