"""A fresh project in memory for each test of the policy."""

from __future__ import annotations

import pytest

from tests.support.guard_policy import PolicyLab


@pytest.fixture
def lab() -> PolicyLab:
    return PolicyLab()
