"""Attacks on the kernel from inside a workspace: every socket, every system call number, what /proc tells, and the
limits that the kernel keeps once for the whole machine."""

from __future__ import annotations

import errno
import os
import platform
from pathlib import Path

import pytest

from governance.confinement.syscalls import LAST_CALL, REFUSED
from tests.support.attack_code import SYSCALL
from tests.support.walled import Walled

pytestmark = pytest.mark.slow

#: The project's shared folder and what its repository lets members add to.
SHARED = ("/home/shared", "/home/project.git/objects", "/home/project.git/refs")
X86 = platform.machine() == "x86_64"


class TestSockets:
    def test_of_all_sockets_there_are_only_these_can_be_made(self, inside: Walled) -> None:
        """Families 0-46, every kind, every protocol that the kernel has a name for: TCP, UDP, unix, routes."""
        code = """
import socket
result = {}
protocols = [*range(0, 20), 33, 47, 50, 51, 58, 94, 103, 108, 115, 132, 136, 137, 143, 255, 256, 262]
for family in range(0, 47):
    for kind in range(0, 11):
        for protocol in protocols:
            try:
                socket.socket(family, kind, protocol).close()
            except OSError:
                continue
            result.setdefault(f"{family}/{kind}", []).append(protocol)
"""
        internet = {"2/1": [0, 6], "2/2": [0, 17], "10/1": [0, 6], "10/2": [0, 17]}
        unix = {f"1/{kind}": [0, 1] for kind in (1, 2, 3, 5)}
        found = inside.run(code)
        assert {name: found[name] for name in found if name.startswith("1/")} == unix
        assert {name: found[name] for name in found if name[:2] in ("2/", "10")} == internet
        assert set(found) <= {*unix, *internet, "16/2", "16/3"}
        assert found["16/2"] == found["16/3"] == [0]

    def test_the_high_bits_of_a_kind_hide_no_other_one(self, inside: Walled) -> None:
        for kind in (5, 5 | 0o2000000, 5 | 0o4000, 6, 10 | 0o2000000):  # SOCK_CLOEXEC, SOCK_NONBLOCK
            number = 41 if X86 else 198
            code = SYSCALL + f"result = call({number}, 2, {kind}, 0)"
            assert inside.run(code) == [-1, errno.EPROTONOSUPPORT]

    def test_an_upper_protocol_cannot_be_loaded_into_a_tcp_connection(self, inside: Walled) -> None:
        code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
    result = []
    for name in (b"smc", b"espintcp", b"mptcp", b"nvme"):
        try:
            client.setsockopt(socket.IPPROTO_TCP, 31, name)  # TCP_ULP
        except OSError as error:
            result.append(error.errno)
"""
        assert len(inside.run(code)) == 4

    def test_multicast_and_broadcast_do_not_leave(self, inside: Walled) -> None:
        for address in ("224.0.0.251", "255.255.255.255", "239.255.255.250"):
            code = f"""
import socket
s = socket.socket(2, 2)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"x", ({address!r}, 5353))
"""
            assert inside.attempt(code)["errno"] == errno.ENETUNREACH

    def test_ipv6_link_local_does_not_leave(self, inside: Walled) -> None:
        code = "import socket; socket.socket(10, 2).sendto(b'x', ('fe80::1', 53, 0, 1))"
        assert inside.attempt(code)["errno"] in (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EINVAL)

    def test_no_interface_can_be_made_or_brought_up(self, inside: Walled) -> None:
        done = inside.run(
            "import subprocess; result = [subprocess.run(['ip', 'link', 'add', 'x', 'type', k], capture_output=True)"
            ".returncode for k in ('dummy', 'veth', 'vcan', 'wireguard')] if __import__('shutil').which('ip') else [2]"
        )
        assert all(done)

    def test_names_are_looked_for_in_files_only(self, inside: Walled) -> None:
        code = """
import os
result = [p for p in ("/etc/resolv.conf", "/run/systemd/resolve", "/var/run/nscd/socket", "/run/nscd/socket",
                      "/var/lib/sss", "/run/dbus", "/run/avahi-daemon", "/tmp/.X11-unix") if os.path.lexists(p)]
"""
        assert inside.run(code) == []
        assert "hosts: files" in " ".join(inside.run("result = open('/etc/nsswitch.conf').read()").split())


class TestSystemCalls:
    def test_every_call_newer_than_the_list_does_not_exist(self, inside: Walled) -> None:
        code = SYSCALL + f"result = [n for n in range({LAST_CALL + 1}, 2000) if call(n) != [-1, {errno.ENOSYS}]]"
        assert inside.run(code) == []

    @pytest.mark.skipif(not X86, reason="numbers of x86_64")
    def test_no_call_that_was_refused_passes_with_other_arguments(self, inside: Walled) -> None:
        numbers = [numbers.x86_64 for numbers in REFUSED.values() if numbers.x86_64 is not None]
        code = SYSCALL + f"result = [n for n in {numbers} if call(n, -1, 1, 2, 3, 4, 5) != [-1, {errno.EPERM}]]"
        assert inside.run(code) == []

    def test_memory_of_other_processes_can_be_read_but_not_written(self, inside: Walled) -> None:
        """All processes inside are one person's; writing into them is refused, so a cell cannot become the server."""
        code = """
import os
result = []
for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
    for mode in (os.O_WRONLY, os.O_RDWR):
        try:
            os.open(f"/proc/{pid}/mem", mode)
            result.append(pid)
        except OSError as error:
            assert error.errno in (30, 13), error
"""
        assert inside.run(code) == []

    def test_priority_over_others_cannot_be_taken(self, inside: Walled) -> None:
        code = SYSCALL + f"result = call({251 if X86 else 30}, 1, 0, 1 << 13)"  # ioprio_set, real time
        assert inside.run(code) == [-1, errno.EPERM]
        for policy in ("SCHED_FIFO", "SCHED_RR"):
            answer = inside.attempt(f"import os; os.sched_setscheduler(0, os.{policy}, os.sched_param(1))")
            assert answer["errno"] == errno.EPERM

    def test_no_file_can_be_made_immutable_or_a_device(self, inside: Walled) -> None:
        code = """
import os, stat
result = []
for kind in (stat.S_IFCHR, stat.S_IFBLK):
    try:
        os.mknod("/home/researcher/device", 0o666 | kind, os.makedev(1, 1))
        result.append(kind)
    except PermissionError:
        pass
import fcntl, struct
with open("/home/researcher/held", "w") as held:
    try:
        fcntl.ioctl(held, 0x40086602, struct.pack("l", 0x10))  # FS_IOC_SETFLAGS, immutable
        result.append("immutable")
    except OSError:
        pass
try:
    os.setxattr("/home/researcher/held", "security.capability", bytes.fromhex("01000002" "00040000" + "0" * 24))
    result.append("capability")
except OSError:
    pass
"""
        assert inside.run(code) == []

    def test_programs_that_change_the_user_change_nothing(self, inside: Walled) -> None:
        code = """
import os, shutil, subprocess
shutil.copy("/usr/bin/id", "/home/researcher/id")
os.chmod("/home/researcher/id", 0o6755)
one = subprocess.run(["/home/researcher/id", "-u"], capture_output=True, text=True).stdout.strip()
two = subprocess.run(["su", "-c", "id -u"], capture_output=True, text=True, stdin=subprocess.DEVNULL).returncode
result = [one, two != 0]
"""
        assert inside.run(code) == ["1000", True]


class TestMachine:
    """What the kernel counts once for the whole machine, or tells to everybody."""

    def test_the_contexts_of_kernel_aio_cannot_be_taken(self, inside: Walled) -> None:
        code = SYSCALL + f"result = call({206 if X86 else 0}, 60000, ctypes.byref(ctypes.c_ulong(0)))"
        assert inside.run(code) == [-1, errno.EPERM]

    def test_proc_says_nothing_of_the_machines_devices_and_start(self, inside: Walled) -> None:
        allowed = {
            *("cgroups", "cpuinfo", "filesystems", "loadavg", "meminfo", "mounts", "net", "stat", "swaps", "sys"),
            *("sysvipc", "uptime", "version", "vmstat", "self", "thread-self", "dynamic_debug"),
        }
        code = """
import os
result = []
for name in os.listdir("/proc"):
    path = "/proc/" + name
    if name.isdigit():
        continue
    try:
        if os.path.isdir(path) and not os.listdir(path):
            continue
        if not os.path.isdir(path):
            open(path, "rb").close()
    except OSError:
        continue
    result.append(name)
"""
        assert set(inside.run(code)) <= allowed

    def test_addresses_of_the_kernel_are_not_told(self, inside: Walled) -> None:
        for file in ("/proc/kallsyms", "/proc/modules", "/proc/iomem", "/proc/kcore", "/proc/self/stack"):
            assert "error" in inside.attempt(f"result = open({file!r}).read(1)"), file

    def test_the_hosts_own_command_line_is_not_told(self, inside: Walled) -> None:
        assert "error" in inside.attempt("result = open('/proc/cmdline').read()")

    def test_a_process_opens_only_so_many_files(self, inside: Walled) -> None:
        code = "import resource as r; result = r.getrlimit(r.RLIMIT_NOFILE)"
        assert inside.run(code) == [8192, 8192]

    def test_nothing_of_the_host_is_mounted_but_the_list(self, inside: Walled) -> None:
        lines = inside.run("result = open('/proc/self/mountinfo').read().splitlines()")
        kinds = {line.split(" - ")[1].split()[0] for line in lines}
        own = {_kind_of(Path("/usr")), _kind_of(inside.places.home), _kind_of(Path(__file__))}
        assert kinds <= {"tmpfs", "proc", "devtmpfs", "devpts", *own}
        writable = {line.split()[4] for line in lines if "rw" in line.split()[5].split(",")}
        devices = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "pts", "console")}
        assert writable - devices <= {"/home/researcher", "/tmp", "/run", "/dev/shm", *SHARED}


def _kind_of(path: Path) -> str:
    """The file system that holds a path of the host."""
    held, best = "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point, kind = line.split()[4], line.split(" - ")[1].split()[0]
        if os.path.commonpath([point, path.resolve()]) == point and len(point) >= len(best):
            held, best = kind, point
    return held
