"""Unrounded counts: counts above the threshold are shown as multiples of the profile's rounding base.

Source: NHS England Secure Data Environment, "Output your results": round all counts to the nearest multiple of 5.
An exact count invites differencing; a person decides, since high-level totals may be shown exactly with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.counts import columns_where
from egress.inspection.document import Document, Table
from egress.inspection.places import place_of
from governance.disclosure import DisclosureProfile

NAME = "unrounded-counts"


def check_unrounded_counts(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """REVIEW for counts that are not multiples of `round_to`; none if the profile rounds to 1."""
    if profile.round_to > 1:
        for table in document.tables:
            yield from _in_table(table, profile)


def _in_table(table: Table, profile: DisclosureProfile) -> Iterator[Finding]:
    unrounded = columns_where(table, lambda value: value >= profile.threshold and value % profile.round_to > 0)
    for counted, rows in unrounded:
        what = "Counts are" if counted.certain else "Whole numbers, which may be counts, are"
        yield Finding(
            NAME,
            Severity.REVIEW,
            place_of(table, rows, counted.column),
            f"{what} not rounded to {profile.round_to}.",
            f"Round every count to the nearest {profile.round_to}, and derive percentages from the rounded counts.",
        )
