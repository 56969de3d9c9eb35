"""The rule against differencing: the quick way agrees with the slow one, and what is proven of the rule holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from query_guard.differencing import segment as segment_module
from query_guard.differencing.anchors import Anchors, Sets, join_anchors, no_anchors
from query_guard.differencing.segment import Segment, count_bits
from query_guard.differencing.settling import settle_column
from tests.support.differencing_reference import Cell, Reference, as_history, cell_of, column_of

pytestmark = pytest.mark.slow

PEOPLE = 60
Words = NDArray[np.uint64]


@contextmanager
def tiny_pieces() -> Iterator[None]:
    """Index from the first anchor on and search in small pieces, so that small examples take every path."""
    changes = {"SMALLEST_INDEXED": 1, "SCAN_IS_QUICKER_BY": 1, "LOOKED_UP_AT_ONCE": 8, "COMPARED_AT_ONCE": 4}
    with patch.multiple(segment_module, **changes):
        yield


# --- pruning ------------------------------------------------------------------------------------------------------


@st.composite
def clouds(draw: st.DrawFn) -> tuple[Words, Words, int]:
    """Anchors and asked sets, shape (4, n): few or many bits, many of them within a few bits of one another."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.0, 0.02, 0.05, 0.2, 0.5]))
    centres = rng.random((draw(st.integers(1, 4)), 256)) < density
    flips = draw(st.integers(0, 24))

    def some(count: int) -> Words:
        bits = centres[rng.integers(0, len(centres), count)].copy()
        for row in bits:
            row[rng.integers(0, 256, rng.integers(0, flips + 1))] ^= True
        return np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64).T)

    return some(draw(st.integers(0, 60))), some(draw(st.integers(0, 6))), draw(st.integers(1, 20))


@settings(max_examples=300, deadline=None)
@given(cloud=clouds(), tiny=st.booleans(), pairs=st.booleans())
def test_no_near_anchor_is_ever_missed(cloud: tuple[Words, Words, int], tiny: bool, pairs: bool) -> None:
    anchors, asked, threshold = cloud
    turned = np.roll(anchors, 1, axis=0), np.roll(asked, 1, axis=0)  # some second sketch, of other words
    numbers = np.arange(anchors.shape[1])
    sizes = numbers % 30 - 1, np.arange(asked.shape[1]) * 5  # -1: not on record
    sets = tuple(
        Sets(words, other if pairs else None, size)
        for words, other, size in zip((anchors, asked), turned, sizes, strict=True)
    )
    with tiny_pieces() if tiny else patch.object(segment_module, "SMALLEST_INDEXED", 2):
        built = Segment(Anchors(sets[0], numbers, numbers.astype(np.float64), numbers))
        found = {
            (int(one), int(built.anchors.ids[place]), int(distance))
            for near in built.search(sets[1], threshold)
            for one, place, distance in zip(*near, strict=True)
        }
    expected = set()
    for one in range(asked.shape[1]):
        gap = np.where(sizes[0] < 0, 0, np.abs(sizes[0] - sizes[1][one]))
        people = np.maximum(count_bits(anchors ^ asked[:, one, None]), gap)
        distance = count_bits(turned[0] ^ turned[1][:, one, None]) if pairs else people
        near = (people < threshold) & ((distance < 2 * threshold) | (not pairs))
        expected |= {(one, int(place), int(distance[place])) for place in np.flatnonzero(near)}
    assert found == expected


# --- the rule -----------------------------------------------------------------------------------------------------


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """One of a few groups, give or take a few people, some of whom contribute something else."""
    centre = draw(st.sampled_from([range(8), range(12), range(5, 19), range(25), range(20, 50)]))
    changed = draw(st.sets(st.integers(0, PEOPLE - 1), max_size=draw(st.sampled_from([0, 2, 6, 14]))))
    people = set(centre) ^ changed
    other = draw(st.sets(st.sampled_from(sorted(people)), max_size=3)) if people else set()
    is_hidden = len(people) < 10 or draw(st.integers(0, 9)) == 0
    own = math.nan if is_hidden and people else float(len(people))
    return Cell({person: 2 if person in other else 1 for person in people}, own)


answers = st.lists(st.lists(st.lists(cells(), min_size=1, max_size=4), min_size=1, max_size=2), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(asked=answers, pairs=st.booleans(), tiny=st.booleans())
def test_the_quick_way_agrees_with_the_slow_one(asked: list[list[list[Cell]]], pairs: bool, tiny: bool) -> None:
    reference, history = Reference(10, pairs), ()
    with tiny_pieces() if tiny else patch.object(segment_module, "SMALLEST_INDEXED", 2):
        for columns in asked:
            earlier = no_anchors(pairs=pairs)
            for column in columns:
                settled = settle_column(history, earlier, column_of(column, pairs=pairs), 10)
                expected = [reference.answer(cell) for cell in column]
                assert settled.values.tolist() == pytest.approx(expected, nan_ok=True)
                earlier = join_anchors([earlier, settled.anchors])
            history = as_history(history, earlier)
    kept = sorted(
        (int(i), float(v)) for part in history for i, v in zip(part.anchors.ids, part.anchors.values, strict=True)
    )
    assert [value for _, value in kept] == pytest.approx([anchor.value for anchor in reference.anchors], nan_ok=True)


@settings(max_examples=200, deadline=None)
@given(asked=st.lists(cells(), min_size=1, max_size=25))
def test_a_set_asked_again_is_given_what_it_was_given(asked: list[Cell]) -> None:
    reference = Reference(10)
    first = [reference.answer(cell) for cell in asked]
    for cell, value in zip(asked, first, strict=True):
        again = reference.answer(cell)
        assert again == value or (math.isnan(again) and (math.isnan(value) or len(cell.contributions) < 15))


@settings(max_examples=200, deadline=None)
@given(asked=st.lists(cells(), min_size=2, max_size=25))
def test_the_first_near_sets_with_different_numbers_are_half_the_limit_apart(asked: list[Cell]) -> None:
    reference = Reference(10)
    told: list[tuple[Cell, float]] = []
    for cell in asked:
        value = reference.answer(cell)
        for other, number in told:
            distance = reference.distance(cell, other)
            if distance is not None and cell.contributions and other.contributions and abs(number - value) > 0:
                assert 2 * distance >= 10, "numbers: a hidden value is no number"
                return
        told.append((cell, value))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sets(st.integers(0, PEOPLE - 1), min_size=10),
    steps=st.lists(st.sets(st.integers(0, PEOPLE - 1), min_size=1, max_size=9), max_size=30),
)
def test_walking_from_one_published_set_tells_nothing(start: set[int], steps: list[set[int]]) -> None:
    """Whoever is added or left out, in steps below the limit: as long as enough people are in it, the first value."""
    reference, group = Reference(10), set(start)
    first = reference.answer(cell_of(group))
    for step in steps:
        if len(group ^ step) < 10:
            continue
        group ^= step
        assert reference.answer(cell_of(group)) == first == len(start)


@settings(max_examples=100, deadline=None)
@given(asked=st.lists(cells(), min_size=1, max_size=25))
def test_no_number_is_given_to_fewer_people_than_the_threshold(asked: list[Cell]) -> None:
    reference = Reference(10)
    for cell in asked:
        assert math.isnan(reference.answer(cell)) or not 0 < len(cell.contributions) < 10
