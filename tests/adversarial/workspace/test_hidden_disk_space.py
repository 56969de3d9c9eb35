"""Attacks on the disk quota: files where no walk and no list of open files finds them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.settings import Settings, load_settings
from hub.disk import DiskWatch, Level
from hub.workspace_start import watched
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

QUOTA = 32 * 2**20
WRITE = """
import builtins, os, socket
builtins.held = []
def write(fd, mebibytes):
    for _ in range(mebibytes):
        os.write(fd, os.urandom(2**20))
"""
DEEP = """
os.chdir("/home/researcher")
for _ in range(80):
    os.mkdir("d"); os.chdir("d")
for number in range(48):
    fd = os.open(str(number), os.O_CREAT | os.O_WRONLY)
    write(fd, 1)
    os.close(fd)
os.chdir("/")
"""
IN_FLIGHT = """
a, b = socket.socketpair()
builtins.held += [a, b]
for number in range(8):
    fd = os.open("/home/researcher", os.O_TMPFILE | os.O_RDWR, 0o600)
    write(fd, 6)
    socket.send_fds(a, [b"x"], [fd])
    os.close(fd)
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings(
        state=tmp_path_factory.mktemp("hidden") / "state", workspace_home_bytes=QUOTA, workspace_shared_bytes=QUOTA
    )
    loaded.folder.create()
    return loaded


@pytest.fixture(params=["deep", "in flight"])
def hider(request: pytest.FixtureRequest, gateway: Settings) -> Iterator[tuple[Walled, str]]:
    with walled(gateway, f"hider-{request.param}", "alpha") as room:
        yield room, {"deep": DEEP, "in flight": IN_FLIGHT}[request.param]


def test_who_fills_the_disk_where_nothing_can_be_counted_is_ended(gateway: Settings, hider: tuple[Walled, str]) -> None:
    room, code = hider
    if "send_fds" in code and not kernel_tells_of_descriptors_in_flight():
        pytest.skip("this kernel does not tell of descriptors in flight")
    watch = DiskWatch(gateway)
    one = watched(gateway, room.places, room.prepared.uid, room.started)
    assert not watch.look(one).must_end
    room.run(WRITE + code)
    readings = [watch.look(one), watch.look(one)]
    assert readings[-1].must_end


def test_descriptors_on_their_way_are_no_offence_by_themselves(gateway: Settings) -> None:
    with walled(gateway, "sender", "alpha") as room:
        watch = DiskWatch(gateway)
        one = watched(gateway, room.places, room.prepared.uid, room.started)
        watch.look(one)
        room.run("import builtins, socket\nbuiltins.held = a, b = socket.socketpair()\nsocket.send_fds(a, [b'x'], [0])")
        watch.look(one)
        reading = watch.look(one)
        assert (reading.level, reading.braked) == (Level.FINE, False)


def kernel_tells_of_descriptors_in_flight() -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return "scm_fds" in Path(f"/proc/self/fdinfo/{one.fileno()}").read_text()
