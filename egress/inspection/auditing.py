"""Asks the auditing child what the files of a request tell together of their hidden counts, and adds it to the reports.

Promise: nothing is taken back but the finding that said "could not be worked out", and only once it was. The child is
started only if some count is hidden, since it brings the solver.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from egress.findings import CheckReport, Finding, Severity, verdict_of
from egress.inspection.child_process import ChildProcess
from egress.inspection.messages import Question
from governance.disclosure import DisclosureProfile

SECONDS = 60.0  # of the processor
LONGEST_ANSWER = 4 * 2**20
NAME = "complementary"
OPEN = "Whether hidden counts follow from the totals around them could not be worked out."
NOT_COMPARED = "Whether hidden counts follow from the other tables of the request could not be worked out."
FIX = "Hide a second cell in the same row and column, round the totals, or leave the totals out."


@dataclass(frozen=True)
class Counted:
    """A report, with the counts of the file's tables as its child told them.

    Attributes:
        report: what the checks found in the file alone.
        tables: plain lists, as `CountTable`; only the auditing child looks into them.
        hides: some table hides a count.
        complete: these are all the tables with counts; otherwise what was open stays open.
    """

    report: CheckReport
    tables: tuple[Any, ...] = ()
    hides: bool = False
    complete: bool = False


def with_audit(files: Sequence[Counted], profile: DisclosureProfile) -> list[CheckReport]:
    """The reports of one request, in order, with what its tables give away together."""
    reports = [file.report for file in files]
    is_open = any(_is_open(finding) for report in reports for finding in report.findings)
    several = sum(len(file.tables) for file in files) > 1
    if not is_open and not (several and any(file.hides for file in files)):
        return reports
    told = _ask(files, profile)
    if told is None:
        return [_added(file.report, [_not_compared()] if several and file.hides else []) for file in files]
    return [_settled(file, found) for file, found in zip(files, told, strict=True)]


def _ask(files: Sequence[Counted], profile: DisclosureProfile) -> list[list[Finding]] | None:
    content = json.dumps([file.tables for file in files]).encode()
    question = Question({"profile": asdict(profile)}, content)
    with ChildProcess("audit", SECONDS) as child:
        return understand(child.ask(question.packed(), LONGEST_ANSWER), len(files))


def understand(answer: bytes | None, files: int) -> list[list[Finding]] | None:
    """Findings a file, out of an answer that is believed only as far as its shape holds; None if it does not."""
    try:
        told = json.loads(answer or b"")["findings"]
        found = [[_finding(item) for item in of_file] for of_file in told]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if len(found) == files else None


def _finding(item: dict[str, Any]) -> Finding:
    return Finding(NAME, Severity(item["severity"]), str(item["where"]), str(item["why"]), str(item["fix"]))


def _is_open(finding: Finding) -> bool:
    return finding.check == NAME and finding.why == OPEN


def _settled(file: Counted, found: Sequence[Finding]) -> CheckReport:
    """Without what was open, if the child saw all of the file's tables, and with what it found."""
    kept = tuple(finding for finding in file.report.findings if not (file.complete and _is_open(finding)))
    return _added(replace(file.report, findings=kept), found)


def _added(report: CheckReport, found: Sequence[Finding]) -> CheckReport:
    findings = sorted(dict.fromkeys((*report.findings, *found)), key=lambda finding: -finding.severity.rank)
    return replace(report, findings=tuple(findings), verdict=verdict_of(findings))


def _not_compared() -> Finding:
    return Finding(NAME, Severity.REVIEW, "", NOT_COMPARED, FIX)
