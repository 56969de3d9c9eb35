"""Folders as ACRO's `finalise` writes them, made by hand from its documented shape."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

TABLE = b"year,F,M\n2019,120,115\n2020,130,125\n"
REGRESSION = b"variable,coefficient,dof\nage,0.12,250\n"


def output_of(name: str, **more: Any) -> dict[str, Any]:
    said = {
        "uid": name.partition(".")[0],
        "status": "pass",
        "type": "table",
        "properties": {"method": "crosstab"},
        "files": [{"name": name, "sdc": {"summary": {"suppressed": False}, "cells": {}}}],
        "outcome": {},
        "command": "acro.crosstab(df.year, df.sex)",
        "summary": "pass",
        "timestamp": "2026-06-30T15:19:49.603861",
        "comments": [],
        "exception": "",
    }
    return said | more


def results() -> dict[str, Any]:
    table = output_of("table.csv", comments=["Counts by year and sex."])
    fit = output_of(
        "fit.csv",
        status="fail",
        type="regression",
        properties={"method": "ols", "dof": 8.0},
        summary="fail; dof=8.0 < 10",
        exception="The funder needs the coefficient.",
    )
    kept = output_of("DO_NOT_RELEASE_session_summary.csv", status="review", type="custom", properties={}, command="c")
    return {"version": "0.4.12", "results": {"table": table, "fit": fit, "output_2": kept}}


def write_session(folder: Path, record: Any = None) -> Path:
    """A whole session: three outputs, the record, a checksum of each."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "table.csv": TABLE,
        "fit.csv": REGRESSION,
        "DO_NOT_RELEASE_session_summary.csv": b"id,method\ntable,crosstab\n",
        "results.json": record if isinstance(record, bytes) else json.dumps(record or results(), indent=4).encode(),
        "unnamed.csv": b"a file that the record does not name\n",
    }
    (folder / "checksums").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / "checksums" / f"{name}.txt").write_text(hashlib.sha256(content).hexdigest())
    return folder
