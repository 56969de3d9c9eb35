"""Starts the locked child that reads hostile files, and turns its crash, silence or greed into a finding.

Promise: no byte of a submitted file is parsed in the calling process, and no file can keep it waiting or bring it down.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from egress.directions import IN, OUT, Direction
from egress.findings import CheckReport, Finding, Severity, verdict_of
from egress.inspection.auditing import Counted, with_audit
from egress.inspection.child_process import ChildProcess
from egress.inspection.media_types import ALLOWED_TYPES, PDF_SIGNATURE
from egress.inspection.messages import Question
from egress.inspection.opening import UNREADABLE, CannotOpenError, Opened, open_for_checks
from governance.disclosure import DisclosureProfile

SECONDS_A_FILE = 20.0  # of the processor
LONGEST_ANSWER = 4 * 2**20
MOST_FINDINGS = 500
LONGEST_TEXT = 1_000
MOST_BYTES = 16 * 2**20  # the default of Settings.egress_file_bytes, which the child need not load


@dataclass(frozen=True)
class Told:
    """What the child says of one file. `counts`: of its tables, for the audit, in whatever shape it came."""

    media_type: str
    cells: int
    findings: tuple[Finding, ...]
    counts: object = None


def run_checks(path: Path, name: str, profile: DisclosureProfile, *, limit: int = MOST_BYTES) -> CheckReport:
    """All checks on one file. Never raises, whatever the file holds or is.

    Args:
        path: where the bytes are; not followed if it is a link.
        name: what the author calls the file; checked too.
        profile: thresholds in force.
        limit: most bytes of a file (`Settings.egress_file_bytes`).
    """
    return next(run_checks_on_all([(path, name)], profile, limit=limit))


def run_checks_on_all(
    files: Sequence[tuple[Path, str]],
    profile: DisclosureProfile,
    *,
    limit: int = MOST_BYTES,
    tick: Callable[[], object] = lambda: None,
    direction: Direction = OUT,
) -> Iterator[CheckReport]:
    """As `run_checks`, for all files of one request: one report a file in the same order, after all have been read,
    since files say more together than each by itself. `tick` is called after each file."""
    checked: list[Counted] = []
    with (  # each starts with its first question
        ChildProcess("check", SECONDS_A_FILE) as usual,
        ChildProcess("check-pdf", SECONDS_A_FILE) as heavy,
    ):
        for path, name in files:
            try:
                opened = open_for_checks(path, limit)
            except CannotOpenError as problem:
                checked.append(Counted(_report(name, "", problem.size, Told("", 0, (problem.finding,)))))
            else:
                child = heavy if opened.content.startswith(PDF_SIGNATURE) else usual
                checked.append(_check_opened(child, opened, name, profile, direction))
            tick()
    yield from with_audit(checked, profile)


def run_checks_on_incoming(
    files: Sequence[tuple[Path, str]], profile: DisclosureProfile, *, limit: int = MOST_BYTES
) -> Iterator[CheckReport]:
    """As `run_checks_on_all`, with the checks of what is brought in."""
    return run_checks_on_all(files, profile, limit=limit, direction=IN)


def _check_opened(
    child: ChildProcess, opened: Opened, name: str, profile: DisclosureProfile, direction: Direction
) -> Counted:
    question = Question({"name": name, "profile": asdict(profile), "direction": direction.value}, opened.content)
    answer = child.ask(question.packed(), LONGEST_ANSWER)
    told = _understand(answer)
    if not told.media_type and any(finding.check == UNREADABLE for finding in told.findings):
        child.end()  # it has given up, and the next file deserves a fresh one
    report = _report(name, opened.sha256, len(opened.content), told)
    return _counted(report, told.counts) if told.media_type else Counted(report)


def _report(name: str, sha256: str, size: int, told: Told) -> CheckReport:
    return CheckReport(name, verdict_of(told.findings), told.findings, told.media_type, sha256, size, told.cells)


def _understand(answer: bytes | None) -> Told:
    """What the child told, which is believed only as far as its shape holds."""
    try:
        told = json.loads(answer or b"")
        media_type, cells = told["media_type"], max(0, int(told["cells"]))
        findings = tuple(_finding(item) for item in told["findings"][:MOST_FINDINGS])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return Told("", 0, (_unreadable(),))
    if media_type not in ALLOWED_TYPES and verdict_of(findings) is not Severity.FAIL:
        return Told("", cells, (*findings, _unreadable()))
    return Told(media_type, cells, findings, told.get("counts"))


def _counted(report: CheckReport, counts: object) -> Counted:
    """With the counts that an understood answer brings for the audit."""
    if not isinstance(counts, dict) or not isinstance(tables := counts.get("tables"), list):
        return Counted(report)
    return Counted(report, tuple(tables), counts.get("hides") is True, counts.get("complete") is True)


def _finding(item: dict[str, Any]) -> Finding:
    texts = (str(item[name])[:LONGEST_TEXT] for name in ("check", "where", "why", "fix"))
    check, where, why, fix = texts
    return Finding(check, Severity(item["severity"]), where, why, fix)


def _unreadable() -> Finding:
    why = "Reading the file took too long, took too much memory, or ended in an error; so it cannot be checked."
    return Finding(
        UNREADABLE, Severity.FAIL, "", why, "Make it smaller or simpler, or save it in another allowed type."
    )
