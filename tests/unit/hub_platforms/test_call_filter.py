"""The engine's profile refuses what the sandbox's filter refuses: both are asked the same calls, and must agree."""

from __future__ import annotations

import errno
import json
import socket
from typing import Any

import pytest

from governance.confinement.seccomp import ALLOW, NEW_NAMESPACE, REFUSE_WITH, TYPING_INTO_TERMINAL, build_filter
from governance.confinement.syscalls import CLONE, CLONE3, IOCTL, LAST_CALL, REFUSED, SOCKET, SOCKETPAIR, Numbers
from hub.platforms.call_filter import NEWER, call_filter, call_filter_text
from tests.unit.hub_workspace.test_seccomp_filter import judge

CALLS: dict[str, Numbers] = {
    "clone": CLONE, "clone3": CLONE3, "ioctl": IOCTL, "socket": SOCKET, "socketpair": SOCKETPAIR, **REFUSED,
}  # fmt: skip
HIGH = 1 << 32


def engine_says(profile: dict[str, Any], name: str, *arguments: int) -> int:
    """The first matching rule, as libseccomp compares: all 64 bits."""
    for rule in profile["syscalls"]:
        if name in rule["names"] and all(_matches(condition, arguments) for condition in rule["args"]):
            return REFUSE_WITH | int(rule["errnoRet"])
    return ALLOW


def _matches(condition: dict[str, Any], arguments: tuple[int, ...]) -> bool:
    given = (arguments[condition["index"]] if condition["index"] < len(arguments) else 0) & (2**64 - 1)
    value = condition["value"]
    return {
        "SCMP_CMP_GT": given > value,
        "SCMP_CMP_NE": given != value,
        "SCMP_CMP_MASKED_EQ": given & value == condition.get("valueTwo"),
    }[condition["op"]]


QUESTIONS: list[tuple[str, tuple[int, ...]]] = [
    *((name, ()) for name in (*REFUSED, "clone3")),
    *((call, (family, kind, 0)) for call in ("socket", "socketpair") for family in range(48) for kind in (1, 2, 3)),
    *(("socket", (socket.AF_NETLINK, 3, protocol)) for protocol in range(24)),
    *(("socket", (family, kind, protocol)) for family in (1, 2, 10) for kind in range(11) for protocol in range(300)),
    *(("clone", (flag,)) for flag in (0, 0x11, 0x3D0F00, *(1 << at for at in range(32)), NEW_NAMESPACE)),
    *(("ioctl", (0, request)) for request in (*TYPING_INTO_TERMINAL, 0x5401, 0x5413, 0x541B)),
]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_engine_and_sandbox_agree(machine: str) -> None:
    profile, program = json.loads(call_filter_text()), build_filter(machine)
    asked = 0
    for name, arguments in QUESTIONS:
        number = getattr(CALLS[name], machine)
        if number is None:
            continue
        assert engine_says(profile, name, *arguments) == judge(program, machine, number, *arguments), (name, arguments)
        asked += 1
    assert asked > 9000


def test_the_upper_half_of_an_argument_opens_nothing() -> None:
    """The kernel looks at 32 bits of these; what it would refuse without the upper half is refused with it."""
    profile = call_filter()
    for name, arguments in QUESTIONS:
        if engine_says(profile, name, *arguments) != ALLOW:
            for at in range(len(arguments)):
                lifted = (*arguments[:at], arguments[at] | HIGH, *arguments[at + 1 :])
                assert engine_says(profile, name, *lifted) != ALLOW, (name, lifted)


def test_calls_newer_than_the_filter_are_unknown_by_name() -> None:
    profile, program = call_filter(), build_filter("x86_64")
    assert all(engine_says(profile, name) == REFUSE_WITH | errno.ENOSYS for name in NEWER)
    for at, _ in enumerate(NEWER):
        assert judge(program, "x86_64", LAST_CALL + 1 + at) == REFUSE_WITH | errno.ENOSYS
    assert not set(NEWER) & REFUSED.keys()


def test_what_a_workspace_needs_is_allowed() -> None:
    profile = call_filter()
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
        assert engine_says(profile, "socket", family, 1, 0) == ALLOW
    assert engine_says(profile, "clone3") == REFUSE_WITH | errno.ENOSYS
    assert profile["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]
