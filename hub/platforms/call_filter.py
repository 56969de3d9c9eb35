"""The workspace's system call filter as a container engine reads it: seccomp JSON, from the same list as the sandbox's.

Promise: what `governance.confinement.seccomp` refuses, this refuses, with the same error. It is laid in the place of
the engine's own profile.
Source: Docker's seccomp profile format; the operators are libseccomp's and compare all 64 bits of an argument.
"""

from __future__ import annotations

import errno
import json
from typing import Any

from governance.confinement.seccomp import (
    INTERNET_PROTOCOLS,
    NETLINK_ROUTE,
    NEW_NAMESPACE,
    TYPING_INTO_TERMINAL,
    UNUSUAL_KIND,
    WORKSPACE_SOCKETS,
)
from governance.confinement.syscalls import REFUSED

ARCHITECTURES = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")  # nothing else: i386 and x32 are not calls of these
LOW_HALF = 0xFFFFFFFF  # these arguments are 32-bit numbers to the kernel, whatever their upper half
AF_NETLINK = 16
INTERNET = (2, 10)  # AF_INET, AF_INET6
#: Calls above `governance.confinement.syscalls.LAST_CALL`, in their order. A profile names calls and cannot say "every
#: newer one", as the sandbox's filter does: what Linux adds after these an engine would let pass.
NEWER = (
    *("map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount", "listmount", "lsm_get_self_attr"),
    *("lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat", "getxattrat", "listxattrat", "removexattrat"),
    *("open_tree_attr", "file_getattr", "file_setattr", "listns"),
)


def call_filter() -> dict[str, Any]:
    """The profile, ready for JSON."""
    rules = [
        _refuse(sorted(REFUSED), errno.EPERM),
        # clone3 hides its flags behind a pointer: "no such call" makes the C library fall back to clone.
        _refuse(["clone3", *NEWER], errno.ENOSYS),
        *(_refuse(["clone"], errno.EPERM, _masked(0, bit, bit)) for bit in _bits(NEW_NAMESPACE)),
        *(_refuse(["ioctl"], errno.EPERM, _masked(1, LOW_HALF, request)) for request in TYPING_INTO_TERMINAL),
        *_socket_rules(),
    ]
    return {"defaultAction": "SCMP_ACT_ALLOW", "architectures": list(ARCHITECTURES), "syscalls": rules}


def call_filter_text() -> str:
    """The same as one line."""
    return json.dumps(call_filter(), separators=(",", ":"), sort_keys=True)


def _socket_rules() -> list[dict[str, Any]]:
    calls = ["socket", "socketpair"]
    known = max(WORKSPACE_SOCKETS)
    others = [family for family in range(known) if family not in WORKSPACE_SOCKETS]
    return [
        _refuse(calls, errno.EAFNOSUPPORT, {"index": 0, "value": known, "op": "SCMP_CMP_GT"}),
        *(_refuse(calls, errno.EAFNOSUPPORT, _masked(0, LOW_HALF, family)) for family in others),
        *(
            _refuse(calls, errno.EPROTONOSUPPORT, _masked(0, LOW_HALF, family), unusual)
            for family in INTERNET
            for unusual in _unusual_internet()
        ),
        _refuse(
            calls,
            errno.EPROTONOSUPPORT,
            _masked(0, LOW_HALF, AF_NETLINK),
            {"index": 2, "value": NETLINK_ROUTE, "op": "SCMP_CMP_NE"},
        ),
    ]


def _unusual_internet() -> list[dict[str, Any]]:
    """Conditions on kind or protocol, any of which is refused. One rule has one condition for an argument, no more."""
    last = max(INTERNET_PROTOCOLS)
    between = [protocol for protocol in range(last) if protocol not in INTERNET_PROTOCOLS]
    return [
        *(_masked(1, bit, bit) for bit in _bits(UNUSUAL_KIND)),
        {"index": 2, "value": last, "op": "SCMP_CMP_GT"},
        *(_masked(2, LOW_HALF, protocol) for protocol in between),
    ]


def _refuse(names: list[str], error: int, *arguments: dict[str, Any]) -> dict[str, Any]:
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": list(arguments)}


def _masked(index: int, mask: int, wanted: int) -> dict[str, Any]:
    return {"index": index, "value": mask, "valueTwo": wanted, "op": "SCMP_CMP_MASKED_EQ"}


def _bits(mask: int) -> list[int]:
    return [1 << at for at in range(mask.bit_length()) if mask >> at & 1]
