"""Postcodes: a full UK postcode stands for about fifteen addresses, so with any other fact it names a person.

Sources: BS 7666 and the Cabinet Office's PostCodeType; Royal Mail's areas. A district ("LS1") alone is geography.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.checks.scanning import Search, search
from egress.findings import Finding, Severity
from egress.inspection.document import Document
from egress.inspection.identifiers import holds_postcode
from governance.disclosure import DisclosureProfile

NAME = "postcode"


def _in_cell(cell: str, header: str) -> Severity | None:
    del header
    return Severity.FAIL if holds_postcode(cell, in_cell=True) else None


def _in_line(line: str, context: str) -> Severity | None:
    del context
    return Severity.FAIL if holds_postcode(line, in_cell=False) else None


SEARCH = Search(
    re.compile(r"[A-Za-z]\d[A-Za-z0-9]?[ .\u00a0-]{0,3}\d[A-Za-z]{2}|gir", re.IGNORECASE), 5, _in_cell, _in_line
)


def check_postcodes(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for every place that holds a full postcode."""
    del profile
    for severity, where in search(document, SEARCH):
        fix = "Use a larger area: postcode district, local authority or region."
        yield Finding(NAME, severity, where, "It holds a full UK postcode.", fix)
