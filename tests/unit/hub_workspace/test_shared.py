"""The shared folder of a project on the host: made once, its group number kept, nothing followed."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from governance.state import StateFolder
from hub import shared
from hub.names import WorkspacePlaces, places_of
from hub.ownership import LAST_UID
from hub.shared import FIRST_GROUP, LAST_GROUP, link_shared, prepare_shared

AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path)


def places(state: StateFolder, project: str, subject: str = "ann") -> WorkspacePlaces:
    return places_of(state, subject, project)


def test_groups_and_users_never_meet() -> None:
    assert LAST_UID < FIRST_GROUP < LAST_GROUP < 2_147_352_576  # where systemd's unused range ends


@root_only
def test_a_project_gets_a_number_and_keeps_it(state: StateFolder) -> None:
    first = prepare_shared(places(state, "alpha"))
    assert prepare_shared(places(state, "beta")) == first + 1
    assert prepare_shared(places(state, "alpha", "ben")) == first == FIRST_GROUP


@root_only
def test_numbers_run_out_with_a_refusal(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "LAST_GROUP", FIRST_GROUP)
    prepare_shared(places(state, "alpha"))
    with pytest.raises(Exception, match="no-user-number"):
        prepare_shared(places(state, "beta"))


@root_only
def test_a_folder_from_elsewhere_is_given_its_number_and_no_link_is_followed(state: StateFolder) -> None:
    outside = state.root / "outside"
    outside.write_text("root's")
    files = places(state, "alpha").shared_files
    files.mkdir(parents=True)
    (files / "old").write_text("x")
    (files / "link").symlink_to(outside)
    gid = prepare_shared(places(state, "alpha"))
    assert {(files / name).lstat().st_gid for name in ("old", "link")} == {gid}
    assert outside.stat().st_gid == 0


def test_git_takes_the_repository_for_one(state: StateFolder) -> None:
    held = places(state, "alpha")
    prepare_shared(held)
    told = subprocess.run(
        ["git", "-c", f"safe.directory={held.repository}", "-C", held.repository, "rev-parse", "--is-bare-repository"],
        capture_output=True,
    )
    assert told.stdout == b"true\n", told.stderr
    assert not stat.S_IMODE(held.repository.stat().st_mode) & 0o027


def test_half_a_repository_is_finished_later(state: StateFolder) -> None:
    held = places(state, "alpha")
    (held.shared / "project.new" / "objects").mkdir(parents=True)
    prepare_shared(held)
    assert (held.repository / "refs" / "heads").is_dir()
    assert not (held.shared / "project.new").exists()


def test_a_name_in_the_home_stays_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    link_shared(tmp_path)
    assert not (tmp_path / "shared").is_symlink()


def test_both_folders_are_linked_in_the_home(tmp_path: Path) -> None:
    link_shared(tmp_path)
    links = {path.name: str(path.readlink()) for path in tmp_path.iterdir()}
    assert links == {"shared": "/home/shared", "imports": "/home/imports"}


def test_a_projects_imports_are_one_folder_that_stays(tmp_path: Path) -> None:
    """A running workspace has it mounted: what replaces it would never be seen there."""
    state = StateFolder(tmp_path)
    folder = state.imports_of("alpha")
    number = folder.stat().st_ino
    assert (state.imports_of("alpha").stat().st_ino, folder.stat().st_mode & 0o777) == (number, 0o755)
    assert state.imports.stat().st_mode & 0o777 == 0o700
