"""NHS numbers: ten digits that are valid by modulus 11 (NHS Data Model and Dictionary, NHS NUMBER).

The same sum holds for Scotland's CHI and Northern Ireland's H&C numbers. One random ten-digit number in eleven is valid
too, so codes and times are told apart by their column (see identifiers.holds_nhs_number); everything else fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.checks.scanning import Search, search
from egress.findings import Finding, Severity
from egress.inspection.document import Document
from egress.inspection.identifiers import holds_nhs_number
from governance.disclosure import DisclosureProfile

NAME = "nhs-number"


def _in_cell(cell: str, header: str) -> Severity | None:
    return Severity.FAIL if holds_nhs_number(cell, header, in_cell=True) else None


def _in_line(line: str, context: str) -> Severity | None:
    return Severity.FAIL if holds_nhs_number(line, context, in_cell=False) else None


SEARCH = Search(re.compile(r"\d{3}([ \u2013.-]?)\d{3}\1\d{4}"), 10, _in_cell, _in_line)


def check_nhs_numbers(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for every place that holds an NHS number; the number itself is never quoted."""
    del profile
    for severity, where in search(document, SEARCH):
        why = "It holds a valid NHS number."
        yield Finding(NAME, severity, where, why, "Remove the identifier; results never need one.")
