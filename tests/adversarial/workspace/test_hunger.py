"""Attacks on the machine's memory and processes from inside a workspace, and on the end of a workspace."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from governance.settings import Settings
from hub.housekeeping.log_size import LogSize
from hub.limits import Level, find_groups
from hub.names import places_of
from hub.processes import Process, wait_until
from hub.sandbox import PYTHON
from hub.sandbox_process import Streams
from hub.supervisor.logs import LARGEST_BYTES, open_log
from hub.workspace_start import end_workspace, prepare_workspace, start_workspace
from tests.adversarial.workspace.conftest import MEMORY
from tests.support.walled import Walled, walled

pytestmark = pytest.mark.slow

PAGE = os.sysconf("SC_PAGE_SIZE")
DOUBLE_FORK = """
import os, signal, time
def daemon(work):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_IGN)
            work()
        os._exit(0)
"""


def socket_pages(kind: str) -> int:
    """Pages of memory that data waiting in this process's network's sockets hold: one count for the whole machine."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        words = line.split()
        if words[0] == f"{kind}:":
            return int(words[words.index("mem") + 1])
    return 0


class TestMemory:
    @pytest.fixture(autouse=True)
    def _counted(self) -> None:
        if find_groups(delegate=False).level is Level.PROCESS:
            pytest.skip("no cgroup can be made here, as `sde doctor` says")

    def test_data_waiting_in_datagram_sockets_is_bounded(self, inside: Walled) -> None:
        code = """
import socket
keep = []
for _ in range(3000):
    r = socket.socket(2, 2); r.bind(("127.0.0.1", 0)); r.setblocking(False)
    s = socket.socket(2, 2); s.setblocking(False); s.connect(r.getsockname())
    try:
        for _ in range(50):
            s.send(b"x" * 60000)
    except OSError:
        pass
    s.close()
    keep.append(r)
"""
        before = socket_pages("UDP")
        inside.attempt(code + "result = 1")
        text = inside.run("result = open('/proc/net/sockstat').read()")
        held = int(text.split("UDP:")[1].split("mem ")[1].split()[0]) - before
        inside.run("import gc; gc.collect(); result = 1")
        assert held * PAGE < MEMORY // 2

    def test_data_waiting_in_connections_is_bounded(self, inside: Walled) -> None:
        """The kernel lets each connection have a little even when the share is used up, so this is looser."""
        code = """
import socket
keep = []
try:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(1500):
            a = socket.create_connection(server.getsockname()); b, _ = server.accept(); a.setblocking(False)
            keep += [a, b]
            try:
                while True:
                    a.send(b"x" * 262144)
            except BlockingIOError:
                pass
except OSError:
    pass
result = int(open('/proc/net/sockstat').read().split("TCP:")[1].split("mem ")[1].split()[0])
"""
        before = socket_pages("TCP")
        assert (inside.run(code) - before) * PAGE < MEMORY // 2

    @pytest.mark.parametrize(
        "hoard",
        [
            "a, b = socket.socketpair(); a.setblocking(False); keep += [a, b]; fill(lambda: a.send(b'x' * 65536))",
            "r, w = os.pipe(); os.set_blocking(w, False); keep += [r, w]; fill(lambda: os.write(w, b'x' * 65536))",
        ],
        ids=["unix sockets", "pipes"],
    )
    def test_what_waits_elsewhere_is_the_workspaces_own_memory(self, host: Settings, hoard: str) -> None:
        """In processes of its own, as many as it likes: either the kernel ends some of it, or it comes to an end."""
        code = f"""
import os, socket, time
keep = []
def fill(step):
    try:
        while True:
            step()
    except OSError:
        pass
children = []
for _ in range(12):
    pid = os.fork()
    if pid == 0:
        try:
            for _ in range(2000):
                {hoard}
        except OSError:
            pass
        time.sleep(60)
    children.append(pid)
time.sleep(3)
"""
        with walled(host, "hungry", "gi-bleed") as hungry:
            group = hungry.started.group
            assert group is not None
            before = _available()
            try:
                hungry.run(code)
            except (AssertionError, BrokenPipeError):
                return  # ended by the kernel
            assert before - _available() < 2 * MEMORY

    def test_a_storm_of_processes_leaves_the_machine_its_numbers(self, host: Settings) -> None:
        storm = DOUBLE_FORK + "def work():\n    while True:\n        try:\n            daemon(work)\n"
        storm += "        except OSError:\n            time.sleep(0.01)\ndaemon(work)\nresult = 1"
        with walled(host, "storm", "gi-bleed") as hungry:
            hungry.run(storm)
            wait_until(lambda: _count(hungry) > 50, 10)
            assert _count(hungry) <= host.workspace_processes
            subprocess.run(["true"], check=True)
            first = hungry.started.sandbox.first
        assert not first.is_alive
        assert _count(hungry) == 0


class TestLog:
    def test_a_log_that_is_written_without_end_is_cut_while_it_is_written(self, host: Settings) -> None:
        """Also by a writer that no longer adds at the end, but writes far behind it."""
        places = places_of(host.folder, "writer", "gi-bleed")
        duty = LogSize(host)
        code = "import fcntl, os\nfcntl.fcntl(1, fcntl.F_SETFL, 0)\nos.lseek(1, 2**32, 0)\n"
        code += "while True: os.write(1, b'spam ' * 20000 + b'\\n')"
        with open_log(places.log) as log:
            started = start_workspace(
                host, prepare_workspace(places), command=(PYTHON, "-c", code), variables={}, streams=Streams(stdout=log)
            )
        try:
            assert wait_until(lambda: _bytes_on_disk(places.log) > LARGEST_BYTES, 30)
            asyncio.run(duty.look_at_them())
            end_workspace(started, grace=0)
            asyncio.run(duty.look_at_them())
            assert places.log.stat().st_size < LARGEST_BYTES
            assert "dropped" in places.log.read_text(errors="replace")
        finally:
            end_workspace(started, grace=0)


class TestEnding:
    def test_nothing_outlives_the_end_however_it_hides(self, host: Settings) -> None:
        """Daemons in sessions of their own, deaf to signals, stopped, and one that starts others without a pause."""
        with walled(host, "undying", "gi-bleed") as room:
            room.run(
                DOUBLE_FORK
                + """
daemon(lambda: time.sleep(3600))
daemon(lambda: os.kill(os.getpid(), signal.SIGSTOP))
def chain():
    while True:
        if os.fork():
            os._exit(0)
daemon(chain)
result = 1
"""
            )
            first = room.started.sandbox.first
            inside = {child.pid for child in _descendants(first.pid)}
            assert inside
            end_workspace(room.started, grace=0.2)
            assert not first.is_alive
            assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in inside), 10)
            group = room.started.group
            assert group is None or wait_until(lambda: not any(f.exists() and _members(f) for f in group.folders), 10)

    def test_the_first_process_cannot_be_stopped_or_ended_from_inside(self, inside: Walled) -> None:
        inside.run("import os, signal\nfor n in (9, 19, 15, 1, 2, 20): os.kill(1, n)\nresult = 1")
        assert inside.run("result = open('/proc/1/stat').read().split()[2]") in ("S", "R")

    def test_the_lock_that_shows_it_can_neither_be_opened_nor_given_up(self, inside: Walled) -> None:
        if os.geteuid() != 0:
            pytest.skip("the lock file is the gateway's own user's, who is the workspace's too")
        code = """
import os
result = []
for name in os.listdir("/proc/1/fd"):
    for mode in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.open(f"/proc/1/fd/{name}", mode | os.O_NONBLOCK)
            result.append(os.readlink(f"/proc/1/fd/{name}"))
        except OSError:
            pass
"""
        assert [path for path in inside.run(code) if "lock" in path] == []


def _bytes_on_disk(file: Path) -> int:
    return file.stat().st_blocks * 512


def _available() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def _descendants(pid: int) -> list[Process]:
    process = Process.of(pid)
    if process is None:
        return []
    children = process.children()
    return [*children, *(found for child in children for found in _descendants(child.pid))]


def _count(room: Walled) -> int:
    group = room.started.group
    return max((len(_members(folder).split()) for folder in group.folders), default=0) if group else 0


def _members(folder: Path) -> str:
    """Numbers of the processes in a group; nothing if it has been removed."""
    try:
        return (folder / "cgroup.procs").read_text()
    except OSError:
        return ""
