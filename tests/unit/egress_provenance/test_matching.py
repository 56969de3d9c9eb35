"""Each way in which people reshape an answer is followed back to it; what fits by value alone is called weak."""

from __future__ import annotations

import time

import pytest

from egress.provenance.matching import MOST_FIGURES, match_table
from egress.provenance.tables import Figure, FiledCell, FiledTable, How
from tests.support.provenance_lab import answer, as_csv, filed, hows, links

NAMES = ("sex", "year", "n", "deaths")
ROWS = (("F", 2019, 1320, 40), ("F", 2020, 1375, 55), ("M", 2019, 990, 25), ("M", 2020, 1010, 30))
BY_YEAR = answer(NAMES, ROWS, 2)
TOTAL = answer(("patients", "mean_age"), [(2690, 61.4)], 0, "r2")


def proven(found: dict[tuple[int, int], str]) -> bool:
    return bool(found) and all(How(how).is_proven for how in found.values())


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (NAMES, ROWS),
        (("n", "year", "sex"), [(n, year, sex) for sex, year, n, _ in reversed(ROWS)]),
        (("Gender", "Calendar year", "Patients", "Died"), ROWS),
        (("sex", "2019", "2020"), [("F", 1320, 1375), ("M", 990, 1010)]),
        (("year", "F", "M"), [(2019, "1,320", 990), (2020, "1,375", "1,010")]),
        (("sex", "n_2019", "n_2020", "deaths_2019"), [("F", 1320, 1375, 40), ("M", 990, 1010, 25)]),
        (("sex", "year", "measure", "value"), [("F", 2019, "n", 1320), ("F", 2019, "deaths", 40)]),
        (("sex", "patients"), [("F", 1375), ("M", 1010)]),
        (("group", "n"), [("F 2019", 1320), ("M 2020", 1010)]),
        (("sex", "year", "n"), [("F", 2019, 1300), ("F", 2020, 1400), ("M", 2019, 1000)]),
        (("sex", "n"), [("F", 2695), ("M", 2000), ("Total", 4695)]),
        (("sex", "2019", "2020", "Total"), [("F", 1320, 1375, 2695), ("M", 990, 1010, 2000)]),
        (("sex", "year", "n"), [("F", 2019, 1320), ("F", 2020, 1375), ("Total", "", 2695)]),
        (("sex", "year", "n (%)"), [("F", 2019, "1320 (3.0%)"), ("F", 2020, "1375 (4.0%)"), ("M", 2019, "990 (2.5%)")]),
        (("sex", "2019", "2020", "change"), [("F", 1320, 1375, 55), ("M", 990, 1010, 20)]),
        (("sex", "2019", "2020", "change %"), [("F", 1320, 1375, "4.2%"), ("M", 990, 1010, "2.0%")]),
        (("sex", "year", "share"), [("F", 2019, 28.1), ("F", 2020, 29.3), ("M", 2019, 21.1), ("M", 2020, 21.5)]),
        (("sex", "year", "share of sex"), [("F", 2019, 0.49), ("F", 2020, 0.51), ("M", 2019, 0.495)]),
        (("sex", "year", "share"), [("F", 2019, 49.0), ("F", 2020, 51.0)]),
        (("sex", "year", "women per man"), [("F", 2019, 1.33), ("F", 2020, 1.36)]),
        (("sex", "year", "alive"), [("F", 2019, 1280), ("M", 2020, 980)]),
        (("sex", "year", "n", "source"), [("F", 2019, 1320, "GP"), ("M", 2020, 1010, "GP")]),
        (("", "sex", "year", "n"), [(0, "F", 2019, 1320), (1, "M", 2020, 1010)]),
        (("year", "F (n=1320)", "M (n=990)"), [("2019", "40 (3.0%)", "25 (2.5%)")]),
        (("sex", "year", "rate"), [("F", 2019, 3030), ("F", 2020, 4000), ("M", 2019, 2525)]),
    ],
)  # fmt: skip
def test_what_was_reshaped_is_followed_back(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    assert proven(hows(header, rows, BY_YEAR))  # type: ignore[arg-type]


def test_a_link_says_where_and_how() -> None:
    found = links(("sex", "patients"), [("F", 1320), ("M", 990)], BY_YEAR)
    link = found[0, 1]
    assert (link.how, link.receipt, link.row, link.column, link.said) == (How.EXACT, "r1", 0, 2, 1320)
    assert (link.words, link.sketch) == ("where year = 2019", bytes(32))
    assert links(("sex", "year", "n"), [("F", 2019, 1300), ("M", 2020, 1000)], BY_YEAR)[0, 2].words == "rounded to 50"
    assert links(("sex", "n"), [("F", 2695), ("M", 2000)], BY_YEAR)[0, 1].words == "sum of 2 rows"


@pytest.mark.parametrize(
    ("header", "rows", "spot"),
    [
        (("sex", "year", "n"), [("F", 2019, 1325), ("M", 2020, 1010)], (0, 2)),  # changed by a rounding step
        (("sex", "year", "n"), [("F", 2019, 1375), ("F", 2020, 1320)], (0, 2)),  # two cells exchanged
        (("sex", "year", "n"), [("X", 2019, 1320), ("Y", 2020, 1010)], (0, 2)),  # relabelled
        (("sex", "year", "deaths"), [("F", 2019, 1320), ("M", 2020, 30)], (0, 2)),  # another measure's name
        (("sex", "year", "n"), [("F", 2021, 1320), ("M", 2020, 1010)], (0, 2)),  # a year nobody asked for
        (("sex", "illness", "n"), [("F", "Gout", 1320), ("M", "Flu", 990)], (0, 2)),  # words of another question
        (("patients",), [(1320,)], (0, 0)),  # no label at all
        (("sex", "n"), [("F", 1320), ("M", 1010)], (1, 1)),  # of two years under no label
        (("sex", "year", "n"), [("Total", "", 4000), ("F", 2019, 1320)], (0, 2)),
        (("sex", "year", "ratio"), [("F", 2019, 0.5)], (0, 2)),
        (("age", "n"), [(15, 1320), (25, 1375)], (0, 0)),  # numbers called ages that no answer knows
    ],
)  # fmt: skip
def test_what_does_not_fit_is_not_proven(
    header: tuple[str, ...], rows: list[tuple[object, ...]], spot: tuple[int, int]
) -> None:
    assert not How(hows(header, rows, BY_YEAR)[spot]).is_proven  # type: ignore[arg-type]


def test_a_value_alone_is_weak_and_said_to_be() -> None:
    link = links(("illness", "n"), [("Gout", 1320), ("Flu", 7777)], BY_YEAR)[0, 1]
    assert (link.how, link.receipt, link.words, link.sketch) == (How.VALUE_ONLY, "r1", "labels do not fit", b"")
    assert hows(("illness", "n"), [("Gout", 1320), ("Flu", 7777)], BY_YEAR)[1, 1] == "none"


def test_a_single_number_is_known_by_its_name() -> None:
    assert proven(hows(("patients", "mean age"), [(2690, 61.4)], TOTAL))
    assert proven(hows(("measure", "value"), [("patients", 2690), ("mean age", 61.4)], TOTAL))
    assert proven(hows(("measure", "value"), [("patients", 2690)], TOTAL))
    assert hows(("people with gout",), [(2690,)], TOTAL) == {(0, 0): "value only"}


def test_numbers_of_several_answers_stand_in_one_table() -> None:
    other = answer(("sex", "admissions"), [("F", 210), ("M", 155)], 1, "r3")
    found = links(("sex", "2019", "admitted"), [("F", 1320, 210), ("M", 990, 155)], BY_YEAR, other)
    assert {spot: link.receipt for spot, link in found.items()} == {
        (0, 1): "r1", (1, 1): "r1", (0, 2): "r3", (1, 2): "r3",
    }  # fmt: skip


def test_rows_of_totals_of_the_answer_are_used_as_they_are() -> None:
    rolled = answer(("sex", "n"), [("F", 1320), ("M", 990), (None, 2315)], 1)
    found = links(("sex", "n"), [("F", 1320), ("M", 990), ("All", 2315)], rolled)
    assert (found[2, 1].how, found[2, 1].row) == (How.EXACT, 2)
    assert proven(hows(("sex", "n"), [("F", 1320), ("M", 990), ("All", 2310)], rolled))


def test_means_are_never_summed() -> None:
    means = answer(("sex", "year", "age"), [("F", 2019, 40.5), ("F", 2020, 41.5)], 2)
    assert hows(("sex", "age"), [("F", 82.0)], means)[0, 1] == "none"


def test_days_and_codes_are_labels_too() -> None:
    days = answer(("day", "code", "n"), [("2019-01-01 00:00:00", 8507, 1320), ("2020-01-01", 8532, 990)], 2)
    assert proven(hows(("day", "concept_id", "n"), [("2019-01-01", "8507.0", 1320), ("2020-01-01", 8532, 990)], days))


def test_the_sketch_is_left_out_where_it_is_not_known_which() -> None:
    twice = answer(("n",), [(50,), (50,)], 0)
    assert twice.sketch_behind(0, 0) == b""


def test_too_many_numbers_or_too_little_time_leave_them_unmatched() -> None:
    (table,) = filed(as_csv(NAMES, ROWS))
    assert {link.how for link in match_table(table, [BY_YEAR], time.monotonic() - 1).values()} == {How.NONE}
    row = (FiledCell("1", (Figure(1.0, 0),)),)
    long = FiledTable("", (FiledCell("n"),), (row,) * (MOST_FIGURES + 1))
    assert {link.how for link in match_table(long, [BY_YEAR], time.monotonic() + 60).values()} == {How.NONE}


def test_an_answer_that_shares_nothing_is_not_looked_at() -> None:
    assert hows(("x",), [(77,)], BY_YEAR) == {(0, 0): "none"}
