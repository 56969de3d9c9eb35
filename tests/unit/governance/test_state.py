"""The state folder's private places, and sockets that always fit."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from governance.state import LONGEST_SOCKET_PATH, StateFolder

LONGEST = Path("w") / ("x" * 12 + "-" + "y" * 30) / "guard" / "airlock.sock"


def test_sockets_live_inside_where_they_fit() -> None:
    assert StateFolder(Path("/srv/sde")).run == Path("/srv/sde/run")


@pytest.mark.parametrize("root", ["/srv/" + "x" * 60, "/srv/State"])
def test_sockets_live_outside_where_they_would_not_work(root: str) -> None:
    run = StateFolder(Path(root)).run
    assert not run.is_relative_to(root)
    assert str(os.getuid()) in run.name
    assert run == StateFolder(Path(root)).run
    assert run != StateFolder(Path(root + "2")).run


@pytest.mark.parametrize("length", range(30, 60))
def test_the_longest_socket_always_fits(length: int) -> None:
    run = StateFolder(Path("/" + "x" * (length - 1))).run
    assert len(os.fsencode(run / LONGEST)) <= LONGEST_SOCKET_PATH


def test_a_folder_that_exists_keeps_its_mode_and_is_closed_inside(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = StateFolder(tmp_path)
    try:
        folder.create()
        folder.create()
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
        assert {stat.S_IMODE(place.stat().st_mode) for place in tmp_path.iterdir()} == {0o700}
        assert stat.S_IMODE(folder.run.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(folder.run)


def test_somebody_elses_socket_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = StateFolder(tmp_path / "State")
    (tmp_path / "theirs").mkdir()
    folder.run.symlink_to(tmp_path / "theirs")
    with pytest.raises(PermissionError, match="not a folder of this user"):
        folder.create()
