"""Implied counts: percentages, rates and means that say a count of people which may not be shown.

Given what a share is a share of (a total, "(N=25)", the one count beside it), its count is known to within its last
digit. Where no total is shown, two counts with their shares tell it. The mean of a variable that is 0 or 1 is a share.

Sources: NHS England Secure Data Environment, "Output your results": percentages are derived from rounded counts;
OpenSAFELY, output checking: 0 % and 100 % say something of everybody in a group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.cells import PERCENT
from egress.inspection.document import Document, Table
from egress.inspection.headers import words_of
from egress.inspection.margins.labels import says_total
from egress.inspection.places import place_of
from egress.inspection.shares import Implied, implied_counts
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind, words
from governance.disclosure import DisclosureProfile

NAME = "implied-counts"
MOST_COLUMNS_NAMED = 30
#: Percentages that are not of people, or reach 100 by their nature.
NOT_OF_PEOPLE = words(
    """cum cumulative cumul complete completeness coverage missing sensitivity specificity ppv npv accuracy precision
    recall auc confidence ci variance explained change growth difference interval power reduction"""
)


def check_implied_counts(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for a share that implies a count under the threshold; REVIEW for one of unrounded counts, 0 % and 100 %."""
    for table in document.tables:
        implied = implied_counts(table, profile.round_to)
        small = [each for each in implied if each.tells(profile.threshold)]
        fix = f"Hide the percentage or rate too, or merge groups until each count is {profile.threshold} or more."
        why = f"The share, times what it is a share of, gives a count under {profile.threshold}, or one that is hidden."
        yield from _named(table, small, Severity.FAIL, why, fix)
        unrounded = [each for each in implied if not each.rounded and each.most >= profile.threshold]
        why = f"The share is not that of counts rounded to {profile.round_to}."
        yield from _named(table, unrounded, Severity.REVIEW, why, "Derive percentages from the rounded counts.")
        yield from _means(table, profile)
        yield from _all_or_nobody(table)


def _named(table: Table, found: list[Implied], severity: Severity, why: str, fix: str) -> Iterator[Finding]:
    rows: dict[int, list[int]] = defaultdict(list)
    for each in found:
        rows[each.column].append(each.row)
    for column, of_column in sorted(rows.items())[:MOST_COLUMNS_NAMED]:
        yield Finding(NAME, severity, place_of(table, of_column, column), why, fix)


def _means(table: Table, profile: DisclosureProfile) -> Iterator[Finding]:
    """`describe()` of a variable that is 0 or 1: its count times its mean is the number of ones."""
    studied = study(table)
    if not studied.describes:
        return
    at = {label.lower(): row for row, label in enumerate(studied.row_labels)}
    for column in studied.columns:
        values = {name: column.values[row] for name, row in at.items() if name in {"count", "mean", "min", "max"}}
        held = {name: number.value for name, number in values.items() if number is not None}
        if len(held) == 4 and held["min"] == 0 and held["max"] == 1:
            ones = held["count"] * held["mean"]
            if 0 < min(round(ones), round(held["count"] - ones)) < profile.threshold:
                why = (
                    f"The mean of a variable that is 0 or 1, times its count, gives a count under {profile.threshold}."
                )
                yield Finding(NAME, Severity.FAIL, place_of(table, [at["mean"]], column.index), why, "Hide the mean.")


def _all_or_nobody(table: Table) -> Iterator[Finding]:
    studied = study(table)
    shares = [column for column in studied.columns if column.kind is Kind.PERCENT]
    totals = {row for row, label in enumerate(studied.row_labels) if says_total(label)} if shares else set()
    for column in shares:
        if set(words_of(column.label)) & NOT_OF_PEOPLE:
            continue
        rows = [row for row, cell in enumerate(table.column(column.index)) if row not in totals and _is_whole(cell)]
        if rows and len(rows) < column.filled:
            why = "A share of 0 % or 100 % says something of everybody in the group."
            yield Finding(
                NAME, Severity.REVIEW, place_of(table, rows, column.index), why, "Merge the group, or hide it."
            )


def _is_whole(cell: str) -> bool:
    text = cell.rstrip("% ") if PERCENT.fullmatch(cell) else cell
    return text.replace(".", "", 1).isdigit() and float(text) in {0.0, 100.0}
