"""The filter's every instruction, run by a small interpreter of classic BPF, for both machines."""

from __future__ import annotations

import errno
import re
import socket
import struct
from pathlib import Path

import pytest

from governance.confinement import seccomp, syscalls
from governance.confinement.seccomp import ALLOW, ARCHITECTURES, KILL, NO_SOCKETS, REFUSE_WITH, build_filter
from governance.confinement.syscalls import CLONE, CLONE3, IOCTL, LAST_CALL, REFUSED, SOCKET, SOCKETPAIR
from governance.refusal import Refusal

MACHINES = ("x86_64", "aarch64")
EPERM, ENOSYS = REFUSE_WITH | errno.EPERM, REFUSE_WITH | errno.ENOSYS
NO_FAMILY, NO_PROTOCOL = REFUSE_WITH | errno.EAFNOSUPPORT, REFUSE_WITH | errno.EPROTONOSUPPORT
HEADERS = {
    "x86_64": (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), r"#define __NR_(\w+)\s+(\d+)"),
    "aarch64": (Path("/usr/include/asm-generic/unistd.h"), r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
}


def judge(program: bytes, machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the kernel would answer to this call: one pass of the classic BPF machine."""
    words = [argument & (2**64 - 1) for argument in (*arguments, *([0] * (6 - len(arguments))))]
    known = ARCHITECTURES[machine] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, known, 0, *words)
    instructions = list(struct.iter_unpack("<HBBI", program))
    accumulator = at = 0
    for _ in range(len(instructions)):
        code, if_true, if_false, value = instructions[at]
        if code == seccomp.RETURN:
            return int(value)
        if code == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, value)
            at += 1
            continue
        taken = {
            seccomp.JUMP_EQUAL: accumulator == value,
            seccomp.JUMP_AT_LEAST: accumulator >= value,
            seccomp.JUMP_ANY_BIT: bool(accumulator & value),
        }[code]
        at += 1 + (if_true if taken else if_false)
    raise AssertionError("the filter does not end")


def number_of(numbers: syscalls.Numbers, machine: str) -> int | None:
    return {"x86_64": numbers.x86_64, "aarch64": numbers.aarch64}[machine]


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def program(machine: str) -> bytes:
    return build_filter(machine)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_each_dangerous_call_is_refused(machine: str, program: bytes, name: str) -> None:
    number = number_of(REFUSED[name], machine)
    if number is not None:
        assert judge(program, machine, number) == EPERM


def test_every_other_number_up_to_the_last_passes_and_none_after_it(machine: str, program: bytes) -> None:
    special = {number_of(numbers, machine) for numbers in (*REFUSED.values(), SOCKET, SOCKETPAIR, CLONE3)}
    for number in range(1000):
        if number not in special:
            assert judge(program, machine, number) == (ALLOW if number <= LAST_CALL else ENOSYS), number


def test_no_refused_call_lies_above_the_last(machine: str) -> None:
    assert max(number_of(numbers, machine) or 0 for numbers in REFUSED.values()) <= LAST_CALL


def test_the_last_call_is_not_older_than_what_programs_of_this_machine_know(machine: str) -> None:
    """Or a program built here could miss a call that it counts on. The C library asks before it uses a new one."""
    header, pattern = HEADERS[machine]
    if not header.is_file():
        pytest.skip("the kernel's headers are not installed")
    numbers = {int(number) for name, number in re.findall(pattern, header.read_text()) if name != "syscalls"}
    assert len([number for number in numbers if number > LAST_CALL]) < 20
    assert {0, 29 if machine == "aarch64" else 16} <= numbers


@pytest.mark.parametrize("call", [SOCKET, SOCKETPAIR])
@pytest.mark.parametrize("family", range(64))
def test_only_four_families_of_sockets_can_be_opened(
    machine: str, program: bytes, call: syscalls.Numbers, family: int
) -> None:
    number = number_of(call, machine)
    assert number is not None
    allowed = family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
    assert judge(program, machine, number, family, 1, 0) == (ALLOW if allowed else NO_FAMILY)


def test_the_high_half_of_a_family_is_ignored_as_the_kernel_does(machine: str, program: bytes) -> None:
    number = number_of(SOCKET, machine)
    assert number is not None
    assert judge(program, machine, number, socket.AF_VSOCK | 1 << 32) == NO_FAMILY
    assert judge(program, machine, number, socket.AF_UNIX | 1 << 32) == ALLOW


@pytest.mark.parametrize("protocol", range(1, 24))
def test_netlink_is_for_routes_only(machine: str, program: bytes, protocol: int) -> None:
    number = number_of(SOCKET, machine)
    assert number is not None
    assert judge(program, machine, number, socket.AF_NETLINK, 3, 0) == ALLOW
    assert judge(program, machine, number, socket.AF_NETLINK, 3, protocol) == NO_PROTOCOL


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("protocol", range(300))
def test_of_the_internet_there_are_tcp_and_udp(machine: str, program: bytes, family: int, protocol: int) -> None:
    number = number_of(SOCKET, machine)
    assert number is not None
    for kind in (1, 2, 1 | 0o2004000):
        expected = ALLOW if protocol in (0, 6, 17) else NO_PROTOCOL
        assert judge(program, machine, number, family, kind, protocol) == expected
    for kind in (4, 5, 6, 10, 5 | 0o2004000, 6 | 1 << 32):
        assert judge(program, machine, number, family, kind, protocol) == NO_PROTOCOL


def test_no_sockets_means_none(machine: str) -> None:
    program, number = build_filter(machine, NO_SOCKETS), number_of(SOCKET, machine)
    assert number is not None
    assert {judge(program, machine, number, family) for family in range(64)} == {NO_FAMILY}


@pytest.mark.parametrize("bit", range(32))
def test_clone_makes_threads_and_processes_but_no_namespace(machine: str, program: bytes, bit: int) -> None:
    number, new = number_of(CLONE, machine), {17, 25, 26, 27, 28, 29, 30}
    assert number is not None
    assert judge(program, machine, number, 1 << bit) == (EPERM if bit in new else ALLOW)
    assert judge(program, machine, number, 0x3D0F00) == ALLOW  # what a thread asks for
    assert judge(program, machine, number, 0x1200011) == ALLOW  # what fork asks for


def test_clone3_is_unknown(machine: str, program: bytes) -> None:
    assert judge(program, machine, 435) == ENOSYS


def test_terminals_take_no_planted_input(machine: str, program: bytes) -> None:
    number = number_of(IOCTL, machine)
    assert number is not None
    for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
        assert judge(program, machine, number, 0, request) == EPERM
    for request in (0x5401, 0x5413, 0x541B):
        assert judge(program, machine, number, 0, request) == ALLOW


@pytest.mark.parametrize("number", [0x40000000, 0x40000000 + 39, 0x40000000 + 321, 0xFFFFFFFF])
def test_x32_numbers_are_unknown(machine: str, program: bytes, number: int) -> None:
    assert judge(program, machine, number) == ENOSYS


def test_calls_of_another_machine_are_deadly(machine: str, program: bytes) -> None:
    for architecture in {0x40000003, 0x40000028, 0xC000003E, 0xC00000B7, 0} - {ARCHITECTURES[machine]}:
        for number in (0, 1, 20, 39, 321):
            assert judge(program, machine, number, architecture=architecture) == KILL


def test_the_filter_is_short_and_its_jumps_fit(program: bytes) -> None:
    assert len(program) % 8 == 0
    assert len(program) // 8 < 120
    assert all(code in (0x20, 0x15, 0x35, 0x45, 0x06) for code, _, _, _ in struct.iter_unpack("<HBBI", program))


def test_numbers_agree_with_the_kernels_headers(machine: str) -> None:
    header, pattern = HEADERS[machine]
    if not header.is_file():
        pytest.skip("the kernel's headers are not installed")
    known = {name: int(number) for name, number in re.findall(pattern, header.read_text())}
    calls = {**REFUSED, "socket": SOCKET, "socketpair": SOCKETPAIR, "clone": CLONE, "clone3": CLONE3, "ioctl": IOCTL}
    for name, numbers in calls.items():
        if name in known:  # headers may be older than a call
            assert number_of(numbers, machine) == known[name], name


def test_other_machines_have_no_filter_and_no_sandbox() -> None:
    with pytest.raises(Refusal) as caught:
        build_filter("riscv64")
    assert caught.value.code == "no-seccomp"


def test_both_names_of_a_machine_are_known() -> None:
    assert build_filter("arm64") == build_filter("aarch64")
    assert build_filter("amd64") == build_filter("x86_64")
