"""Measures that tell of one another share one mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from query_guard.margins import hide_more, hide_together
from tests.support.margin_lab import THRESHOLD, counts_with_margins, sums_with_margins

COUNTS = np.array([[4, 20], [30, 40]])


def test_what_one_measure_hides_all_hide() -> None:
    people = counts_with_margins(COUNTS)
    rows = replace(people, half_widths=np.full(9, 60.0), least_published=0.0)  # so blurred that it needs no more
    protection = np.full(9, float(THRESHOLD))
    alone = hide_more(people, protection)
    assert not hide_more(rows, protection).any()
    together = hide_together([rows, people], [protection, protection])
    assert np.array_equal(together, people.hidden | alone)


def test_it_is_enough_for_each_of_them() -> None:
    people = counts_with_margins(COUNTS)
    sums = sums_with_margins(COUNTS * 7.25, np.array([[False, False], [False, True]]))
    protections = [np.full(9, float(THRESHOLD)), np.full(9, 72.5)]
    mask = hide_together([people, sums], protections)
    for table, protection in zip([people, sums], protections, strict=True):
        assert mask[table.hidden].all()
        final = replace(table, published=np.where(mask, np.nan, table.published))
        assert not hide_more(final, protection).any()


def test_what_the_last_measure_hides_is_protected_in_the_first() -> None:
    rounded = counts_with_margins(np.array([4, 20, 30]))
    exact = replace(rounded, published=np.where(rounded.hidden, np.nan, rounded.true), half_widths=np.full(4, 0.5))
    ten = np.full(4, float(THRESHOLD))
    assert not hide_more(rounded, ten).any()
    assert hide_more(exact, ten).tolist() == [False, True, False, False]
    demanding = np.array([10.0, 500, 10, 10])  # for the cell that only the exact counts hide
    assert hide_together([rounded, exact], [demanding, ten]).sum() > 2
