"""Two projects' pseudonyms say nothing of one another: neither equal values, nor bits, nor order."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from intake.keys import EXTRACT_DOMAINS, FileKeyStore, open_cut_key

PEOPLE = np.arange(1, 20_001, dtype=np.int64)
STRAY = 5.0  # standard errors; a true match is far outside, chance is not (fixed keys: the outcome never changes)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The same 20,000 people under every key there is: two projects, each domain, two generations, two cuts' marks."""
    folder = tmp_path_factory.mktemp("keys")
    made: dict[str, np.ndarray] = {"plain": PEOPLE}
    for number, project in enumerate(("one", "two")):
        for place, domain in enumerate(EXTRACT_DOMAINS):
            (folder / f"{project}.{domain}.key").write_bytes(bytes([1 + number * 16 + place]) * 32)
            (folder / f"{project}.{domain}.key").chmod(0o600)
            made[f"{project} {domain}"] = FileKeyStore(folder).open(project, domain).pseudonym_array(PEOPLE)
    for number, cut in enumerate("ab"):
        (folder / f"cut-{cut * 64}.mark.key").write_bytes(bytes([101 + number]) * 32)
        (folder / f"cut-{cut * 64}.mark.key").chmod(0o600)
        made[f"cut {cut}"] = (open_cut_key(folder, cut * 64).mark_array(PEOPLE) >> np.uint64(1)).astype(np.int64)
    return made


def test_no_value_is_shared(series: dict[str, np.ndarray]) -> None:
    for one, other in combinations(series, 2):
        assert not np.intersect1d(series[one], series[other]).size, (one, other)


def test_bits_agree_as_often_as_chance(series: dict[str, np.ndarray]) -> None:
    pairs = len(PEOPLE) * 63
    for one, other in combinations([name for name in series if name != "plain"], 2):
        equal = 63 * len(PEOPLE) - int(np.bitwise_count(series[one] ^ series[other]).sum())
        assert abs(equal - pairs / 2) < STRAY * math.sqrt(pairs) / 2, (one, other)


def test_each_bit_is_as_often_one_as_not(series: dict[str, np.ndarray]) -> None:
    for name in [name for name in series if name != "plain"]:
        ones = np.array([int((series[name] >> bit & 1).sum()) for bit in range(63)])
        assert (abs(ones - len(PEOPLE) / 2) < STRAY * math.sqrt(len(PEOPLE)) / 2).all(), name


def test_the_order_of_one_says_nothing_of_the_order_of_another(series: dict[str, np.ndarray]) -> None:
    ranks = {name: np.argsort(np.argsort(values)).astype(float) for name, values in series.items()}
    for one, other in combinations(ranks, 2):
        correlation = float(np.corrcoef(ranks[one], ranks[other])[0, 1])
        assert abs(correlation) < STRAY / math.sqrt(len(PEOPLE)), (one, other)


def test_neighbours_do_not_stay_neighbours(series: dict[str, np.ndarray]) -> None:
    """People next to one another in the source stand as far apart under a key as any two."""
    for name in [name for name in series if name != "plain"]:
        ranks = np.argsort(np.argsort(series[name])).astype(float)
        apart = float(np.abs(np.diff(ranks)).mean())
        assert abs(apart / len(PEOPLE) - 1 / 3) < 0.02, name
