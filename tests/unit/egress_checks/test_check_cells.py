"""What one cell is."""

from __future__ import annotations

from datetime import date

import pytest

from egress.inspection.cells import (
    clean,
    is_deliberately_suppressed,
    is_suppressed,
    read_date,
    read_number,
    upper_bound,
)


@pytest.mark.parametrize(
    ("cell", "value", "whole"),
    [
        ("7", 7, True),
        ("1,234", 1234, True),
        ("12 345", 12345, True),
        ("12.0", 12, True),
        ("12.5", 12.5, False),
        ("4,5", 4.5, False),
        (".5", 0.5, False),
        ("1e3", 1000, True),
        ("-3", -3, True),
        ("−3", -3, True),
        ('="7"', 7, True),
        ("'7", 7, True),
        ("7†", 7, True),
        ("7 [note 1]", 7, True),
        ("**7**", 7, True),
    ],
)
def test_numbers_are_read_as_people_write_them(cell: str, value: float, whole: bool) -> None:
    number = read_number(cell)
    assert number is not None
    assert (number.value, number.whole) == (value, whole)


@pytest.mark.parametrize("cell", ["", "n/a", "K92.2", "1.2.10", "12-15", "7 (2.1%)", "<10", "£5", "1,23,4"])
def test_other_cells_are_no_numbers(cell: str) -> None:
    assert read_number(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "*",
        "**",
        "[c]",
        "(x)",
        "suppressed",
        "[REDACTED]",
        "<10",
        "< 10",
        "≤7",
        "1-9",
        "fewer than 10",
        "-",
        "–",
        "..",
        "n/a",
        "NaN",
        "<NA>",
        "None",
        "[low]",
    ],
)
def test_marks_of_suppression_are_understood(cell: str) -> None:
    assert is_suppressed(cell)


@pytest.mark.parametrize("cell", ["0", "7", "yes", "12 (3%)", "10-19"])
def test_values_are_not_marks(cell: str) -> None:
    assert not is_suppressed(cell) or upper_bound(cell) is None


@pytest.mark.parametrize(("cell", "deliberate"), [("*", True), ("<10", True), ("[c]", True), ("-", False), ("", False)])
def test_only_disclosure_control_writes_some_marks(cell: str, deliberate: bool) -> None:
    assert is_deliberately_suppressed(cell) is deliberate


@pytest.mark.parametrize(
    ("cell", "bound"), [("<10", 9), ("<=7", 7), ("≤7", 7), ("under 5", 4), ("1-9", 9), ("7", None)]
)
def test_a_mark_admits_to_an_upper_bound(cell: str, bound: int | None) -> None:
    assert upper_bound(cell) == bound


def test_cleaning_undoes_what_the_eye_does_not_see() -> None:
    assert clean(" １２０\u200b ") == "120"
    assert clean("7²") == "7"


@pytest.mark.parametrize(
    "cell",
    [
        "1956-03-12",
        "1956/3/12",
        "12/03/1956",
        "12.03.1956",
        "12/03/56",
        "12 March 1956",
        "12th Mar 1956",
        "Mar 12, 1956",
        "1956-03-12 00:00:00",
        "1956-03-12T10:20:30.5Z",
    ],
)
def test_dates_are_read_in_uk_order(cell: str) -> None:
    assert read_date(cell) == date(1956, 3, 12)


def test_other_forms_of_dates() -> None:
    assert read_date("12/25/1956") == date(1956, 12, 25)
    assert read_date("01/02/24") == date(2024, 2, 1)
    assert read_date("19560312") is None
    assert read_date("19560312", compact=True) == date(1956, 3, 12)
    assert read_date("99/99/1956") is None
    assert read_date("1.2.10") is None
    assert read_date("0001-01-01") is None
