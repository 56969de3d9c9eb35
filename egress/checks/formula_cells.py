"""Formula cells: text that a spreadsheet would run when the released csv is opened, and formulas of a workbook.

Source: OWASP, CSV Injection: a cell that begins with = + - @, tab or carriage return is taken for a formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.document import Document, Seen
from egress.inspection.places import HEADER_ROW, place_of
from governance.disclosure import DisclosureProfile

NAME = "formula-cell"
#: After a sign, only what reaches out of the sheet: "-log2(p)" and "-1.2 (-3.4 to 0.9)" are a header and an estimate.
FORMULA = re.compile(r"=.|@\s*\w|[+-].*(?:[|!]|hyperlink|webservice|import\w+\s*\()", re.DOTALL | re.IGNORECASE)
FIX = "Write the value as plain text or a number; begin no cell with = + - or @."


def check_formula_cells(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """REVIEW for formulas; negative numbers, signs and estimates in csv and tsv are none."""
    del profile
    for sighting in document.sightings:
        if sighting.kind is Seen.FORMULA:
            why = "Cells hold formulas, which tell how a number was made and may change it."
            yield Finding(NAME, Severity.REVIEW, sighting.where, why, "Paste the results as values.")
    for table in document.tables:
        if not table.delimited:
            continue
        for index, label in enumerate(table.header):
            rows = [HEADER_ROW] * _is_formula(label)
            formulas = set(filter(_is_formula, table.different(index)))
            rows += [row for row, cell in enumerate(table.column(index)) if cell in formulas] if formulas else []
            if rows:
                why = "A spreadsheet would run this cell as a formula."
                yield Finding(NAME, Severity.REVIEW, place_of(table, rows, index), why, FIX)


def _is_formula(cell: str) -> bool:
    return FORMULA.match(cell) is not None
