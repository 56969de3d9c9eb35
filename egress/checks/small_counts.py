"""Small counts: no count of people below the profile's threshold may be shown.

Sources: NHS England Secure Data Environment, "Output your results", Disclosure Control Rules: all counts under 10 are
suppressed, shown as "0" or "*", and counts above are rounded to 5. HES analysis guide: 1 to 7 are suppressed, zeros are
not. So a zero is never a finding: under one rule it is a suppressed value, under the other it may be shown.
Counts of things that are not people (sites, models, tables) are outside of these rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.checks.scanning import lines_with
from egress.findings import Finding, Severity
from egress.inspection.cells import is_deliberately_suppressed, read_number, upper_bound
from egress.inspection.counts import columns_where
from egress.inspection.document import Document, Passage, Table, within
from egress.inspection.places import place_of
from egress.inspection.studies import study
from egress.inspection.vocabulary import Kind
from governance.disclosure import DisclosureProfile

NAME = "small-counts"
PROSE = re.compile(
    r"(?i)(?<![\d.,/-])(\d{1,4})\s+(?:patients?|people|persons?|participants?|deaths?|individuals?|women|men|children)\b"
    r"|(?<![\w.])n\s*=\s*(\d{1,4})(?![\d.,]*\d)"
    r"|(?<![A-Za-z])(?:n_|number of |no\. of |total )?"
    r"(?:patients|people|persons|participants|deaths|cases|events|admissions|subjects)\s*[:=]\s*(\d{1,4})(?![\d.,]*\d)"
    r"|\b(?:no\. observations|number of observations)\s*[:=]\s*(\d{1,4})\b"
)
#: Prose that states the rule ("fewer than 10 patients", "at least 5 people") does not state a count.
RULE_BEFORE = re.compile(
    r"(?i)(?:fewer|less|more|greater|least|most|than|under|below|over|every|per|any|<|>|≥|≤)\s*=?\s*$"
)


def check_small_counts(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for a count of 1 to threshold-1; REVIEW where it may be a count, and for marks that tell more than "*"."""
    for table in document.tables:
        yield from _in_table(table, profile)
    if document.is_output:
        for passage in document.passages:
            yield from _in_prose(passage, profile)


def _in_table(table: Table, profile: DisclosureProfile) -> Iterator[Finding]:
    for counted, rows in columns_where(table, lambda value: 0 < value < profile.threshold):
        yield _small(place_of(table, rows, counted.column), profile, certain=counted.certain)
    yield from _telling_marks(table, profile)
    yield from _shown_percentages(table)


def _telling_marks(table: Table, profile: DisclosureProfile) -> Iterator[Finding]:
    """ "<5" under a threshold of 10 says that the count is 1 to 4."""
    for held in study(table).columns:
        if held.kind is not Kind.COUNT or not held.protected:
            continue
        bounds = [(row, upper_bound(cell)) for row, cell in enumerate(table.column(held.index))]
        telling = [row for row, bound in bounds if bound is not None and bound < profile.threshold - 1]
        if telling:
            why = "A mark says that the count is below a bound that is itself under the threshold."
            fix = f'Show every count under {profile.threshold} as "*".'
            yield Finding(NAME, Severity.REVIEW, place_of(table, telling, held.index), why, fix)


def _shown_percentages(table: Table) -> Iterator[Finding]:
    """A hidden count beside its percentage can be worked out from any total."""
    columns = study(table).columns
    counts = [held.index for held in columns if held.kind is Kind.COUNT]
    shares = [held.index for held in columns if held.kind is Kind.PERCENT]
    if len(counts) != 1 or not shares:
        return
    rows = [
        number
        for number, row in enumerate(table.rows)
        if any(is_deliberately_suppressed(row[index]) for index in counts)
        and any(read_number(row[index].rstrip("% ")) is not None for index in shares)
    ]
    if rows:
        why = "A count is hidden, but a percentage in its row is shown, from which it can be worked out."
        yield Finding(NAME, Severity.REVIEW, place_of(table, rows, shares[0]), why, "Hide the percentage too.")


def _small(where: str, profile: DisclosureProfile, *, certain: bool) -> Finding:
    fix = f'Show every count under {profile.threshold} as "*", and hide a second cell if totals give it away.'
    if certain:
        return Finding(NAME, Severity.FAIL, where, f"A count of people is under {profile.threshold}.", fix)
    why = f"A whole number under {profile.threshold} stands where a count could stand; its header does not say."
    return Finding(NAME, Severity.REVIEW, where, why, f"Name the column for what it is. If it is a count: {fix}")


def _in_prose(passage: Passage, profile: DisclosureProfile) -> Iterator[Finding]:
    for number, line in lines_with(PROSE, passage.text):
        for found in PROSE.finditer(line):
            value = int(next(filter(None, found.groups())))
            if 0 < value < profile.threshold and not RULE_BEFORE.search(line[: found.start()]):
                where = within(passage.where, f"line {number}") if passage.lined else passage.where or "the text"
                why = f"The text seems to state a count under {profile.threshold}."
                yield Finding(NAME, Severity.REVIEW, where, why, f'Say "fewer than {profile.threshold}" instead.')
                return  # the first one sends a person to read the text
