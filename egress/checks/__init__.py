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
from egress.checks.nhs_numbers import check_nhs_numbers
from egress.checks.postcodes import check_postcodes
from egress.checks.pseudonyms import check_pseudonyms
from egress.checks.readable import check_readable
from egress.checks.row_level import check_row_level
from egress.checks.small_counts import check_small_counts
from egress.checks.unrounded_counts import check_unrounded_counts
from egress.findings import CheckReport, Finding
from egress.inspection.document import Document
from egress.inspection.locked_child import run_checks, run_checks_on_all
from governance.disclosure import DisclosureProfile

__all__ = ["CHECKS", "CheckReport", "judge", "run_checks", "run_checks_on_all"]

Check = Callable[[Document, DisclosureProfile], Iterable[Finding]]

#: From what the file is, over what it could do, to what it says. Order is the order of findings of equal weight.
CHECKS: tuple[Check, ...] = (
    check_file_name,
    check_file_type,
    check_readable,
    check_hidden_content,
    check_active_content,
    check_row_level,
    check_nhs_numbers,
    check_pseudonyms,
    check_postcodes,
    check_dates_of_birth,
    check_contact_details,
    check_small_counts,
    check_complementary,
    check_implied_counts,
    check_dominance,
    check_degrees_of_freedom,
    check_extreme_values,
    check_unrounded_counts,
    check_formula_cells,
)


def judge(document: Document, profile: DisclosureProfile) -> tuple[Finding, ...]:
    """Every check on a document and on all of its parts; worst first, the same finding once."""
    found = (finding for check in CHECKS for part in document.walk() for finding in check(part, profile))
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: -finding.severity.rank))
