"""Contact details and names: e-mail, telephone, address, and columns of persons' names.

In a data cell they are a person's and fail; in prose they are mostly the author's own, so a person looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.checks.scanning import Search, search
from egress.findings import Finding, Severity
from egress.inspection import vocabulary as v
from egress.inspection.document import Document, Table
from egress.inspection.headers import words_of
from egress.inspection.identifiers import EMAIL, LANDLINE, MOBILE
from egress.inspection.places import place_of
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind
from governance.disclosure import DisclosureProfile

NAME = "contact-details"
FIX = "Remove it; results never need it."
#: "Ann Example", "Ann B. Example", "Example, Ann".
FULL_NAME = re.compile(r"[A-Z][\w'’-]+,?(?: [A-Z]\.?)? [A-Z][\w'’-]+")
PLAINLY_NAMES = frozenset({("name",), ("names",), ("patient",), ("person",)})
DIGITS = re.compile(r"\d")
FEWEST_PHONE_DIGITS = 9


def _in_cell(cell: str, header: str) -> Severity | None:
    said_phone = bool(set(words_of(header)) & v.PHONE_WORDS) and len(DIGITS.findall(cell)) >= FEWEST_PHONE_DIGITS
    if EMAIL.search(cell) or MOBILE.search(cell) or said_phone:
        return Severity.FAIL
    return Severity.REVIEW if LANDLINE.search(cell) else None


def _in_line(line: str, context: str) -> Severity | None:
    del context
    return Severity.REVIEW if EMAIL.search(line) or MOBILE.search(line) or LANDLINE.search(line) else None


SEARCH = Search(re.compile(r"@|\d[\d ()-]{7,}\d"), 5, _in_cell, _in_line)


def check_contact_details(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for contact details and names in data cells, REVIEW in prose."""
    del profile
    for severity, where in search(document, SEARCH):
        yield Finding(NAME, severity, where, "It holds an e-mail address or telephone number.", FIX)
    for table in document.tables:
        yield from _named_columns(table)


def _are_names_beside_persons(table: Table, index: int, words: tuple[str, ...]) -> bool:
    """A column "name" of two or three capitalised words, beside what describes persons; of hospitals, it is not."""
    if words not in PLAINLY_NAMES:
        return False
    kinds = {column.kind for column in study(table).columns}
    described = sum(bool(set(words_of(label)) & v.PERSONAL) for label in table.header) > 1
    filled = [cell for cell in table.column(index) if cell]
    shaped = sum(FULL_NAME.fullmatch(cell) is not None for cell in filled)
    return (bool(kinds & {Kind.PERSON_KEY, Kind.BIRTH}) or described) and shaped * 2 > len(filled)


def _named_columns(table: Table) -> Iterator[Finding]:
    for index, label in enumerate(table.header):
        words = words_of(label)
        what = "names of persons" if v.PERSON_NAMES.fullmatch("_".join(words)) else ""
        what = what or ("names of persons" if _are_names_beside_persons(table, index, words) else "")
        what = what or ("addresses" if set(words) & v.ADDRESS_WORDS and not set(words) & v.COUNTING else "")
        cells = table.column(index) if what else ()
        rows = [row for row, cell in enumerate(cells) if sum(map(str.isalpha, cell)) > 1]
        if rows:
            yield Finding(NAME, Severity.FAIL, place_of(table, rows, index), f"The column holds {what}.", FIX)
