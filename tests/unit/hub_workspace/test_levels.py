"""How strongly resources are bounded, and when that is not enough to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub import levels
from hub.levels import Strength, check_levels, least_strength, levels_in_force, limits_of
from hub.limits import Groups, Level

NONE = Groups(Level.PROCESS, {})
WHOLE = Groups(Level.CGROUP_2, dict.fromkeys(("memory", "pids", "cpu"), Path("/x")))
NO_CPU = Groups(Level.CGROUP_1, dict.fromkeys(("memory", "pids"), Path("/x")))
PRODUCTION = {"oidc_issuer": "https://login.example.org"}


@pytest.fixture(autouse=True)
def _a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "_seen_in_groups", set())


def settings(tmp_path: Path, **changes: str) -> Settings:
    return load_settings(state=tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, Strength.PROCESS),
        (PRODUCTION, Strength.GROUP),
        ({**PRODUCTION, "workspace_limits": "process"}, Strength.PROCESS),
        ({"workspace_limits": "group"}, Strength.GROUP),
        ({"workspace_limits": "none"}, Strength.NONE),
    ],
)
def test_production_asks_for_groups_unless_told_otherwise(
    tmp_path: Path, changes: dict[str, str], least: Strength
) -> None:
    assert least_strength(settings(tmp_path, **changes)) is least


@pytest.mark.parametrize(
    ("changes", "groups", "weak"),
    [
        (PRODUCTION, WHOLE, ""),
        (PRODUCTION, NONE, "memory, processes, processors"),
        (PRODUCTION, NO_CPU, "processors"),
        ({**PRODUCTION, "workspace_limits": "process"}, NONE, ""),
        ({}, NONE, ""),
        ({"workspace_limits": "group"}, NO_CPU, "processors"),
    ],
)
def test_too_weak_is_refused_with_what_to_do(
    tmp_path: Path, changes: dict[str, str], groups: Groups, weak: str
) -> None:
    if not weak:
        check_levels(settings(tmp_path, **changes), groups)
        return
    with pytest.raises(Refusal) as caught:
        check_levels(settings(tmp_path, **changes), groups)
    assert caught.value.code == "limits-too-weak"
    assert f"{weak} on" in caught.value.message
    assert "Delegate=yes" in caught.value.remedy
    assert "SDE_WORKSPACE_LIMITS" in caught.value.remedy


def test_groups_that_disappear_while_the_gateway_runs_start_nothing(tmp_path: Path) -> None:
    """Even where the settings would have allowed to start without them: nobody has been told."""
    check_levels(settings(tmp_path), WHOLE)
    with pytest.raises(Refusal) as caught:
        check_levels(settings(tmp_path), NO_CPU)
    assert caught.value.code == "limits-too-weak"
    check_levels(settings(tmp_path, workspace_limits="none"), NO_CPU)


def test_a_single_process_is_bounded_where_no_group_bounds_them_all(tmp_path: Path) -> None:
    held = settings(tmp_path)
    assert limits_of(held, WHOLE).process_memory == 0
    assert limits_of(held, NONE).process_memory == 2 * held.workspace_memory_bytes


def test_the_levels_are_data(tmp_path: Path) -> None:
    held = {one.resource: one.strength for one in levels_in_force(NO_CPU, limits_of(settings(tmp_path), NO_CPU))}
    assert held == {
        "memory": Strength.GROUP,
        "processes": Strength.GROUP,
        "processors": Strength.PROCESS,
        "file size": Strength.PROCESS,
        "tmp folders": Strength.GROUP,
    }
