"""Complementary suppression: a hidden count must not follow from totals, from other columns, or from other files.

What is looked for: sums by their words ("Total", "All ages", "N=25") and by arithmetic (columns that add up wherever
nothing is hidden), within a table, between the tables of a file and between the files of a request. Every shown count
is known to within its rounding, a hidden one may be anything from zero: it is given away if fewer values than the
threshold are left for it, and it may be small.

Sources: Hundepool et al., Statistical Disclosure Control (2012), feasibility intervals; HES analysis guide (secondary
suppression); the protection is that of the query guard's margins (docs/decisions/margins-audited-by-lp.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from egress.findings import Finding, Severity
from egress.inspection.auditing import FIX, NAME, OPEN
from egress.inspection.document import Document
from egress.inspection.margins.audit import Solve, audit, offsets, sums_in
from egress.inspection.margins.crossing import Placed, guesses, sums_between
from egress.inspection.margins.facts import LONGEST_COORDINATE, SHOWN, CountTable, Fact, count_table
from egress.inspection.margins.sums import Sum
from governance.disclosure import DisclosureProfile

MOST_COLUMNS_NAMED = 30
MOST_TOLD = 2**20  # letters of coordinates handed on of one file; larger tables are not compared with others
GIVEN_AWAY = "A hidden count can be worked out from totals or other columns shown beside it."
MAYBE = "A hidden count can be worked out if the total of another table of the request is of the same people."
ACROSS = "A hidden count can be worked out together with another table of the same request."


def check_complementary(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for a hidden count that sums of its own table give away; REVIEW where that takes a linear program.

    The auditing child (`inspection.auditing`) then solves the programs and compares tables and files with one another.
    """
    for table in count_tables(document):
        if table.hides:
            yield from _judged(table, profile, sums_in(table, profile.round_to), None)


def count_tables(document: Document) -> Iterator[CountTable]:
    """The counts of every table of one document, its parts not included."""
    for table in document.tables:
        counted = count_table(table)
        if counted is not None and counted.facts:
            yield counted


def counts_of(document: Document) -> tuple[list[CountTable], bool]:
    """The counts that an audit over several tables needs, and whether these are all; there may be too many."""
    tables = [table for part in document.walk() for table in count_tables(part)]
    kept: list[CountTable] = []
    left = MOST_TOLD
    for table in tables:
        left -= sum(len(fact.at) * LONGEST_COORDINATE for fact in table.facts)
        if left >= 0:
            kept.append(table)
    return kept, len(kept) == len(tables)


def check_together(
    files: Sequence[Sequence[CountTable]], profile: DisclosureProfile, solve: Solve
) -> list[list[Finding]]:
    """For each file of a request: its hidden counts that programs give away, alone or with the other files."""
    alone = [
        [f for table in tables if table.hides for f in _judged(table, profile, sums_in(table, profile.round_to), solve)]
        for tables in files
    ]
    across = _across(files, profile, solve)
    return [list(dict.fromkeys((*one, *other))) for one, other in zip(alone, across, strict=True)]


def _judged(
    table: CountTable, profile: DisclosureProfile, sums: Sequence[Sum], solve: Solve | None
) -> Iterator[Finding]:
    outcome = audit(table.facts, offsets(table, profile.round_to), sums, profile.threshold, solve)
    yield from _findings(table, [table.facts[at] for at in outcome.given_away], Severity.FAIL, GIVEN_AWAY)
    yield from _findings(table, [table.facts[at] for at in outcome.open], Severity.REVIEW, OPEN)


def _across(files: Sequence[Sequence[CountTable]], profile: DisclosureProfile, solve: Solve) -> list[list[Finding]]:
    """Hidden counts that only follow from several tables at once."""
    facts: list[Fact] = []
    off: list[int] = []
    placed: list[Placed] = []
    within: list[Sum] = []
    for table in (table for tables in files for table in tables):
        start = len(facts)
        placed.append(Placed(table, start, profile.round_to if table.is_rounded(profile.round_to) else 1))
        facts += table.facts
        off += offsets(table, profile.round_to)
        if table.hides:
            sums = sums_in(table, profile.round_to)
            within += [Sum(s.total + start, tuple(part + start for part in s.parts)) for s in sums]
    given, maybe = _given_between(placed, facts, off, within, profile, solve)
    places = iter(placed)
    return [[f for _ in tables for f in _of_table(next(places), given, maybe, facts)] for tables in files]


def _given_between(
    placed: Sequence[Placed],
    facts: Sequence[Fact],
    off: Sequence[int],
    within: Sequence[Sum],
    profile: DisclosureProfile,
    solve: Solve,
) -> tuple[set[int], set[int]]:
    """Cells that several tables give away, and those they may give away, if a total of one is that of another."""
    between, guessed = sums_between(placed, facts), guesses(placed)
    if not between and not guessed:
        return set(), set()
    before = set(audit(facts, off, within, profile.threshold, solve).given_away)
    given = set(audit(facts, off, [*within, *between], profile.threshold, solve).given_away) if between else before
    maybe: set[int] = set()
    surely: set[int] = set()
    for guess in guessed:
        cells = [*(facts[part] for part in guess.parts), Fact(0, 0, (), guess.value, SHOWN)]
        offs = [*(off[part] for part in guess.parts), guess.off]
        whole = Sum(len(guess.parts), tuple(range(len(guess.parts))))
        told = {guess.parts[at] for at in audit(cells, offs, [whole], profile.threshold, None).given_away}
        (surely if guess.sure else maybe).update(told)
    given = (given | surely) - before
    return given, maybe - given - before


def _of_table(placed: Placed, given: set[int], maybe: set[int], facts: Sequence[Fact]) -> Iterator[Finding]:
    mine = range(placed.start, placed.start + len(placed.table.facts))
    yield from _findings(placed.table, [facts[at] for at in mine if at in given], Severity.FAIL, ACROSS)
    yield from _findings(placed.table, [facts[at] for at in mine if at in maybe], Severity.REVIEW, MAYBE)


def _findings(table: CountTable, facts: Iterable[Fact], severity: Severity, why: str) -> Iterator[Finding]:
    rows: dict[int, list[int]] = defaultdict(list)
    for fact in facts:
        rows[fact.column].append(fact.row)
    for column, found in sorted(rows.items())[:MOST_COLUMNS_NAMED]:
        yield Finding(NAME, severity, table.place(found, column), why, FIX)
