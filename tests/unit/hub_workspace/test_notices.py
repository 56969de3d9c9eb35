"""Notices into a workspace: what is written, what replaces what, and what a hostile folder cannot do."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from governance.state import StateFolder
from hub.names import WorkspacePlaces, places_of
from hub.notices import FILE, MOST_NOTICES, Notice, clear_notice, read_notices, write_notice

IDLE = Notice("idle", "idle", "warning", "Closing soon.", "2030-01-01T00:00:00+00:00", "keep-open")
DISK = Notice("disk", "disk", "info", "Half full.")


@pytest.fixture
def places(tmp_path: Path) -> WorkspacePlaces:
    found = places_of(StateFolder(tmp_path), "researcher-a", "respiratory")
    found.hub_folder.mkdir(parents=True)
    return found


def shown(places: WorkspacePlaces) -> list[dict[str, object]]:
    return json.loads((places.hub_folder / FILE).read_text())


def test_a_notice_is_shown_replaced_and_taken_back(places: WorkspacePlaces) -> None:
    write_notice(places, IDLE)
    write_notice(places, DISK)
    write_notice(places, Notice("idle", "idle", "warning", "Closing sooner."))
    assert [(one["id"], one["text"]) for one in shown(places)] == [("disk", "Half full."), ("idle", "Closing sooner.")]
    assert set(shown(places)[0]) == {"id", "kind", "tone", "text", "until", "action"}
    clear_notice(places, "idle")
    clear_notice(places, "never-there")
    assert read_notices(places) == (DISK,)
    clear_notice(places, "disk")
    assert shown(places) == []


def test_the_file_can_be_read_inside_and_no_spare_is_left(places: WorkspacePlaces) -> None:
    write_notice(places, IDLE)
    assert (places.hub_folder / FILE).stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in places.hub_folder.iterdir()] == [FILE]


def test_many_notices_are_bounded(places: WorkspacePlaces) -> None:
    for number in range(MOST_NOTICES + 5):
        write_notice(places, Notice(f"n{number}", "disk", "info", "x"))
    assert len(shown(places)) == MOST_NOTICES


def test_two_writers_lose_nothing(places: WorkspacePlaces) -> None:
    notices = [Notice(f"n{number}", "disk", "info", "x") for number in range(MOST_NOTICES)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: write_notice(places, one), notices))
    assert {one["id"] for one in shown(places)} == {one.id for one in notices}


def test_a_workspace_that_is_gone_is_no_error(tmp_path: Path) -> None:
    gone = places_of(StateFolder(tmp_path), "researcher-a", "gone")
    write_notice(gone, IDLE)
    assert not gone.run.exists()


def test_links_of_the_workspace_are_not_followed(places: WorkspacePlaces, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("untouched")
    for name in (FILE, f".{FILE}.{os.getpid()}"):
        (places.hub_folder / name).symlink_to(secret)
    write_notice(places, IDLE)
    assert secret.read_text() == "untouched"
    assert not (places.hub_folder / FILE).is_symlink()


def test_a_folder_that_became_a_link_is_refused(places: WorkspacePlaces, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    places.hub_folder.rmdir()
    places.hub_folder.symlink_to(elsewhere)
    write_notice(places, IDLE)
    assert not any(elsewhere.iterdir())


def test_what_lies_in_the_folder_is_not_believed(places: WorkspacePlaces) -> None:
    (places.hub_folder / FILE).write_text('[{"id": "forged"}]')
    write_notice(places, DISK)
    assert [one["id"] for one in shown(places)] == ["disk"]
