"""One line of `sde doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """`broken` means that the gateway, or a promise it makes, does not work here."""

    OK = "ok"
    WEAKER = "weaker"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it (empty if nothing)."""

    check: str
    verdict: Verdict
    what: str
    remedy: str = ""


def fine(check: str, what: str) -> Finding:
    """As it should be."""
    return Finding(check, Verdict.OK, what)


def weaker(check: str, what: str, remedy: str) -> Finding:
    """Works, but holds less than it could."""
    return Finding(check, Verdict.WEAKER, what, remedy)


def broken(check: str, what: str, remedy: str) -> Finding:
    """Does not work."""
    return Finding(check, Verdict.BROKEN, what, remedy)
