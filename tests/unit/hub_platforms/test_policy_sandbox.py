"""The sandbox keeps the written policy, and the policy notices whatever is taken away from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.state import StateFolder
from hub.names import places_of
from hub.platforms.facts import Part, Platform, Room
from hub.platforms.policy import RULES, broken_rules, check_keeps_policy
from hub.platforms.read_sandbox import WORDS, read_sandbox
from hub.sandbox import Descriptors, Limits, build_arguments, build_command, describe_sandbox
from hub.workspace_image import R_IMAGE, SystemPath, WorkspaceImage

IMAGE = WorkspaceImage(
    environment=Path("/repo/.venv-workspace"),
    interpreter=Path("/opt/python/3.11"),
    server=Path("/repo/images/server"),
    system=(SystemPath("/usr"), SystemPath("/bin", "usr/bin"), SystemPath("/etc/fonts")),
)
SPEC = describe_sandbox(
    IMAGE,
    places_of(StateFolder(Path("/srv/sde")), "alice", "p"),
    command=("server",),
    variables={"JUPYTERHUB_API_TOKEN": "t"},
    limits=Limits(memory=2**31, temporary=2**29, processes=99),
)
ARGUMENTS = build_arguments(SPEC, Descriptors(seccomp=11, info=12, block=13, lock=14))
COMMAND = build_command(SPEC)
VARIABLES = [name for name, _ in SPEC.variables]


def room(
    arguments: list[str] = ARGUMENTS,
    command: list[str] = COMMAND,
    variables: list[str] = VARIABLES,
    memory: int = SPEC.limits.memory,
) -> Room:
    return read_sandbox(arguments, command, variables, memory, interpreter=str(IMAGE.interpreter))


def without(*words: str) -> list[str]:
    """The arguments without one option and what follows it."""
    for at in range(len(ARGUMENTS)):
        if ARGUMENTS[at : at + len(words)] == list(words):
            return ARGUMENTS[:at] + ARGUMENTS[at + len(words) :]
    raise AssertionError(words)


#: What is taken away or added -> the rule that must notice.
MUTATIONS: dict[str, tuple[str, Callable[[], Room]]] = {
    "namespaces": ("no-network", lambda: room(without("--unshare-all"))),
    "shared processes": ("own-namespaces", lambda: room(without("--unshare-all"))),
    "the network shared": ("no-network", lambda: room([*ARGUMENTS, "--share-net"])),
    "nesting": ("no-nesting", lambda: room(without("--disable-userns"))),
    "user namespace": ("no-nesting", lambda: room(without("--unshare-user"))),
    "capabilities": ("no-capabilities", lambda: room(without("--cap-drop", "ALL"))),
    "filter": ("call-filter", lambda: room(without("--seccomp", "11"))),
    "user": ("not-root", lambda: room(without("--uid", "1000"))),
    "root folder": ("read-only-root", lambda: room(without("--remount-ro", "/"))),
    "device folder": ("read-only-root", lambda: room(without("--remount-ro", "/dev"))),
    "kernel switches": ("read-only-root", lambda: room(without("--remount-ro", "/proc"))),
    "the system writable": ("few-writable-places", lambda: room([*ARGUMENTS, "--bind", "/usr", "/usr"])),
    "a host folder": ("nothing-of-the-host", lambda: room([*ARGUMENTS, "--ro-bind", "/srv", "/srv"])),
    "the host's settings": ("nothing-of-the-host", lambda: room([*ARGUMENTS, "--ro-bind", "/etc", "/etc"])),
    "devices": ("nothing-of-the-host", lambda: room([*ARGUMENTS, "--dev-bind", "/dev", "/dev"])),
    "no channel": (
        "channel-read-only",
        lambda: room(
            [word.replace("/run/hub", "/opt/server").replace("/run/guard", "/opt/server") for word in ARGUMENTS]
        ),
    ),
    "a channel to write to": ("channel-read-only", lambda: room([*ARGUMENTS, "--bind", "/x", "/run/guard"])),
    "imports to write to": ("imports-read-only", lambda: room([*ARGUMENTS, "--bind", "/x", "/home/imports"])),
    "size of /tmp": ("memory-folders-sized", lambda: room(without("--size", str(2**29)))),
    "memory": ("memory-bounded", lambda: room(memory=0)),
    "processes": ("processes-bounded", lambda: room(command=[w for w in COMMAND if not w.startswith("--nproc")])),
    "core dumps": ("no-core-dumps", lambda: room(command=[w for w in COMMAND if not w.startswith("--core")])),
    "a variable": ("own-environment", lambda: room(variables=[*VARIABLES, "AWS_SECRET_ACCESS_KEY"])),
    "session": ("no-terminal", lambda: room(without("--new-session"))),
}
#: Taking these away weakens nothing that the policy promises.
HARMLESS = {"--hostname", "--gid", "--chdir", "--proc", "--dev", "--symlink", "--perms", "--tmpfs"}
#: For the spawner: how it finds, holds and ends the sandbox. Its own tests look at them.
BOOKKEEPING = {"--info-fd", "--block-fd", "--sync-fd"}


def test_the_sandbox_keeps_the_policy() -> None:
    assert broken_rules(room()) == ()
    check_keeps_policy(room())


def test_an_r_workspace_keeps_it_too() -> None:
    image = replace(
        IMAGE,
        system=(*IMAGE.system, *(SystemPath(path) for path in R_IMAGE.settings)),
        profile=R_IMAGE,
        folder=Path("/repo/.r-workspace"),
    )
    places = places_of(StateFolder(Path("/srv/sde")), "alice", "p")
    spec = describe_sandbox(image, places, command=("server",), variables={}, limits=SPEC.limits)
    arguments = build_arguments(spec, Descriptors(seccomp=11, info=12, block=13, lock=14))
    assert "/opt/r" in arguments
    assert broken_rules(room(arguments, variables=[name for name, _ in spec.variables])) == ()


@pytest.mark.parametrize("taken", MUTATIONS)
def test_what_is_taken_away_is_noticed(taken: str) -> None:
    rule, mutated = MUTATIONS[taken]
    assert f"workspace: {rule}" in broken_rules(mutated())
    with pytest.raises(Refusal, match=rule):
        check_keeps_policy(mutated())


def test_every_rule_that_binds_the_sandbox_can_be_broken() -> None:
    binding = {rule.name for rule in RULES if Platform.SANDBOX not in rule.elsewhere and Part.WORKSPACE in rule.parts}
    assert binding == {rule for rule, _ in MUTATIONS.values()}


def test_no_option_can_be_left_out_unnoticed() -> None:
    """One at a time: every option is needed by a rule, is a mount, or is known to be harmless."""
    unnoticed = set()
    at = 0
    while at < len(ARGUMENTS):
        option, length = ARGUMENTS[at], 1 + WORDS[ARGUMENTS[at]]
        if not broken_rules(room(ARGUMENTS[:at] + ARGUMENTS[at + length :])):
            unnoticed.add(option)
        at += length
    assert unnoticed <= HARMLESS | BOOKKEEPING | {"--bind", "--ro-bind"}


def test_an_option_that_the_policy_does_not_know_is_no_detail() -> None:
    with pytest.raises(ValueError, match="--cap-add"):
        room([*ARGUMENTS, "--cap-add", "CAP_SYS_ADMIN"])


def test_names_are_unique_and_a_room_of_nothing_keeps_almost_nothing() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    bare = Room(Platform.KUBERNETES, Part.WORKSPACE)
    assert len(broken_rules(bare)) >= 12
