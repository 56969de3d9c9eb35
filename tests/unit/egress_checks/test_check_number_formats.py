"""Number formats of workbooks: which hide a value, and how the others show it."""

from __future__ import annotations

import pytest

from egress.inspection.number_formats import hides, hides_something, shown


@pytest.mark.parametrize(
    ("code", "value", "hidden"),
    [
        (";;;", 7.0, True),
        (";;;", "words", True),
        (";;", "words", False),
        (";;;", "", False),
        ('"*"', 7.0, True),
        ("[<10]\\*;0", 7.0, True),
        ("[<10]\\*;0", 12.0, False),
        ("[>=100]0;[>=50]0", 7.0, False),
        ('0;-0;"-"', 0.0, False),
        ("0;;0", -4.0, True),
        ('"a;b"0', 7.0, False),
        ("[h]:mm", 7.0, False),
        ("[h]", 7.0, False),
        ("General", 7.0, False),
        ("@", 7.0, False),
        ("[Red]", 7.0, True),
        ("0" * 1_000, 7.0, True),
    ],
)
def test_formats_that_hide(code: str, value: float | str, hidden: bool) -> None:
    assert hides(code, value) is hidden


def test_formats_that_could_hide() -> None:
    assert hides_something(";;;") and hides_something("[=1]\\*;0") and hides_something('0;"x"')
    assert not hides_something('0;-0;"-"') and not hides_something("General")


def test_numbers_are_shown_in_full() -> None:
    assert shown("0", 117.4) == "117.4"
    assert shown("General", 1e20) == "1e+20"
    assert shown("yyyy", 0.5) == "1899-12-30 12:00"
    assert shown("yyyy-mm-dd", 1.0, since_1904=True) == "1904-01-02"
    assert shown("yyyy", -1.0) == "-1"
