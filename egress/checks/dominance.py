"""Dominance: a sum over many people that is nearly one person's own.

What is looked for: columns that give the largest contributions to a total, or their share of it. The nk-rule: the n
largest contributors hold at most the share k. The p%-rule: what is left of the total without the two largest is at
least p of the largest, or else the second largest can estimate the largest.

Sources: ACRO, defaults nk(2, 0.90) and p 0.10; Hundepool et al., Statistical Disclosure Control (2012), chapter 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from egress.findings import Finding, Severity
from egress.inspection.columns import Column
from egress.inspection.document import Document, Table
from egress.inspection.headers import words_of
from egress.inspection.places import place_of
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind, words
from governance.disclosure import DisclosureProfile

NAME = "dominance"
LARGEST = words("largest top biggest highest top1 max1 largest1 first")
SECOND = words("second 2nd top2 max2 largest2")
CONTRIBUTING = words("contributor contributors contribution contributions contrib share dominance")
SHARES = words("share pct percent % proportion fraction ratio")
TOTALS = words("total sum totals amount")
FIX = "Merge the cell with others, or leave the sum out."


@dataclass(frozen=True)
class _Given:
    """The columns of one table that tell of contributions; None for one that is not there."""

    largest: Column | None
    second: Column | None
    total: Column | None


def check_dominance(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for a total that its one or two largest contributors hold beyond the profile's nk- or p%-rule."""
    for table in document.tables:
        given = _given(table)
        if given.largest is not None:
            rows = [row for row in range(len(table.rows)) if _dominated(given, row, profile)]
            if rows:
                why = "One or two contributors hold nearly all of the sum."
                yield Finding(NAME, Severity.FAIL, place_of(table, rows, given.largest.index), why, FIX)


def _given(table: Table) -> _Given:
    largest = second = total = None
    for column in study(table).columns:
        said = set(words_of(column.label))
        if not column.numbers or column.kind is Kind.PERSON_KEY:
            continue
        telling = bool(said & CONTRIBUTING)
        if telling and said & SECOND and not said & {"two"}:
            second = second or column
        elif telling and said & LARGEST:
            largest = largest or column
        elif said & TOTALS and not telling:
            total = total or column
    return _Given(largest, second, total)


def _dominated(given: _Given, row: int, profile: DisclosureProfile) -> bool:
    largest, second, total = (_value(column, row) for column in (given.largest, given.second, given.total))
    assert given.largest is not None
    if largest is None:
        return False
    if set(words_of(given.largest.label)) & SHARES:
        scale = 100.0 if any(number.value > 1 for number in given.largest.numbers) else 1.0
        largest, second, total = largest / scale, None if second is None else second / scale, 1.0
    if total is None or total <= 0:
        return False
    two = largest + (second or 0.0)
    rest = total - two
    return two > profile.dominance_k * total or (second is not None and rest < profile.p_ratio * largest)


def _value(column: Column | None, row: int) -> float | None:
    number = column.values[row] if column is not None else None
    return None if number is None else number.value
