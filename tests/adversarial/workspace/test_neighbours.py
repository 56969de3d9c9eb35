"""Attacks of one workspace on another of the same machine, while both run: every place where two could meet."""

from __future__ import annotations

import errno
import os

import pytest

from tests.support.walled import Walled

pytestmark = pytest.mark.slow


class TestMeeting:
    def test_a_service_on_loopback_is_its_own(self, inside: Walled, neighbour: Walled) -> None:
        for family, address in ((2, "127.0.0.1"), (10, "::1"), (2, "0.0.0.0")):
            port = neighbour.run(
                f"import socket, builtins\ns = socket.socket({family}); s.bind(({address!r}, 0)); s.listen()\n"
                "builtins.held = s\nresult = s.getsockname()[1]"
            )
            reach = "127.0.0.1" if address == "0.0.0.0" else address
            answer = inside.attempt(f"import socket\nsocket.socket({family}).connect(({reach!r}, {port}))")
            assert answer.get("errno") == errno.ECONNREFUSED

    @pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
    def test_an_abstract_socket_is_its_own(self, inside: Walled, neighbour: Walled, kind: str) -> None:
        name = f"\0meeting-{kind}"
        neighbour.run(
            f"import socket, builtins\ns = socket.socket(socket.AF_UNIX, socket.{kind}); s.bind({name!r})\n"
            f"if socket.{kind} != socket.SOCK_DGRAM: s.listen()\nbuiltins.held = s"
        )
        answer = inside.attempt(f"import socket\nsocket.socket(socket.AF_UNIX, socket.{kind}).connect({name!r})")
        assert answer["errno"] == errno.ECONNREFUSED
        assert name[1:] not in inside.run("result = open('/proc/net/unix').read()")

    def test_shared_memory_and_queues_are_its_own(self, inside: Walled, neighbour: Walled) -> None:
        make = """
import ctypes
c = ctypes.CDLL(None, use_errno=True)
rt = ctypes.CDLL("librt.so.1", use_errno=True)
result = [c.shmget(4711, 4096, FLAGS), c.semget(4711, 1, FLAGS), c.msgget(4711, FLAGS),
          rt.mq_open(b"/meeting", MODE, 0o666, None), rt.shm_open(b"/meeting", MODE, 0o666)]
"""
        made = neighbour.run(make.replace("FLAGS", "0o1666").replace("MODE", "0o102"))
        assert all(number >= 0 for number in made)
        assert inside.run(make.replace("FLAGS", "0o666").replace("MODE", "2")) == [-1] * 5

    def test_memory_folders_are_its_own(self, inside: Walled, neighbour: Walled) -> None:
        neighbour.run("[open(f'{p}/meeting', 'w').write('x') for p in ('/tmp', '/dev/shm', '/run')]")
        for folder in ("/tmp", "/dev/shm", "/run"):
            assert inside.run(f"import os; result = os.path.exists('{folder}/meeting')") is False

    def test_a_terminal_is_its_own(self, inside: Walled, neighbour: Walled) -> None:
        number = neighbour.run("import os, builtins\nbuiltins.pty = os.openpty()\nresult = os.ttyname(builtins.pty[1])")
        assert inside.run(f"import os; result = os.path.exists({number!r})") is False

    def test_processes_and_groups_of_the_neighbour_are_not_there(self, inside: Walled, neighbour: Walled) -> None:
        code = "result = open('/proc/loadavg').read().split()[4]"
        assert int(inside.run(code)) < 10_000  # numbers of its own: counted from one, not the machine's
        assert inside.run("import os; result = os.path.exists('/sys')") is False
        assert neighbour.places.name not in inside.run("result = open('/proc/self/cgroup').read()")

    def test_mounts_do_not_name_the_neighbour(self, inside: Walled, neighbour: Walled) -> None:
        text = inside.run("result = open('/proc/self/mountinfo').read()")
        assert neighbour.places.slug not in text
        if os.geteuid() == 0:
            assert str(neighbour.prepared.uid) not in text

    def test_a_signal_to_everybody_reaches_only_its_own(self, inside: Walled, neighbour: Walled) -> None:
        inside.run("import os\ntry: os.kill(-1, 0)\nexcept ProcessLookupError: pass\nresult = 1")
        inside.run("import os, signal\nif os.fork() == 0: os.setsid(); os.kill(0, signal.SIGTERM)\nresult = 1")
        assert neighbour.run("result = 'lives'") == "lives"
        assert inside.run("result = 'lives'") == "lives"

    def test_locks_and_leases_do_not_show_the_neighbours_files(self, inside: Walled, neighbour: Walled) -> None:
        neighbour.run("import fcntl, builtins\nf = open('/opt/server/serve.py'); fcntl.flock(f, 1); builtins.lock = f")
        answer = inside.attempt("result = open('/proc/locks').read()")
        assert answer.get("result", "") == ""

    def test_what_both_can_open_cannot_carry_words(self, inside: Walled, neighbour: Walled) -> None:
        """Files of the image are shared. An exclusive lock on one would be a way to talk; it is a known limit, see
        docs/explanation/isolation.md, so this test says how wide it is: locks need no right to write."""
        take = "import fcntl, builtins\nf = open('/opt/server/serve.py'); fcntl.flock(f, 6); builtins.lock = f"
        neighbour.run("import builtins; builtins.lock = None")
        neighbour.run(take)
        assert inside.attempt(take).get("errno") in (None, errno.EAGAIN)
        neighbour.run("import builtins; builtins.lock = None")
