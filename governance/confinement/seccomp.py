"""The seccomp filter of a confined process, assembled by hand as classic BPF for x86_64 and arm64, without libseccomp.

Promise: a process under this filter opens no socket outside the families given (AF_VSOCK, which no network namespace
holds back, above all), of the internet families only TCP and UDP, makes no namespace, and makes none of the calls in
`syscalls.REFUSED` and none that is newer than this list. A call by another machine's convention (i386, x32, 32-bit arm)
never reaches the comparisons: it is killed or unknown.
Source: the kernel's Documentation/userspace-api/seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from governance.confinement.syscalls import CLONE, CLONE3, IOCTL, LAST_CALL, REFUSED, SOCKET, SOCKETPAIR
from governance.refusal import Refusal

# struct seccomp_data { int nr; u32 arch; u64 instruction_pointer; u64 args[6]; }, little-endian on both machines.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE_WITH, KILL = 0x7FFF0000, 0x00050000, 0x80000000

X32_BIT = 0x40000000  # x86_64's other numbering: above LAST_CALL, and so unknown
#: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NEW_NAMESPACE = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
TYPING_INTO_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: putting words into the terminal we were started from
NETLINK_ROUTE = 0  # the one netlink protocol that listing interfaces needs; the others are attack surface
#: Kinds of socket with either of these bits are neither streams nor datagrams nor raw: asking for one (SCTP, DCCP) can
#: make the kernel load a module.
UNUSUAL_KIND = 0x4 | 0x8
#: "By the kind", TCP and UDP; not MPTCP, UDP-Lite, SCTP, ICMP, SMC ...
INTERNET_PROTOCOLS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)

WORKSPACE_SOCKETS = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
NO_SOCKETS: tuple[int, ...] = ()

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


@dataclass(frozen=True)
class _Instruction:
    code: int
    value: int
    if_true: str = ""  # labels; empty means the next instruction
    if_false: str = ""


_Program = list[_Instruction | str]  # a str is a label


def build_filter(machine: str = "", sockets: Iterable[int] = WORKSPACE_SOCKETS) -> bytes:
    """The filter as an array of struct sock_filter, ready for `bwrap --seccomp FD` or `install_filter`.

    Args:
        machine: "x86_64" or "aarch64" (also "arm64"); empty means this machine.
        sockets: address families that may be opened; NO_SOCKETS for a process that needs none.

    Raises:
        Refusal: `no-seccomp` for any other machine.
    """
    name = {"arm64": "aarch64", "amd64": "x86_64"}.get(machine or platform.machine(), machine or platform.machine())
    if name not in ARCHITECTURES:
        raise Refusal("no-seccomp", f"There is no system call filter for {name}.", "Use an x86_64 or arm64 machine.")
    return _assemble(_program(name, tuple(sockets)))


def _program(machine: str, sockets: tuple[int, ...]) -> _Program:
    def number(numbers: tuple[int | None, int | None]) -> int | None:
        return numbers[list(ARCHITECTURES).index(machine)]

    program: _Program = [
        _Instruction(LOAD, ARCHITECTURE),
        _Instruction(JUMP_EQUAL, ARCHITECTURES[machine], if_false="kill"),
        _Instruction(LOAD, NUMBER),
        _Instruction(JUMP_AT_LEAST, LAST_CALL + 1, if_true="unknown"),
    ]
    looked_into = ((CLONE3, "unknown"), (SOCKET, "socket"), (SOCKETPAIR, "socket"), (CLONE, "clone"), (IOCTL, "ioctl"))
    for call, label in (*looked_into, *((refused, "refuse") for refused in REFUSED.values())):
        if (held := number(call)) is not None:
            program.append(_Instruction(JUMP_EQUAL, held, if_true=label))
    program.append(_Instruction(RETURN, ALLOW))
    program += _socket_rule(sockets)
    program += ["clone", _load_argument(0), _Instruction(JUMP_ANY_BIT, NEW_NAMESPACE, "refuse", "allow")]
    program += ["ioctl", _load_argument(1)]
    program += [_Instruction(JUMP_EQUAL, request, if_true="refuse") for request in TYPING_INTO_TERMINAL]
    program += ["allow", _Instruction(RETURN, ALLOW), "refuse", _Instruction(RETURN, REFUSE_WITH | errno.EPERM)]
    # clone3 hides its flags behind a pointer: "no such call" makes the C library fall back to clone.
    program += ["unknown", _Instruction(RETURN, REFUSE_WITH | errno.ENOSYS), "kill", _Instruction(RETURN, KILL)]
    return program


def _socket_rule(sockets: tuple[int, ...]) -> _Program:
    rule: _Program = ["socket", _load_argument(0)]
    looked_into: dict[int, str] = {
        socket.AF_NETLINK: "netlink",
        socket.AF_INET: "internet",
        socket.AF_INET6: "internet",
    }
    for family in sockets:
        rule.append(_Instruction(JUMP_EQUAL, family, if_true=looked_into.get(family, "allow")))
    rule += ["no-family", _Instruction(RETURN, REFUSE_WITH | errno.EAFNOSUPPORT)]
    rule += ["internet", _load_argument(1), _Instruction(JUMP_ANY_BIT, UNUSUAL_KIND, "no-protocol"), _load_argument(2)]
    rule += [_Instruction(JUMP_EQUAL, protocol, if_true="allow") for protocol in INTERNET_PROTOCOLS]
    rule += [_Instruction(RETURN, REFUSE_WITH | errno.EPROTONOSUPPORT)]
    rule += ["netlink", _load_argument(2), _Instruction(JUMP_EQUAL, NETLINK_ROUTE, "allow", "no-protocol")]
    return [*rule, "no-protocol", _Instruction(RETURN, REFUSE_WITH | errno.EPROTONOSUPPORT)]


def _load_argument(index: int) -> _Instruction:
    """Load the low half: the kernel takes these arguments as 32-bit numbers and ignores the high half too."""
    return _Instruction(LOAD, FIRST_ARGUMENT + 8 * index)


def _assemble(program: _Program) -> bytes:
    instructions = [item for item in program if isinstance(item, _Instruction)]
    places: dict[str, int] = {}
    seen = 0
    for item in program:
        if isinstance(item, str):
            places[item] = seen
        else:
            seen += 1

    def distance(label: str, here: int) -> int:
        return places[label] - here - 1 if label else 0

    return b"".join(
        struct.pack("=HBBI", it.code, distance(it.if_true, here), distance(it.if_false, here), it.value)
        for here, it in enumerate(instructions)
    )


def filter_descriptor(program: bytes) -> int:
    """An anonymous file with the filter, rewound, for `pass_fds` and `bwrap --seccomp FD`. The caller closes it."""
    return memory_descriptor(program)


def memory_descriptor(content: bytes) -> int:
    """The same for any content that a child process shall read, e.g. `bwrap --args FD`."""
    descriptor = os.memfd_create("confinement")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def install_filter(program: bytes) -> None:
    """Put this very process (its calling thread and every later child) under the filter, for ever.

    For a child process right after fork. Raises OSError if the kernel refuses: the child must then end.
    """
    c_library = ctypes.CDLL(None, use_errno=True)
    held = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))  # struct sock_fprog
    calls = ((PR_SET_NO_NEW_PRIVS, 1, None), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header))
    for option, value, pointer in calls:
        if c_library.prctl(option, ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
