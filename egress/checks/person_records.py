"""Records of persons must not come in: linking new records is the intake's business, with consent and opt-outs.

What is looked for: a filled column whose name says that it identifies a person, and tables whose rows describe persons
with nothing counted over them. A code list has neither: its keys are codes.

Source: docs/reference/glossary.md (import); SATRE 3.1.12 (no unauthorised ingress).
"""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.document import Document, within
from egress.inspection.person_tables import is_table_of_persons
from egress.inspection.places import column_name
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind
from governance.disclosure import DisclosureProfile

NAME = "person-records"
FIX = "Bring in code and reference data only; ask the data steward for a link to other records."


def check_person_records(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for tables that identify or describe single persons."""
    del profile
    for table in document.tables:
        studied = study(table)
        keyed = [column for column in studied.columns if column.kind is Kind.PERSON_KEY and column.filled]
        for column in keyed:
            why = "The column's name says that it identifies a person or one of their records."
            yield Finding(NAME, Severity.FAIL, within(table.where, column_name(table, column.index)), why, FIX)
        if not keyed and is_table_of_persons(studied):
            why = "The rows describe persons (several personal columns) and nothing is counted over them."
            yield Finding(NAME, Severity.FAIL, table.where, why, FIX)
