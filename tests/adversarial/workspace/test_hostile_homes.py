"""What is left in a home, against the gateway's own processes that touch homes from outside, as root where they are.

Links, pipes, sockets, depth, names and races: nothing outside the home is opened, changed, given away or waited for.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from hub.demo import remove_state
from hub.notices import Notice, clear_notice, write_notice
from hub.ownership import FIRST_UID, give_tree, prepare_home
from hub.sandbox_process import end_all_leftovers
from hub.workspace_start import prepare_workspace
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

LITTER = """
import os, socket
os.chdir("/home/researcher")
os.makedirs("litter", exist_ok=True); os.chdir("litter")
for name, target in (("passwd", "/etc/passwd"), ("outside", VICTIM), ("up", "../../../.."), ("loop", "loop")):
    os.symlink(target, name)
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
for name in ("n" * 255, "new\\nline", "\\x1b[2J", "-rf", " ", "\\udcff\\udcfe"):
    open(name, "w").close()
open("sparse", "w").truncate(2**32)
open("setuid", "w").close(); os.chmod("setuid", 0o6777)
os.mkdir("closed"); open("closed/x", "w").close(); os.chmod("closed", 0)
deep = os.open(".", os.O_RDONLY)
for _ in range(1500):
    os.mkdir("d", dir_fd=deep)
    below = os.open("d", os.O_RDONLY, dir_fd=deep)
    os.close(deep); deep = below
os.close(deep)
"""


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    folder = tmp_path / "victim"
    folder.mkdir(mode=0o700)
    (folder / "file").write_text("kept")
    (folder / "file").chmod(0o600)
    return folder


@pytest.fixture
def littered(settings: Settings, victim: Path) -> Iterator[Walled]:
    settings.folder.create()
    with walled(settings, "litterer", "gi-bleed") as room:
        room.run(LITTER.replace("VICTIM", repr(str(victim))))
        yield room


def facts(folder: Path) -> list[tuple[int, int, int]]:
    return [(s.st_uid, s.st_gid, s.st_mode) for s in (folder.stat(), (folder / "file").stat())]


def test_a_littered_home_is_prepared_again(littered: Walled, victim: Path) -> None:
    before, passwd = facts(victim), Path("/etc/passwd").stat().st_uid
    began = time.monotonic()
    prepare_home(littered.places.home)
    assert (facts(victim), Path("/etc/passwd").stat().st_uid) == (before, passwd)
    assert time.monotonic() - began < 20


def test_a_littered_home_is_given_away_without_following_anything(littered: Walled, victim: Path) -> None:
    """As for a home that comes from a backup, or from a gateway that was not root."""
    before = facts(victim)
    give_tree(littered.places.home, littered.prepared.uid if os.geteuid() == 0 else os.geteuid())
    assert facts(victim) == before
    assert Path("/etc/passwd").stat().st_uid == 0
    deep = littered.places.home / "litter" / "/".join(["d"] * 900)
    assert deep.lstat().st_uid == littered.prepared.uid


def test_giving_away_is_not_led_elsewhere_by_a_folder_that_becomes_a_link(tmp_path: Path, victim: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("nothing is given away")
    home = tmp_path / "home"
    home.mkdir()
    for number in range(300):
        (home / f"f{number}").mkdir()
        (home / f"f{number}" / "file").touch()
    before, done = facts(victim), threading.Event()

    def swap() -> None:
        while not done.is_set():
            for number in range(300):
                with_link = home / f"f{number}"
                if with_link.is_symlink():
                    with_link.unlink()
                    (home / f"m{number}").rename(with_link)
                else:
                    with_link.rename(home / f"m{number}")
                    with_link.symlink_to(victim)

    racing = threading.Thread(target=swap)
    racing.start()
    try:
        for _ in range(20):
            with contextlib.suppress(Refusal):  # of what is away at the moment
                give_tree(home, FIRST_UID)
    finally:
        done.set()
        racing.join()
    assert facts(victim) == before


def test_a_running_workspace_is_ended_before_its_home_is_touched(settings: Settings) -> None:
    """The home of one that a killed gateway left could change under our hands otherwise."""
    settings.folder.create()
    with walled(settings, "orphan", "gi-bleed") as room:
        seen = []
        real = os.chown

        def watching(*arguments: object, **options: object) -> None:
            seen.append(room.started.sandbox.is_running)
            real(*arguments, **options)  # type: ignore[arg-type]

        if os.geteuid() == 0:
            os.chown(room.places.home, 0, 0)
        os.chown = watching  # type: ignore[assignment]
        try:
            prepare_workspace(room.places)
        finally:
            os.chown = real
        assert not any(seen)


def test_the_demonstration_is_removed_with_all_that_lies_in_it(littered: Walled, victim: Path) -> None:
    """Also while something still runs that would race: what was left running is ended first."""
    settings = Settings(state=littered.places.state.root)
    before = facts(victim)
    end_all_leftovers(settings.folder.run)
    remove_state(settings)
    assert not littered.places.home.exists()
    assert not littered.started.sandbox.is_running
    assert facts(victim) == before
    assert stat.S_IMODE(Path("/etc").stat().st_mode) == 0o755


def test_a_notice_is_written_without_following_what_lies_there(settings: Settings, victim: Path) -> None:
    settings.folder.create()
    with walled(settings, "noticed", "gi-bleed") as room:
        target = room.places.hub_folder / "notices.json"
        target.symlink_to(victim / "file")
        notice = Notice(id="x", kind="idle", tone="info", text="t")
        write_notice(room.places, notice)
        assert (victim / "file").read_text() == "kept"
        target.unlink(missing_ok=True)
        os.mkfifo(target)
        write_notice(room.places, notice)
        clear_notice(room.places, "x")
        assert "error" in room.attempt("open('/run/hub/notices.json', 'w')")


@pytest.fixture(autouse=True)
def _tidy(settings: Settings) -> Iterator[None]:
    """pytest's own cleaning walks no deeper than Python's stack: a program without one does it."""
    yield
    subprocess.run(["rm", "-rf", "--", settings.folder.root], check=True)
