"""Checks files without a request. Promise: nothing of them is stored, and every file gets its own answer: one that a
request would not take at all is told as a finding, beside what the checks say of the others.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from egress.airlock import Airlock
from egress.drafting import Incoming
from egress.files import FileStore
from egress.findings import CheckReport, Finding, Severity, verdict_of
from egress.limits import profile_of
from egress.names import check_file_name
from egress.views import FindingView
from governance.access import check_can_submit
from governance.callers import Caller
from governance.disclosure import DisclosureProfile
from governance.refusal import Refusal
from governance.store.projects import Project

#: Which check says what a request's refusal of a file means.
CHECK_OF_REFUSAL = {"bad-file-name": "file-name", "file-too-large": "file-size", "file-empty": "empty-file"}


@dataclass(frozen=True)
class Trial:
    """What the checks said of files, in the order in which they came, and by which profile."""

    profile: DisclosureProfile
    reports: tuple[CheckReport, ...]

    def as_json(self) -> dict[str, Any]:
        """For the client: the profile, a report for each file, and all findings in one list."""
        files = [
            {"file": report.path, "verdict": str(report.verdict), "findings": [asdict(f) for f in _views(report)]}
            for report in self.reports
        ]
        rules = {
            "version": self.profile.version,
            "threshold": self.profile.threshold,
            "round_to": self.profile.round_to,
        }
        return {"profile": rules, "files": files, "findings": [found for file in files for found in file["findings"]]}


def check_only(airlock: Airlock, caller: Caller, files: Sequence[Incoming]) -> Trial:
    """Run every check on files that are thrown away afterwards. Raises Refusal `no-output-file`."""
    with airlock.store.reading() as session:
        check_can_submit(session, caller.subject, caller.project)
        profile = profile_of(session.get_one(Project, caller.project))
    if not files:
        raise Refusal("no-output-file", "There is no file to check.", "Send at least one file.")
    folder = Path(tempfile.mkdtemp(prefix="check-", dir=airlock.settings.folder.airlock))
    try:
        store = FileStore(folder, airlock.settings.egress_file_bytes)
        kept = [_keep(store, file) for file in files]
        reports = iter(list(airlock.check([one for one in kept if not isinstance(one, CheckReport)], profile)))
        return Trial(profile, tuple(one if isinstance(one, CheckReport) else next(reports) for one in kept))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(store: FileStore, file: Incoming) -> tuple[Path, str] | CheckReport:
    """Where its bytes are for now, and its name; or why a request would not take it."""
    try:
        name = check_file_name(file.name)
        return store.path(store.put(file.source, file.name).sha256), name
    except Refusal as refusal:
        if refusal.code not in CHECK_OF_REFUSAL:
            raise
        found = (Finding(CHECK_OF_REFUSAL[refusal.code], Severity.FAIL, "", refusal.message, refusal.remedy),)
        return CheckReport(file.name, verdict_of(found), found, "", "", 0)


def _views(report: CheckReport) -> list[FindingView]:
    return [
        FindingView(report.path, finding.check, finding.severity.value, finding.where, finding.why, finding.fix)
        for finding in report.findings
    ]
