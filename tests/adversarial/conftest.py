"""Two worlds for attacks by questions: they differ in whether one person, whom the attacker knows, has the secret."""

from __future__ import annotations

import pytest

from tests.support.two_worlds import Worlds, make_world


@pytest.fixture(scope="module")
def far_from_the_edge() -> Worlds:
    """40 or 41 people with the secret: the rounded count of them is the same."""
    return make_world(40, has_secret=False), make_world(40, has_secret=True)


@pytest.fixture(scope="module")
def on_the_edge() -> Worlds:
    """42 or 43 people with the secret: rounded to 40 or 45."""
    return make_world(42, has_secret=False), make_world(42, has_secret=True)
