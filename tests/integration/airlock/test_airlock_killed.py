"""Killed at any moment of submit, vote and release, the airlock loses nothing, doubles nothing, lets nothing out early.

A seeded sample; `python -m benchmarks airlock` dies two hundred deaths.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.settings import Settings
from tests.support.airlock_crash import CrashLab
from tests.support.airlock_world import AirlockWorld

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
DEATHS = 60


def test_killed_at_any_moment_nothing_is_lost_doubled_or_half_there(airlock_template: Path, settings: Settings) -> None:
    AirlockWorld.copy_of(airlock_template, settings).store.close()
    lab = CrashLab(settings, seed=1831)
    lab.run(DEATHS)
    assert min(lab.deaths[step] for step in ("submit", "vote", "release")) >= DEATHS // 10
    assert lab.released > DEATHS // 10
