"""Two releases that differ by fewer people than the threshold are told apart from two that merely look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress.provenance.earlier import is_too_near, said_in
from egress.provenance.records import Record, pack_record, record_of, unpack_record
from egress.provenance.tables import How, Link
from governance.answers import pack
from tests.support.provenance_lab import as_csv, filed, of_set, record

THRESHOLD = 10


@given(st.integers(50, 5000), st.integers(0, 2 * THRESHOLD))
def test_counts_of_untraced_tables_around_the_threshold(count: int, apart: int) -> None:
    assert is_too_near(record(count + apart, 700), record(count, 700), THRESHOLD) == (0 < apart < THRESHOLD)


@given(st.integers(60, 200), st.integers(0, 2 * THRESHOLD), st.booleans())
def test_sets_of_traced_tables_around_the_threshold(people: int, apart: int, says_other: bool) -> None:
    one = record(100, link=of_set(people, 100))
    other = record(150, words="other", link=of_set(people + apart, 105 if says_other else 100))
    assert is_too_near(one, other, THRESHOLD) == (0 < apart < THRESHOLD and says_other)


@pytest.mark.parametrize(
    ("new", "old", "near"),
    [
        (record(100, 300, 500), record(105, 900, 900), False),  # another question that has the same labels
        (record(100, 300), record(105, 900), True),
        (record(100, header="seen"), record(105, header="n"), True),  # renamed
        (record(100, words="clinic"), record(105), False),
        (record(100.5, decimals=1), record(101.5, decimals=1), False),  # no counts
        (record(100, link=Link(How.LABEL)), record(105), False),
        (record(100, link=of_set(50, 100)), record(105, link=of_set(90, 105)), False),  # the guard's own care
        (record(100, link=of_set(50, 100)), record(105), True),
        (Record(()), record(105), False),
    ],
)
def test_what_is_compared(new: Record, old: Record, near: bool) -> None:
    assert is_too_near(new, old, THRESHOLD) is near


def test_what_left_before_tells_nothing_new_whatever_lies_near_it() -> None:
    """Two rows of one table can be of nearly the same people; sending that table again is no difference."""
    one, near = record(100, link=of_set(50, 100)), record(105, words="other", link=of_set(53, 105))
    both = Record((*one.cells, *near.cells))
    assert not is_too_near(both, both, THRESHOLD)
    assert not is_too_near(one, both, THRESHOLD)
    assert is_too_near(one, near, THRESHOLD)
    assert not is_too_near(one, near, THRESHOLD, said_in(both))


def test_a_record_comes_back_as_it_was_packed() -> None:
    (table,) = filed(as_csv(("ward", "Seen (n=15)", "n"), [("North", "12 (4.5%)", 2019), ("South", "3 (1.5%)", 90)]))
    links = {spot: of_set(9, 12.0) for spot, _ in table.spots()}
    kept = record_of(table, links, ("request",))
    assert unpack_record(pack_record(kept)) == kept
    assert {cell.row_words for cell in kept.cells} >= {"", "north", "south"}


@pytest.mark.parametrize(
    "content",
    [b"", pack([]), pack({}), pack({"words": [], "earlier": [], "cells": [[0] * 13 + [""]]})],
)
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_record(content)
