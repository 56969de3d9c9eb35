"""Reads bubblewrap's arguments, as `hub.sandbox` builds them, into the words of the policy.

Promise: an option that this does not know is an error, not a detail: a new one in `hub.sandbox` shows up here first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.hidden import NOTHING
from hub.names import INSIDE_IMPORTS, INSIDE_REPOSITORY, INSIDE_SHARED
from hub.platforms.facts import EVERYWHERE, Kind, Part, Place, Platform, Room
from hub.sandbox import ETC_FILES, HOME
from hub.workspace_image import IMAGES, SYSTEM_FOLDERS, SYSTEM_SETTINGS

#: Option -> how many words follow it.
WORDS = {
    **dict.fromkeys(("--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent"), 0),
    **dict.fromkeys(
        ("--cap-drop", "--uid", "--gid", "--hostname", "--proc", "--dev", "--perms", "--size", "--tmpfs"), 1
    ),
    **dict.fromkeys(("--remount-ro", "--chdir", "--seccomp", "--info-fd", "--block-fd", "--sync-fd"), 1),
    **dict.fromkeys(("--bind", "--ro-bind", "--symlink", "--dev-bind"), 2),
    "--share-net": 0,
}
ALONE = ("network", "processes", "messages", "names", "users")
CHANNEL_TARGETS = ("/run/hub", "/run/guard")
IMAGE_TARGETS = (
    "/opt/workspace",
    "/opt/server",
    *(f"/etc/{name}" for name in ETC_FILES),
    *(image.inside for image in IMAGES.values() if image.inside),
)
SYSTEM_TARGETS = (*SYSTEM_FOLDERS, *SYSTEM_SETTINGS, *(path for image in IMAGES.values() for path in image.settings))

Option = tuple[str, tuple[str, ...]]


def read_sandbox(
    arguments: Sequence[str], command: Sequence[str], variables: Sequence[str], memory: int, interpreter: str = ""
) -> Room:
    """The room that `build_arguments` and `build_command` describe.

    Args:
        arguments: bubblewrap's options.
        command: the command behind its limits.
        variables: names of its environment.
        memory: bytes that its group, or its single processes, are bounded at.
        interpreter: the folder of the environment's Python, which hangs at its own path; empty if it is under /usr.

    Raises:
        ValueError: an option that is not known here.
    """
    options = list(_options(arguments))
    given = {name for name, _ in options}
    alone = "--unshare-all" in given and "--share-net" not in given
    return Room(
        Platform.SANDBOX,
        Part.WORKSPACE,
        reaches=frozenset() if alone else frozenset({EVERYWHERE}),
        shares=frozenset() if alone else frozenset(ALONE),
        nests=not {"--disable-userns", "--unshare-user"} <= given,
        capabilities=frozenset() if ("--cap-drop", ("ALL",)) in options else frozenset({"ALL"}),
        call_filter="--seccomp" in given,
        user=next((int(words[0]) for name, words in options if name == "--uid"), 0),
        root_writable=not {"/", "/dev", "/proc"} <= {words[0] for name, words in options if name == "--remount-ro"},
        places=tuple(_places(options, interpreter)),
        memory=memory,
        processes=_limit(command, "--nproc="),
        core_dumps="--core=0:0" not in command,
        variables=frozenset(variables),
        terminal="--new-session" not in given,
    )


def _options(arguments: Sequence[str]) -> Iterator[Option]:
    rest = list(arguments)
    while rest:
        name = rest.pop(0)
        if name not in WORDS:
            raise ValueError(f"bubblewrap option not known to the policy: {name}")
        count = WORDS[name]
        yield name, tuple(rest[:count])
        del rest[:count]


def _places(options: Sequence[Option], interpreter: str) -> Iterator[Place]:
    size = 0
    for name, words in options:
        if name == "--size":
            size = int(words[0])
        elif name == "--tmpfs":
            yield Place(words[0], Kind.MEMORY, writable=True, size=size)
            size = 0
        elif name in ("--bind", "--ro-bind", "--dev-bind") and words[0] != NOTHING:  # which covers, and shows nothing
            yield Place(words[1], _kind(words[0], words[1], interpreter), writable=name != "--ro-bind")


def _kind(source: str, target: str, interpreter: str) -> Kind:
    if target in CHANNEL_TARGETS:
        return Kind.CHANNEL
    if target == INSIDE_IMPORTS:
        return Kind.IMPORTS
    if any(target == place or target.startswith(f"{place}/") for place in (HOME, INSIDE_SHARED, INSIDE_REPOSITORY)):
        return Kind.VOLUME
    if target in IMAGE_TARGETS:
        return Kind.IMAGE
    known = source == target and (target in SYSTEM_TARGETS or target == interpreter)
    return Kind.SYSTEM if known else Kind.HOST


def _limit(command: Sequence[str], prefix: str) -> int:
    return next((int(word.removeprefix(prefix).split(":")[0]) for word in command if word.startswith(prefix)), 0)
