"""The automatic checks of the airlock, in one ordered tuple; `run_checks` is the door that other modules use."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from egress.checks.active_content import check_active_content
from egress.checks.complementary import check_complementary
from egress.checks.contact_details import check_contact_details
from egress.checks.dates_of_birth import check_dates_of_birth
from egress.checks.degrees_of_freedom import check_degrees_of_freedom
from egress.checks.dominance import check_dominance
from egress.checks.extreme_values import check_extreme_values
from egress.checks.file_name import check_file_name
from egress.checks.file_type import check_file_type
from egress.checks.formula_cells import check_formula_cells
from egress.checks.hidden_content import check_hidden_content
from egress.checks.implied_counts import check_implied_counts
from egress.checks.import_type import check_import_type
from egress.checks.nhs_numbers import check_nhs_numbers
from egress.checks.person_records import check_person_records
from egress.checks.postcodes import check_postcodes
from egress.checks.pseudonyms import check_pseudonyms
from egress.checks.readable import check_readable
from egress.checks.row_level import check_row_level
from egress.checks.small_counts import check_small_counts
from egress.checks.unrounded_counts import check_unrounded_counts
from egress.directions import BOTH, IN, OUT, Direction
from egress.findings import CheckReport, Finding
from egress.inspection.document import Document
from egress.inspection.locked_child import run_checks, run_checks_on_all, run_checks_on_incoming
from governance.disclosure import DisclosureProfile

__all__ = ["CHECKS", "CheckReport", "judge", "run_checks", "run_checks_on_all", "run_checks_on_incoming"]

Check = Callable[[Document, DisclosureProfile], Iterable[Finding]]

_OUT, _IN = (OUT,), (IN,)
#: Each check with the directions it is for. From what the file is, over what it could do, to what it says: order is the
#: order of findings of equal weight. What comes in holds nobody's records, so nothing of it can be too small.
CHECKS: tuple[tuple[Check, tuple[Direction, ...]], ...] = (
    (check_file_name, BOTH),
    (check_file_type, _OUT),
    (check_import_type, _IN),
    (check_readable, BOTH),
    (check_hidden_content, BOTH),
    (check_active_content, BOTH),
    (check_row_level, _OUT),
    (check_person_records, _IN),
    (check_nhs_numbers, BOTH),
    (check_pseudonyms, BOTH),
    (check_postcodes, BOTH),
    (check_dates_of_birth, BOTH),
    (check_contact_details, BOTH),
    (check_small_counts, _OUT),
    (check_complementary, _OUT),
    (check_implied_counts, _OUT),
    (check_dominance, _OUT),
    (check_degrees_of_freedom, _OUT),
    (check_extreme_values, _OUT),
    (check_unrounded_counts, _OUT),
    (check_formula_cells, BOTH),
)


def judge(document: Document, profile: DisclosureProfile, direction: Direction = OUT) -> tuple[Finding, ...]:
    """Every check of that direction on a document and on all of its parts; worst first, the same finding once."""
    checks = [check for check, directions in CHECKS if direction in directions]
    found = (finding for check in checks for part in document.walk() for finding in check(part, profile))
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: -finding.severity.rank))
