"""Finds the sums of one table: totals told by their words, by their place below or above their parts, or by "(N=25)".

A total is believed if it says so and nothing contradicts it, or if it adds up wherever nothing is hidden.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from egress.inspection.counts import HEADER_ROW
from egress.inspection.margins.facts import MARKED, SHOWN, CountTable, Fact
from egress.inspection.margins.labels import ALL, is_grand_total, says_total

FEWEST_PARTS = 2
MOST_PARTS = 2_000
NEARLY_ALL = 0.95
CONTRADICTED = 0.1  # share of instances that may not add up, before a total is taken for one of something else


@dataclass(frozen=True)
class Sum:
    """The cell `total` is the sum of the cells `parts`; all are positions in one list of facts."""

    total: int
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Rounding:
    """How far a shown count may lie from the true one: to both sides alike for an odd base."""

    base: int

    @property
    def off(self) -> int:
        """0 for exact counts."""
        return self.base // 2

    def slack(self, cells: int) -> int:
        """How far a sum of so many rounded cells may miss."""
        return self.off * cells


Family = Sequence[Sum]


def verdict(family: Iterable[Sum], facts: Sequence[Fact], rounding: Rounding) -> tuple[int, int]:
    """(instances that add up, instances that cannot) among the sums of one kind."""
    holds = breaks = 0
    for each in family:
        whole, parts = facts[each.total], [facts[part] for part in each.parts]
        shown = sum(part.value for part in parts)
        off = whole.value - shown
        slack = rounding.slack(len(parts) + 1)
        hidden = any(part.mark != SHOWN for part in parts)
        if whole.mark != SHOWN:
            continue
        if off < -slack or (off > slack and not hidden):
            breaks += 1
        elif not hidden and whole.value > slack:
            holds += 1
    return holds, breaks


def believed(family: Family, facts: Sequence[Fact], rounding: Rounding, *, said: bool) -> bool:
    """Whether the sums of one kind are taken for sums."""
    holds, breaks = verdict(family, facts, rounding)
    return (said or holds > 0) and breaks <= CONTRADICTED * (holds + breaks)


def sums_of_table(table: CountTable, rounding: Rounding) -> list[Sum]:
    """Every sum that the words and places of a table tell."""
    facts = table.facts
    found = [
        sum_
        for family, said in _by_coordinate(table)
        if believed(family, facts, rounding, said=said)
        for sum_ in family
    ]
    for families in _by_place(table):
        family = next((family for family in families if family and believed(family, facts, rounding, said=True)), ())
        found += family
    for family in _by_section(table):
        nearly = [each for each in family if _is_nearly_all(each, facts)]
        found += family if believed(family, facts, rounding, said=False) else nearly
    return list(dict.fromkeys(found))


def _is_nearly_all(each: Sum, facts: Sequence[Fact]) -> bool:
    """What is shown of a section is nearly its whole group, so that its hidden cells must be the rest."""
    whole, shown = facts[each.total].value, sum(facts[part].value for part in each.parts)
    return NEARLY_ALL * whole <= shown <= whole and any(facts[part].mark == MARKED for part in each.parts)


def _by_coordinate(table: CountTable) -> Iterable[tuple[Family, bool]]:
    """For each coordinate: the cells where it is ALL are the sums over the cells that share their other coordinates."""
    depth = len(table.facts[0].at)
    for axis in range(depth):
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        wholes: list[int] = []
        for position, fact in enumerate(table.facts):
            if fact.row == HEADER_ROW:
                continue
            if fact.at[axis] == ALL:
                wholes.append(position)
            else:
                groups[fact.at[:axis] + fact.at[axis + 1 :]].append(position)
        family = []
        for whole in wholes:
            at = table.facts[whole].at
            parts = tuple(groups.get(at[:axis] + at[axis + 1 :], ()))
            if FEWEST_PARTS <= len(parts) <= MOST_PARTS:
                family.append(Sum(whole, parts))
        yield family, any(_says_so(table, each.total) for each in family)


def _says_so(table: CountTable, position: int) -> bool:
    fact = table.facts[position]
    return says_total(table.labels[fact.row]) or says_total(table.names[fact.column].removeprefix("column "))


def _by_place(table: CountTable) -> Iterable[list[Family]]:
    """A row of a total: the sum of the rows since the total before it, or until the next one, or of all other rows."""
    totals = [row for row, label in enumerate(table.labels) if says_total(label)]
    if not totals:
        return
    plain = [row for row in range(len(table.labels)) if row not in set(totals)]
    cell_at = {(fact.row, fact.column): position for position, fact in enumerate(table.facts)}
    columns = sorted({fact.column for fact in table.facts})
    for number, row in enumerate(totals):
        before = totals[number - 1] if number else -1
        after = totals[number + 1] if number + 1 < len(totals) else len(table.labels)
        choices = [
            [part for part in plain if before < part < row],
            [part for part in plain if row < part < after],
            plain,
        ]
        choices = [plain, *choices] if is_grand_total(table.labels[row]) else choices
        yield [_row_family(cell_at, columns, row, choice) for choice in choices]


def _row_family(cell_at: dict[tuple[int, int], int], columns: Sequence[int], row: int, rows: Sequence[int]) -> Family:
    if not FEWEST_PARTS <= len(rows) <= MOST_PARTS:
        return ()
    family = []
    for column in columns:
        parts = tuple(cell_at[part, column] for part in rows if (part, column) in cell_at)
        if (row, column) in cell_at and len(parts) >= FEWEST_PARTS:
            family.append(Sum(cell_at[row, column], parts))
    return family


def _by_section(table: CountTable) -> Iterable[Family]:
    """The rows of each section of a "table 1" add up to the size of the group: "(N=25)" above, or the row "n"."""
    sections = list(_sections(table))
    sizes = {fact.column: position for position, fact in enumerate(table.facts) if fact.row == HEADER_ROW}
    sizes |= {
        fact.column: position
        for position, fact in enumerate(table.facts)
        if fact.row == 0 and fact.column not in sizes and all(part == ALL for part in fact.at[:1])
    }
    cell_at = {(fact.row, fact.column): position for position, fact in enumerate(table.facts)}
    family = []
    for column, size in sizes.items():
        for rows in sections:
            parts = tuple(
                cell_at[row, column] for row in rows if (row, column) in cell_at and cell_at[row, column] != size
            )
            if len(parts) >= FEWEST_PARTS:
                family.append(Sum(size, parts))
    yield family


def _sections(table: CountTable) -> Iterable[list[int]]:
    """Rows between headings: rows without any count; or rows that share their first label."""
    counted = {fact.row for fact in table.facts if fact.mark == SHOWN or fact.mark > 1}
    deep = len(table.facts[0].at) > FEWEST_PARTS
    first = {fact.row: fact.at[0] for fact in table.facts} if deep else {}
    section: list[int] = []
    for row in range(len(table.labels)):
        starts = row not in counted or (deep and section and first.get(row) != first.get(section[-1]))
        if starts and section:
            yield section
            section = []
        if row in counted:
            section.append(row)
    if section:
        yield section
