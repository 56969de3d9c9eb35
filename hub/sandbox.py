"""From a frozen description of a sandbox to bubblewrap's arguments: pure, no file is touched, no process started.

Promise (docs/explanation/isolation.md): whoever starts a workspace, the hub's spawner or `sde workspace run`, gets
exactly what `build_arguments` says. Nothing of the host is inside but the mounts listed here; the environment is made
from nothing; the only ways out are the two socket folders and the listening socket that the server inherits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from governance.confinement.bubblewrap import BASE_ARGUMENTS
from hub.hidden import NO_PATHS, NOTHING, HiddenPaths
from hub.names import INSIDE_IMPORTS, INSIDE_REPOSITORY, INSIDE_SHARED, WorkspacePlaces
from hub.workspace_image import SystemPath, WorkspaceImage

HOME = "/home/researcher"
ENVIRONMENT, SERVER = "/opt/workspace", "/opt/server"
PYTHON = f"{ENVIRONMENT}/bin/python"
INSIDE_ID = "1000"
ETC_FILES = ("passwd", "group", "hosts", "nsswitch.conf", "gitconfig")
RUN_BYTES = 16 * 2**20
PAGE_BYTES = 4096

#: Everything a process inside starts with, besides its own token. Nothing is copied from the host's environment.
VARIABLES = {
    "PATH": f"{ENVIRONMENT}/bin:/usr/local/bin:/usr/bin:/bin",
    "VIRTUAL_ENV": ENVIRONMENT,
    "HOME": HOME,
    "USER": "researcher",
    "LOGNAME": "researcher",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108  (the sandbox's own)
    "XDG_CACHE_HOME": f"{HOME}/.cache",
    "MPLCONFIGDIR": f"{HOME}/.cache/matplotlib",
    "IPYTHONDIR": f"{HOME}/.ipython",
    "JUPYTER_CONFIG_DIR": f"{HOME}/.jupyter",
    "JUPYTER_DATA_DIR": f"{HOME}/.local/share/jupyter",
    "JUPYTER_RUNTIME_DIR": "/tmp/jupyter",  # noqa: S108
    "JUPYTERLAB_SETTINGS_DIR": f"{HOME}/.jupyter/lab/user-settings",
    "JUPYTERLAB_WORKSPACES_DIR": f"{HOME}/.jupyter/lab/workspaces",
}

#: The notebook server, as the hub starts it.
SERVER_COMMAND = (
    PYTHON,
    f"{SERVER}/serve.py",
    f"--config={SERVER}/jupyter_server_config.py",
)


@dataclass(frozen=True)
class Mount:
    """A host path of ours, seen inside at `target`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Limits:
    """What one workspace may use. Bytes, except `processes` (threads count too), `cpus`, `open_files` and `niceness`.

    `process_memory` bounds a single process where no cgroup bounds them all; 0 where one does.
    """

    memory: int
    temporary: int
    processes: int
    cpus: float = 2.0
    process_memory: int = 0
    file_size: int = 8 * 2**30
    open_files: int = 8192
    niceness: int = 5


@dataclass(frozen=True)
class SandboxSpec:
    """One sandbox: what is mounted, what runs, with which variables and limits."""

    mounts: tuple[Mount, ...]
    system: tuple[SystemPath, ...]
    command: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    limits: Limits
    dies_with_parent: bool = False
    hidden: HiddenPaths = NO_PATHS


@dataclass(frozen=True)
class Descriptors:
    """Open file descriptors that bubblewrap reads (filter, block), writes (info) or holds (lock)."""

    seccomp: int
    info: int
    block: int
    lock: int


def describe_sandbox(
    image: WorkspaceImage,
    places: WorkspacePlaces,
    *,
    command: tuple[str, ...],
    variables: Mapping[str, str],
    limits: Limits,
    dies_with_parent: bool = False,
) -> SandboxSpec:
    """The one description of a workspace's sandbox.

    Args:
        image: host paths of environment, interpreter and server settings; says which kernels are offered.
        places: host paths of the home and of the socket folders.
        command: what to run inside.
        variables: added to `VARIABLES`; only names starting with JUPYTERHUB_ are taken, so that nothing of the
            caller's own environment slips in.
        limits: see `Limits`.
        dies_with_parent: True for a command-line run; False for the hub's workspaces, which outlive a hub restart.
    """
    own = {name: value for name, value in variables.items() if name.startswith("JUPYTERHUB_")}
    own |= _git_variables(own.get("JUPYTERHUB_USER", ""), places.slug)
    mounts = [
        Mount(image.environment, ENVIRONMENT),
        Mount(image.server, SERVER),
        *(Mount(image.server / "etc" / name, f"/etc/{name}") for name in ETC_FILES),
        Mount(places.home, HOME, writable=True),
        *_shared_mounts(places),
        Mount(places.imports, INSIDE_IMPORTS),
        Mount(places.hub_folder, "/run/hub"),
        Mount(places.guard_folder, "/run/guard"),
    ]
    if image.folder is not None:
        mounts.append(Mount(image.folder, image.profile.inside))
    if image.interpreter is not None:  # at the very same path: the environment's links point there
        mounts.append(Mount(image.interpreter, str(image.interpreter)))
    return SandboxSpec(
        tuple(mounts),
        image.system,
        command,
        tuple(sorted({**VARIABLES, **image.variables, **own}.items())),
        limits,
        dies_with_parent,
        image.hidden,
    )


def build_arguments(spec: SandboxSpec, descriptors: Descriptors) -> list[str]:
    """Bubblewrap's options (without the program's own name and without the command)."""
    arguments = [
        *BASE_ARGUMENTS,
        "--new-session",
        *("--uid", INSIDE_ID, "--gid", INSIDE_ID, "--hostname", "workspace"),
        *_system(spec.system),
        *("--proc", "/proc", "--dev", "/dev"),
        *_memory_folder("/dev/shm", spec.limits.temporary // 4),  # noqa: S108
        *_memory_folder("/tmp", spec.limits.temporary),  # noqa: S108
        *_memory_folder("/run", RUN_BYTES),
    ]
    for mount in spec.mounts:
        arguments += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
    for file in spec.hidden.files:
        arguments += ["--ro-bind", NOTHING, file]
    for folder in spec.hidden.folders:
        arguments += _memory_folder(folder, PAGE_BYTES)
    # Last: what was writable only to hang the mounts. /proc too, since a workspace of a gateway run by root would own
    # the kernel's switches in /proc/sys.
    for path in ("/", "/dev", "/proc", *spec.hidden.folders):
        arguments += ["--remount-ro", path]
    arguments += ["--chdir", HOME, "--seccomp", str(descriptors.seccomp), "--info-fd", str(descriptors.info)]
    arguments += ["--block-fd", str(descriptors.block), "--sync-fd", str(descriptors.lock)]
    return [*arguments, "--die-with-parent"] if spec.dies_with_parent else arguments


def build_command(spec: SandboxSpec) -> list[str]:
    """The command behind the limits that hold without a cgroup; set inside, where they count this workspace only."""
    limits = spec.limits
    return [
        *("/usr/bin/nice", "-n", str(limits.niceness), "/usr/bin/prlimit"),
        *("--core=0:0", f"--fsize={limits.file_size}:{limits.file_size}"),
        f"--nproc={limits.processes}:{limits.processes}",
        f"--nofile={limits.open_files}:{limits.open_files}",
        *((f"--data={limits.process_memory}:{limits.process_memory}",) if limits.process_memory else ()),
        *("--", *spec.command),
    ]


def _shared_mounts(places: WorkspacePlaces) -> list[Mount]:
    """Outside the home, in folders that only the gateway writes to: no link that somebody plants is ever a mounting
    point. Of the repository only objects and refs can be written, so nobody can leave a hook or a setting in it."""
    parts = [
        Mount(places.repository / name, f"{INSIDE_REPOSITORY}/{name}", writable=True) for name in ("objects", "refs")
    ]
    return [
        Mount(places.shared_files, INSIDE_SHARED, writable=True),
        Mount(places.repository, INSIDE_REPOSITORY),
        *parts,
    ]


def _git_variables(subject: str, slug: str) -> dict[str, str]:
    """Who commits, without an address that exists, and that a repository's own hooks and monitor are not run."""
    settings = (
        ("user.name", subject or "researcher"),
        ("user.email", f"{slug}@workspace.invalid"),
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
    )
    numbered = [
        pair
        for at, (key, value) in enumerate(settings)
        for pair in ((f"GIT_CONFIG_KEY_{at}", key), (f"GIT_CONFIG_VALUE_{at}", value))
    ]
    return {"GIT_CONFIG_COUNT": str(len(settings)), **dict(numbered)}


def _system(paths: tuple[SystemPath, ...]) -> list[str]:
    arguments: list[str] = []
    for entry in paths:
        arguments += ["--symlink", entry.link, entry.path] if entry.link else ["--ro-bind", entry.path, entry.path]
    return arguments


def _memory_folder(path: str, size: int) -> list[str]:
    return ["--perms", "1777", "--size", str(size), "--tmpfs", path]
