"""Sandboxes that no record names are found and ended; those that the hub knows, runs and starts never are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from governance.audit import read_events
from governance.settings import Settings
from governance.store import Store
from hub import orphans
from hub.limits import PREFIX, Level, find_group, find_groups
from hub.names import RUN_PREFIX, WorkspacePlaces, places_of, workspace_slug
from hub.orphans import Orphans
from hub.processes import wait_until
from hub.sandbox_process import is_held
from hub.workspace_start import prepare_workspace
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

ANN, BEN = workspace_slug("ann", "alpha"), workspace_slug("ben", "alpha")
START_AND_DIE = """
import os, sys
from governance.settings import load_settings
from hub.names import places_of
from hub.sandbox_process import Streams
from hub.workspace_start import prepare_workspace, start_workspace
settings = load_settings()
places = places_of(settings.folder, "ann", "alpha")
start_workspace(settings, prepare_workspace(places), command=("sleep", "600"), variables={}, streams=Streams())
os._exit(1)
"""


@pytest.fixture
def gateway(settings: Settings, store: Store) -> Settings:
    """A state folder of its own with a register."""
    settings.folder.create()
    return settings


def is_alive(one: Walled) -> bool:
    return one.started.sandbox.is_running


def ended(store: Store) -> list[str]:
    with store.reading() as session:
        return [event.project for event in read_events(session) if event.event == "workspace.orphan-ended"]


def test_a_sandbox_whose_hub_was_killed_in_mid_start_is_ended_and_audited(gateway: Settings, store: Store) -> None:
    environment = {**os.environ, "SDE_STATE": str(gateway.folder.root)}
    subprocess.run([sys.executable, "-c", START_AND_DIE], env=environment, cwd=Path(__file__).parents[2], check=False)
    lock = places_of(gateway.folder, "ann", "alpha").lock
    assert is_held(lock)
    looking = Orphans(gateway, store)
    assert looking.end_them(known=()) == 0  # once seen is not enough: the hub may have begun it a moment ago
    assert is_held(lock)
    assert looking.end_them(known=()) == 1
    assert wait_until(lambda: not is_held(lock), 10)
    assert ended(store) == ["alpha"]
    places = places_of(gateway.folder, "ann", "alpha")
    assert find_group(find_groups(delegate=False), places.group).folders == ()
    assert looking.end_them(known=()) == 0


def test_whom_the_hub_knows_stays(gateway: Settings, store: Store) -> None:
    looking = Orphans(gateway, store)
    with walled(gateway, "ann", "alpha") as ann, walled(gateway, "ben", "alpha") as ben:
        for _ in range(3):
            looking.end_them(known={ANN, BEN})
        looking.end_them(known={ANN})
        looking.end_them(known={ANN})
        assert is_alive(ann)
        assert wait_until(lambda: not is_alive(ben), 10)
    assert len(ended(store)) == 1


def test_a_start_in_progress_stays(gateway: Settings, store: Store) -> None:
    """It begins between the hub's list and our look; at the next look it is on the list."""
    looking = Orphans(gateway, store)
    with walled(gateway, "ann", "alpha") as ann:
        looking.end_them(known=())
        for _ in range(3):
            looking.end_them(known={ANN})
        assert is_alive(ann)
        looking.end_them(known=())  # seen
    with walled(gateway, "ann", "alpha") as ann:  # stopped and started again between two looks: somebody else now
        looking.end_them(known=())
        assert is_alive(ann)
    assert ended(store) == []


def test_a_start_that_has_only_made_its_folders_stays(
    gateway: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = places_of(gateway.folder, "ann", "alpha")
    prepare_workspace(places)
    make_old(places.run)
    prepare_workspace(places)  # a second start makes the folder new again
    looking = Orphans(gateway, store)
    looking.end_them(known=())
    assert places.hub_folder.is_dir()


def test_a_run_stays_whoever_looks(gateway: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "OLD_SECONDS", -1.0)
    looking = Orphans(gateway, store)
    with walled(gateway, "ann", "alpha", name=f"{RUN_PREFIX}0a1b2c3d") as run:
        for _ in range(3):
            looking.end_them(known=())
        assert is_alive(run)
        assert run.places.run.is_dir()
    assert ended(store) == []


def test_what_ended_long_ago_is_removed(gateway: Settings, store: Store) -> None:
    with walled(gateway, "ann", "alpha") as ann, walled(gateway, "ben", "alpha") as ben:
        pass
    make_old(ann.places.run)
    looking = Orphans(gateway, store)
    groups = find_groups(delegate=False)
    left = [parent / f"{PREFIX}{ann.places.group}" for parent in dict.fromkeys(groups.parents.values())]
    for folder in left:
        folder.mkdir()
    looking.end_them(known=())
    assert not ann.places.run.exists()
    assert ben.places.run.exists()  # only just ended: it may be about to start again
    assert not any(folder.exists() for folder in left)
    assert ann.places.home.is_dir()
    assert list(ben.places.run.parent.iterdir()) == [ben.places.run]


def test_another_gateways_groups_stay(gateway: Settings, store: Store, tmp_path: Path) -> None:
    groups = find_groups(delegate=False)
    if groups.level is Level.PROCESS:
        pytest.skip("no cgroup can be made here, as `sde doctor` says")
    other = WorkspacePlaces(type(gateway.folder)(tmp_path / "other"), "x", "x").group
    folders = [parent / f"{PREFIX}{other}" for parent in dict.fromkeys(groups.parents.values())]
    try:
        for folder in folders:
            folder.mkdir()
        Orphans(gateway, store).end_them(known=())
        assert all(folder.is_dir() for folder in folders)
    finally:
        for folder in folders:
            folder.rmdir()


def test_a_sandbox_that_has_lost_its_folder_is_found_by_its_group(gateway: Settings, store: Store) -> None:
    if find_groups(delegate=False).level is Level.PROCESS:
        pytest.skip("no cgroup can be made here, as `sde doctor` says")
    looking = Orphans(gateway, store)
    with walled(gateway, "ann", "alpha") as ann:
        shutil.rmtree(ann.places.run)
        assert looking.end_them(known={ANN}) == 0
        assert looking.end_them(known=()) == 0
        assert looking.end_them(known=()) == 1
        assert wait_until(lambda: not is_alive(ann), 10)


def test_links_in_the_run_folder_lead_nowhere(gateway: Settings, store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    places = places_of(gateway.folder, "ann", "alpha")
    prepare_workspace(places)
    (places.hub_folder / "link").symlink_to(outside)
    make_old(places.run)
    Orphans(gateway, store).end_them(known=())
    assert not places.run.exists()
    assert (outside / "kept").exists()


def make_old(folder: Path) -> None:
    old = time.time() - 2 * orphans.OLD_SECONDS
    os.utime(folder, (old, old))
