"""The search of the night: when it runs, and that it is the real command."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time

import pytest

from governance.settings import Settings
from governance.store import Store
from hub.supervisor.night import search_once, seconds_until
from hub.supervisor.programs import night_program


@pytest.mark.parametrize(
    ("hour", "minute", "hours"), [(2, 0, 0.5), (2, 30, 24), (2, 31, 24 - 1 / 60), (23, 30, 3), (0, 0, 2.5)]
)
def test_it_waits_for_the_next_night(hour: int, minute: int, hours: float) -> None:
    assert seconds_until(time(2, 30), datetime(2026, 11, 22, hour, minute, tzinfo=UTC)) == pytest.approx(3600 * hours)


@pytest.mark.slow
def test_the_search_runs_to_its_end(settings: Settings, demo_register: Store) -> None:
    settings.folder.create()
    told: list[str] = []
    program = night_program(settings)
    asyncio.run(search_once(program, told.append))
    assert told == []
    assert "data cut" in program.log.read_text()


@pytest.mark.slow
def test_what_it_cannot_do_is_told(settings: Settings) -> None:
    """Without a register it fails: somebody has to know."""
    settings.folder.create()
    told: list[str] = []
    asyncio.run(search_once(night_program(settings), told.append))
    assert len(told) == 1
    assert "search-triples.log" in told[0]
