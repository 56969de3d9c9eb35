"""Holds the checks' verdicts against the labels: what was missed, and what was stopped for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.egress.known import CHECKS_OF, KNOWN
from benchmarks.egress.labelled import FAIL, PASS, REVIEW, Labelled
from egress.checks import run_checks_on_all
from egress.findings import CheckReport
from governance.disclosure import PROFILES

PROFILE = PROFILES["nhs-sde"]
MOST_FALSE_FAILS, MOST_UNNEEDED_REVIEWS = 0.03, 0.10


@dataclass(frozen=True)
class Judged:
    """A file, the verdict that it got, and the names of the checks that spoke."""

    file: Labelled
    given: str
    checks: tuple[str, ...]

    @property
    def missed(self) -> bool:
        """May not leave, and was not stopped: passed, or left for a person to see."""
        return self.file.verdict == FAIL and self.given != FAIL

    @property
    def for_another_reason(self) -> bool:
        """Stopped, but by no check that looks for what was planted."""
        named = {check.split(":")[1] for check in self.checks if check.startswith(FAIL)}
        wanted = {check for kind in self.file.kinds for check in CHECKS_OF.get(kind, ())}
        return self.file.verdict == FAIL == self.given and not named & wanted

    @property
    def unseen(self) -> bool:
        """A person should have been told to look, and was not."""
        return self.file.verdict == REVIEW and self.given == PASS

    @property
    def false_fail(self) -> bool:
        """Stopped, though it may leave or only wants a look."""
        return self.file.verdict != FAIL and self.given == FAIL

    @property
    def unneeded_review(self) -> bool:
        """A person has to look at what may leave."""
        return self.file.verdict == PASS and self.given == REVIEW

    def __str__(self) -> str:
        return f"{self.file.name} ({' '.join(self.file.kinds)}): {self.given} {' '.join(self.checks)}".rstrip()


@dataclass(frozen=True)
class Score:
    """The corpus, judged."""

    judged: tuple[Judged, ...]

    def named(self, what: str) -> list[Judged]:
        """Those of which the property `what` holds."""
        return [one for one in self.judged if getattr(one, what)]

    @property
    def new_misses(self) -> list[Judged]:
        """Misses that known.py does not name."""
        return [one for one in self.named("missed") if one.file.name not in KNOWN]

    @property
    def mended(self) -> list[str]:
        """Names in known.py that are missed no more."""
        missed = {one.file.name for one in self.named("missed")}
        return sorted(set(KNOWN) - missed)

    @property
    def false_fail_share(self) -> float:
        """Of the files that may leave or want a look."""
        return len(self.named("false_fail")) / sum(one.file.verdict != FAIL for one in self.judged)

    @property
    def unneeded_review_share(self) -> float:
        """Of the files that may leave."""
        return len(self.named("unneeded_review")) / sum(one.file.verdict == PASS for one in self.judged)

    def by_kind(self) -> list[tuple[str, int, int, int]]:
        """(kind, files, missed or unseen, false alarms), worst first."""
        files, missed, alarms = Counter[str](), Counter[str](), Counter[str]()
        for one in self.judged:
            for kind in one.file.kinds:
                files[kind] += 1
                missed[kind] += one.missed or one.unseen
                alarms[kind] += one.false_fail or one.unneeded_review
        return sorted(
            ((k, files[k], missed[k], alarms[k]) for k in files), key=lambda line: (-line[2], -line[3], line[0])
        )


def judge(files: Sequence[Labelled], folder: Path) -> Score:
    """Every file by the locked child, as one request of all of them."""
    reports = run_checks_on_all([(folder / one.name, one.name) for one in files], PROFILE)
    return Score(tuple(_judged(one, report) for one, report in zip(files, reports, strict=True)))


def _judged(one: Labelled, report: CheckReport) -> Judged:
    verdict, findings = str(report.verdict), report.findings
    return Judged(one, verdict, tuple(sorted({f"{found.severity}:{found.check}" for found in findings})))
