"""Whatever is done to an answer's table that keeps its labels is followed back whole; a changed number never is."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from egress.provenance.sources import Source
from egress.provenance.tables import How
from tests.support.provenance_lab import answer, hows

SEXES, AREAS = ("female", "male", "other"), ("North", "South", "East", "West", "Mid Wales")
YEARS = (2017, 2018, 2019, 2020, 2021)


@dataclass(frozen=True)
class Drawn:
    """An answer by two labels, complete or not, with its numbers in steps of 5."""

    source: Source
    rows: tuple[tuple[str, int | str, int, int], ...]
    second: str


@st.composite
def answers(draw: st.DrawFn) -> Drawn:
    second, members = draw(st.sampled_from((("area", AREAS), ("year", YEARS))))
    keys = [(sex, member) for sex in SEXES for member in members]
    kept = draw(st.lists(st.sampled_from(keys), min_size=2, max_size=12, unique=True))
    number = st.integers(20, 4000).map(lambda n: 5 * n)
    rows = tuple((sex, member, draw(number), draw(number)) for sex, member in kept)
    return Drawn(answer(("sex", second, "n", "events"), rows, 2), rows, second)


@given(answers(), st.data())
def test_what_keeps_its_labels_is_followed_back(drawn: Drawn, data: st.DataObject) -> None:
    rows = data.draw(st.permutations(drawn.rows))
    rows = rows[: data.draw(st.integers(1, len(rows)))]
    names = data.draw(st.sampled_from((("n", "events"), ("patients", "admissions"), ("A", "B"))))
    step = data.draw(st.sampled_from((5, 10, 100)))
    columns = data.draw(st.permutations(range(4)))
    header = ("sex", drawn.second, *names)
    table = [[*row[:2], *(_rounded(number, step) for number in row[2:])] for row in rows]
    shown = [[row[column] for column in columns] for row in table]
    found = hows([header[column] for column in columns], shown, drawn.source)
    assert all(How(how).is_proven for how in found.values()), found


@given(answers(), st.booleans(), st.data())
def test_a_pivot_is_followed_back(drawn: Drawn, across: bool, data: st.DataObject) -> None:
    side, top = (1, 0) if across else (0, 1)
    cells = {(row[side], row[top]): row[2] for row in drawn.rows}
    tops = data.draw(st.permutations(sorted({key[1] for key in cells}, key=str)))
    sides = data.draw(st.permutations(sorted({key[0] for key in cells}, key=str)))
    table = [[one, *(cells.get((one, other), "*") for other in tops)] for one in sides]
    found = hows(["", *(f"n_{top}" for top in tops)], table, drawn.source)
    assert all(How(how).is_proven for how in found.values()), found


@given(answers(), st.data())
def test_a_changed_number_is_never_proven(drawn: Drawn, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(drawn.rows) - 1))
    by = data.draw(st.sampled_from((-4, -3, -2, -1, 1, 2, 3, 4)))
    table = [list(row[:3]) for row in drawn.rows]
    table[place][2] = int(table[place][2]) + by
    found = hows(("sex", drawn.second, "n"), table, drawn.source)  # type: ignore[arg-type]
    spot = place, 2
    assert not How(found[spot]).is_proven, found
    assert all(How(how).is_proven for other, how in found.items() if other != spot)


@given(answers())
def test_other_labels_prove_nothing(drawn: Drawn) -> None:
    """Who puts the numbers of one question under the words of another shows nothing but equal numbers."""
    table = [[f"illness {chr(65 + place)}", row[2]] for place, row in enumerate(drawn.rows)]
    found = hows(("illness", "n"), table, drawn.source)
    assert not any(How(how).is_proven for how in found.values()), found


def _rounded(number: int, step: int) -> int:
    return (2 * number + step) // (2 * step) * step
