"""Writes a release as ACRO's `results.json`, so that SACRO's viewer opens the release folder as it is.

ACRO's words: a status (pass, review, fail), a type of output, the cells that each of its checks names, comments and the
reason of an exception. What ACRO has no word for stands in `properties`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from egress.releasing.acro_cells import cells_of
from egress.releasing.documents import canonical
from egress.releasing.manifest import Manifest, ManifestFile, ManifestFinding
from egress.releasing.outputs import AuthorsWord

#: Of ACRO's results file; its viewer reads any newer one of the same shape.
ACRO_VERSION = "0.4.12"
STATUSES = {"PASS": "pass", "REVIEW": "review", "FAIL": "fail"}
TABLES = frozenset({"text/csv", "text/tab-separated-values"})
ACRO_CHECKS = ("negative", "missing", "threshold", "p-ratio", "nk-rule", "all-values-are-same")
#: Our checks that ask what one of ACRO's asks.
SAME_AS: Mapping[str, str] = {
    "small-counts": "threshold",
    "implied-counts": "threshold",
    "complementary": "threshold",
    "dominance": "nk-rule",
}


def write_results(
    manifest: Manifest, headers: Mapping[str, Sequence[str]], said: Mapping[str, AuthorsWord] | None = None
) -> bytes:
    """The results file of a release.

    Args:
        manifest: what is released.
        headers: the columns of each table, by the file's name.
        said: what the author's own ACRO session said of a file, by its name.
    """
    words = said or {}
    outputs = {
        file.name: _write_output(manifest, file, headers.get(file.name, ()), words.get(file.name))
        for file in manifest.files
    }
    return canonical({"version": ACRO_VERSION, "results": outputs})


def _write_output(
    manifest: Manifest, file: ManifestFile, header: Sequence[str], said: AuthorsWord | None
) -> dict[str, Any]:
    plain = AuthorsWord(file.name, "table" if file.media_type in TABLES else "custom", "", "", command="custom")
    word = said or plain
    known = {"method": word.method, "statbarn": word.statbarn}
    return {
        "uid": file.name,
        "status": STATUSES[file.verdict],
        "type": word.output_type,
        "properties": {name: value for name, value in known.items() if value}
        | {"profile": manifest.profile, "safe_threshold": manifest.threshold},
        "files": [{"name": file.name, "sdc": _write_sdc(file.findings, header)}],
        "outcome": {},
        "command": word.command,
        "summary": "; ".join([STATUSES[file.verdict], *sorted({finding.check for finding in file.findings})]),
        "timestamp": manifest.released_at.isoformat(timespec="seconds"),
        "comments": [f"Released by SDE Gateway: request {manifest.request}, turn {manifest.turn}."],
        "exception": manifest.exception.reason if manifest.exception and file.verdict == "FAIL" else "",
    }


def _write_sdc(findings: Iterable[ManifestFinding], header: Sequence[str]) -> dict[str, Any]:
    cells: dict[str, list[list[int]]] = {name: [] for name in ACRO_CHECKS}
    for finding in findings:
        if finding.check in SAME_AS:
            cells[SAME_AS[finding.check]] += [list(cell) for cell in cells_of(finding.where, header)]
    return {"summary": {"suppressed": False, **{name: len(found) for name, found in cells.items()}}, "cells": cells}
