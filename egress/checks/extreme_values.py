"""Extreme values: a smallest or largest value is that of one person, and so are quantiles beyond the tenth person.

Sources: ACRO and SACRO, statbarn "position" (minima and maxima are unsafe, quantiles need people beyond them). A person
decides, since a bound that the study sets (age 18 to 99) is nobody's value; 0 and 1 are nobody's either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.columns import Column
from egress.inspection.document import Document
from egress.inspection.headers import words_of
from egress.inspection.places import place_of
from egress.inspection.studies import Study, study
from egress.inspection.vocabulary import Kind, words
from governance.disclosure import DisclosureProfile

NAME = "extreme-values"
EXTREMES = words("min max minimum maximum lowest highest smallest largest")
#: Settings of models and tests are called so too.
SETTINGS = words(
    """iter iters iterations depth samples features leaf leaves nodes bins split jobs epochs delta tokens batch workers
    threads allowed limit threshold scaler follow"""
)
QUARTILE_WORDS = words("iqr interquartile quartile quantile reference normal")
FROM_TO = re.compile(r"\d\s*(?:-|–|to|,)\s*\d")
NOBODYS = frozenset({0.0, 1.0})
TAIL = re.compile(r"(?i)p?(\d{1,2}(?:\.\d+)?|100)\s*(?:%|th|st|nd|rd)?(?:\s*(?:percentile|centile|quantile))?")
FRACTION_TAIL = re.compile(r"q?0?\.(\d{1,4})")
FIX = "Leave it out, or give a percentile that at least as many people lie beyond as the threshold asks."


def check_extreme_values(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """REVIEW for minima and maxima, and for quantiles with fewer people beyond them than the threshold."""
    for table in document.tables:
        studied = study(table)
        yield from _in_columns(studied, profile)
        yield from _in_rows(studied, profile)


def _in_columns(studied: Study, profile: DisclosureProfile) -> Iterator[Finding]:
    table = studied.table
    for column in studied.columns:
        said = set(words_of(column.label))
        if "range" in said and not said & QUARTILE_WORDS:
            rows = [row for row, cell in enumerate(table.column(column.index)) if FROM_TO.search(cell)]
            if rows:
                yield _extreme(place_of(table, rows, column.index))
        elif _is_extreme(column.label):
            if rows := _somebodys(column):
                yield _extreme(place_of(table, rows, column.index))
        elif share := _beyond(column.label):
            few = [
                row for row in _somebodys(column) if 0 < share * _people(studied, row, column.index) < profile.threshold
            ]
            if few:
                yield _tail(place_of(table, few, column.index), profile)


def _somebodys(column: Column) -> list[int]:
    """Rows whose value may be that of one person."""
    return [row for row, number in enumerate(column.values) if number is not None and number.value not in NOBODYS]


def _in_rows(studied: Study, profile: DisclosureProfile) -> Iterator[Finding]:
    """Rows of `describe()`, or of a long table of statistics."""
    if not studied.rows_speak:
        return
    sizes = next((row for row, label in enumerate(studied.row_labels) if label.lower() == "count"), None)
    for row, label in enumerate(studied.row_labels):
        extreme, share = any(map(_is_extreme, (label, *label.split()))), _beyond(label)
        for column in studied.columns if extreme or (share and sizes is not None) else ():
            number, size = column.values[row], column.values[sizes] if sizes is not None else None
            if number is None or number.value in NOBODYS:
                continue
            if extreme:
                yield _extreme(place_of(studied.table, [row], column.index))
            elif size is not None and share * size.value < profile.threshold:
                yield _tail(place_of(studied.table, [row], column.index), profile)


def _is_extreme(label: str) -> bool:
    said = words_of(label)
    ends = bool(said) and (said[0] in EXTREMES or said[-1] in EXTREMES)
    return ends and not set(said) & SETTINGS


def _beyond(label: str) -> float:
    """The share of people beyond a quantile: 0.05 for "p95", "5%", "95th percentile", "0.95"; 0 for another label."""
    text = label.strip()
    if found := FRACTION_TAIL.fullmatch(text):
        share = float(f"0.{found[1]}")
    elif (found := TAIL.fullmatch(text)) and not text.isdigit():
        share = float(found[1]) / 100
    else:
        return 0.0
    return round(min(share, 1 - share), 6)


def _people(studied: Study, row: int, column: int) -> int:
    """The one count of the row; 0 if there is none, or several."""
    counts = [c for c in studied.columns if c.kind is Kind.COUNT and c.index != column and c.values[row] is not None]
    number = counts[0].values[row] if len(counts) == 1 else None
    return int(number.value) if number is not None else 0


def _extreme(where: str) -> Finding:
    return Finding(NAME, Severity.REVIEW, where, "A smallest or largest value may be that of one person.", FIX)


def _tail(where: str, profile: DisclosureProfile) -> Finding:
    why = f"Fewer than {profile.threshold} people lie beyond this quantile."
    return Finding(NAME, Severity.REVIEW, where, why, FIX)
