"""Hidden counts beside totals: the audit finds just those that the sums give away, as listing all tables shows.

The reference lists every table of whole numbers that fits what is shown, and takes the least and most of each hidden
cell. It shares no code with the audit.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from egress.checks.complementary import check_together, count_tables
from egress.inspection.margins.programs import spans
from egress.inspection.reading import read_document
from governance.disclosure import PROFILES

THRESHOLD = 4
PROFILE = replace(PROFILES["sacro"], threshold=THRESHOLD)
LARGEST = 9
Cells = frozenset[tuple[int, int]]

tables = st.integers(2, 3).flatmap(
    lambda width: st.lists(st.lists(st.integers(1, LARGEST), min_size=width, max_size=width), min_size=2, max_size=3)
)


def shown(table: list[list[int]], hidden: Cells) -> str:
    """The table as csv, with all of its totals and stars for what is hidden."""
    width = len(table[0])
    lines = ["area," + ",".join(("North", "South", "West")[:width]) + ",Total"]
    for number, row in enumerate(table):
        cells = ["*" if (number, column) in hidden else str(value) for column, value in enumerate(row)]
        lines.append(f"{('low', 'middle', 'high')[number]},{','.join(cells)},{sum(row)}")
    totals = [sum(row[column] for row in table) for column in range(width)]
    return "\n".join([*lines, "Total," + ",".join(map(str, totals)) + f",{sum(totals)}"]) + "\n"


def given_away(table: list[list[int]], hidden: Cells) -> set[tuple[int, int]]:
    """Hidden cells that have fewer values left than the threshold, and may be small."""
    places = sorted(hidden)
    most = [min(sum(table[row]), sum(each[column] for each in table)) for row, column in places]
    fitting: list[tuple[int, ...]] = []
    for values in itertools.product(*(range(end + 1) for end in most)):
        filled = [list(row) for row in table]
        for (row, column), value in zip(places, values, strict=True):
            filled[row][column] = value
        if [sum(row) for row in filled] == [sum(row) for row in table] and [
            sum(column) for column in zip(*filled, strict=True)
        ] == [sum(column) for column in zip(*table, strict=True)]:
            fitting.append(values)
    found = set()
    for number, place in enumerate(places):
        least, largest = min(each[number] for each in fitting), max(each[number] for each in fitting)
        if least < THRESHOLD and largest >= 1 and largest - least < THRESHOLD:
            found.add(place)
    return found


def found_by_audit(text: str) -> set[str]:
    document = read_document(text.encode(), "t.csv")
    (findings,) = check_together([list(count_tables(document))], PROFILE, spans)
    assert all(finding.severity == "FAIL" for finding in findings)
    return {finding.where for finding in findings}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(tables, st.data())
def test_what_the_totals_give_away_is_found_and_nothing_else(table: list[list[int]], data: st.DataObject) -> None:
    places = [(row, column) for row in range(len(table)) for column in range(len(table[0]))]
    hidden = frozenset(data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4, unique=True)))
    assume(all(any((row, column) not in hidden for row in range(len(table))) for column in range(len(table[0]))))
    expected: dict[int, list[int]] = {}
    for row, column in sorted(given_away(table, hidden)):
        expected.setdefault(column, []).append(row)
    names = ("North", "South", "West")
    said = {f"{'row' if len(rows) == 1 else 'rows'} {_listed(rows)}, column {names[c]}" for c, rows in expected.items()}
    assert found_by_audit(shown(table, hidden)) == said


def _listed(rows: list[int]) -> str:
    numbers = [str(row + 1) for row in rows]
    return numbers[0] if len(numbers) == 1 else ", ".join(numbers[:-1]) + " and " + numbers[-1]
