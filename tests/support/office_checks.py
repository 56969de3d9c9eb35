"""Makes workbooks that openpyxl writes, and says what the checks see in office files."""

from __future__ import annotations

import io
from typing import Any

import openpyxl

from egress.checks import judge
from egress.findings import Severity, verdict_of
from egress.inspection.document import Document, Seen
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES
from tests.support.office_files import (
    row,
    sheet,
)

GOOD_ROWS = row(1, "sex", "n") + row(2, "F", "120") + row(3, "M", "135")
GOOD = sheet(GOOD_ROWS)


def book(fill: Any) -> bytes:
    """A workbook that openpyxl writes after `fill(workbook, sheet)`."""
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    for line in (("sex", "n"), ("F", 120), ("M", 135)):
        page.append(line)
    fill(made, page)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def seen_in(content: bytes, name: str = "t.xlsx") -> set[Seen]:
    document = read_document(content, name)
    return {sighting.kind for part in document.walk() for sighting in part.sightings}


def verdict(content: bytes, name: str = "t.xlsx", profile: str = "nhs-sde") -> Severity:
    return verdict_of(judge(read_document(content, name), PROFILES[profile]))


def checks(document: Document) -> set[str]:
    return {finding.check for finding in judge(document, PROFILES["nhs-sde"])}


def nothing(made: Any, page: Any) -> None:
    """Leave the workbook as it is."""
