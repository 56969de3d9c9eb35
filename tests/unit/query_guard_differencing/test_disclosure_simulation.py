"""The simulated protection of `benchmarks.disclosure` is the guard's, and says of the guard what the tables say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.disclosure.pairs import MEASURES, count_people
from benchmarks.disclosure.protection import City, Protection, sketch_of
from benchmarks.disclosure.walks import bridge, leave_one_out, walk
from query_guard.differencing import AskedColumn
from query_guard.differencing.anchors import no_anchors
from query_guard.differencing.neighbours import History
from query_guard.differencing.settling import settle_column
from tests.support.differencing_reference import as_history


def sketches(*places: np.ndarray) -> np.ndarray:
    return np.array([sketch_of(one) for one in places])


@pytest.mark.parametrize("pairs", [False, True])
def test_the_simulation_follows_the_rule(pairs: bool) -> None:
    rng = np.random.default_rng(5)
    city, protection = City.of(60, 1.0, rng), Protection(pairs=pairs)
    history: History = ()
    for _ in range(120):
        group = (
            rng.permutation(60)[: rng.integers(4, 40)]
            if rng.random() < 0.4
            else np.setdiff1d(np.arange(rng.choice([12, 20, 30])), rng.integers(0, 30, rng.integers(0, 8)))
        )
        own = city.pair_place[group]
        value = float("nan") if len(group) < 10 or rng.random() < 0.1 else float(len(group))
        column = AskedColumn(
            "s",
            pairs,
            sketches(own if pairs else city.place[group]),
            np.array([len(group)]),
            np.array([value]),
            sketches(city.place[group]) if pairs else None,
        )
        settled = settle_column(history, no_anchors(pairs=pairs), column, 10)
        simulated = protection.publish(
            sketch_of(city.place[group]), len(group), value, sketch_of(own) if pairs else None
        )
        assert settled.values.tolist() == pytest.approx([simulated], nan_ok=True)
        history = as_history(history, settled.anchors)
    assert protection.count == sum(map(len, history)) > 60


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_a_padding_pair_differs_only_without_the_protection(measure: str) -> None:
    ask, pairs, _ = MEASURES[measure]
    rng = np.random.default_rng(1)
    city = City.of(2_000, 0.5, rng)
    cohorts = [city.members(rng.permutation(2_000)[:300]) for _ in range(40)]
    for snap in (True, False):
        protection = Protection(pairs=pairs, snap=snap)
        told = [ask(protection, city, cohort[1:]) - ask(protection, city, cohort) for cohort in cohorts]
        assert any(told) is not snap


def test_the_walk_names_nobody_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.disclosure.walks.ROUNDS", 2)
    rng = np.random.default_rng(2)
    assert walk(Protection, rng).made == 0
    assert walk(lambda: Protection(chain=False), rng).right == 1
    assert bridge(Protection, rng).made <= 1
    assert leave_one_out(Protection, rng).made <= 1


def test_three_sets_still_tell() -> None:
    rng = np.random.default_rng(3)
    city, protection, differences = City.of(4_000, 0.5, rng), Protection(), []
    city.is_member[0] = True
    for _ in range(300):
        pad = 1 + rng.permutation(3_999)[:400]
        parts = (pad[:200], pad[200:], np.append(pad, 0))
        one, other, both = (count_people(protection, city, city.members(part)) for part in parts)
        differences.append(both - one - other)
    assert np.mean(differences) > 0.5, "not stopped, and said so in the docs"
