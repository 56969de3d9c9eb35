"""The one way to a running workspace, whoever asks: folders, limits, sandbox; and the way back."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from governance.settings import Settings
from hub.disk import SMALL_FILE, Watched, is_over, quota_file_size
from hub.levels import check_levels, limits_of
from hub.limits import Group, find_groups, make_group
from hub.names import WorkspacePlaces
from hub.ownership import alone_in, give, give_tree, prepare_home
from hub.processes import descendants
from hub.sandbox import Limits, describe_sandbox
from hub.sandbox_process import Sandbox, Streams, end_leftover, end_sandbox, start_sandbox
from hub.shared import link_shared, prepare_shared
from hub.workspace_image import DEFAULT_IMAGE, WorkspaceImage, find_image

BACKLOG = 128
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Prepared:
    """A workspace whose folders are ready; `uid` owns what it sees, `gid` is the group of its project."""

    places: WorkspacePlaces
    uid: int
    gid: int
    image: WorkspaceImage


@dataclass(frozen=True)
class Started:
    """A running workspace and what must be removed after it."""

    sandbox: Sandbox
    group: Group | None


def prepare_workspace(places: WorkspacePlaces, image_name: str = DEFAULT_IMAGE) -> Prepared:
    """End what is left of an earlier one, make home and run folders; a new home gets the example notebooks. Blocking.

    Raises Refusal `home-not-owned`, `workspace-running`, and those of `hub.workspace_image.find_image`.
    """
    image = find_image(image_name)
    end_leftover(places.lock)  # first: it could change its home under our hands
    uid, fresh = prepare_home(places.home)
    if fresh:
        _furnish(places.home, image, uid)
    gid = prepare_shared(places)
    places.state.imports_of(places.project)
    link_shared(places.home)
    places.run.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone_in(places.run.parent):  # takes turns with the removal of stale ones, see `hub.orphans`
        for folder in (places.run, places.server_folder, places.hub_folder, places.guard_folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        os.utime(places.run)
    for folder in (places.hub_folder, places.guard_folder):  # what the sandbox sees, its user must be able to enter
        give(folder, uid)
    return Prepared(places, uid, gid, image)


def start_workspace(
    settings: Settings,
    prepared: Prepared,
    *,
    command: tuple[str, ...],
    variables: Mapping[str, str],
    streams: Streams,
    listening: bool = False,
    dies_with_parent: bool = False,
) -> Started:
    """Start the command in the workspace's sandbox. Blocking, some 0.1 s.

    Args:
        settings: for the limits.
        prepared: from `prepare_workspace`.
        command: what to run inside.
        variables: the JUPYTERHUB_* variables; the token is among them.
        streams: the command's standard streams.
        listening: whether it inherits a listening socket, reached at `places.server_socket`.
        dies_with_parent: see `hub.sandbox.describe_sandbox`.

    Raises Refusal: as `hub.sandbox_process.start_sandbox`, and `limits-too-weak`, `limits-not-set`.
    """
    limits, group = _bounds(settings, prepared)
    spec = describe_sandbox(
        prepared.image,
        prepared.places,
        command=command,
        variables=variables,
        limits=limits,
        dies_with_parent=dies_with_parent,
    )
    server = _listen(prepared.places.server_socket) if listening else None
    try:
        sandbox = start_sandbox(
            spec,
            lock=prepared.places.lock,
            uid=prepared.uid,
            gid=prepared.gid,
            group=group,
            streams=streams,
            listening=server.fileno() if server else -1,
        )
    except BaseException:
        if group is not None:
            group.remove()
        raise
    finally:
        if server is not None:
            server.close()  # the sandbox holds it now: when that ends, connecting fails
    return Started(sandbox, group)


def watched(settings: Settings, places: WorkspacePlaces, uid: int, started: Started) -> Watched:
    """The workspace as the disk watch looks at it."""
    groups = find_groups(delegate=False)
    size = quota_file_size(settings, limits_of(settings, groups))
    return Watched(places, uid, lambda: processes_of(started), size)


def processes_of(started: Started) -> list[int]:
    """Numbers of all its processes: those in its group, or where it has none, all that come from its first."""
    if started.group is not None and started.group.folders:
        return started.group.processes()
    first = started.sandbox.first
    return [first.pid, *descendants(first.pid)] if first.is_alive else []


def end_workspace(started: Started, *, grace: float = GRACE_SECONDS) -> None:
    """End it and remove its cgroup. Blocking, at most `grace` and a few seconds more."""
    end_sandbox(started.sandbox, grace=grace)
    if started.group is not None:
        started.group.remove()


def _bounds(settings: Settings, prepared: Prepared) -> tuple[Limits, Group | None]:
    """What holds it, strong enough for the settings; the group is made. Over its disk quota, it may only tidy up."""
    groups = find_groups(delegate=True)
    check_levels(settings, groups)
    limits = limits_of(settings, groups)
    over = is_over(settings, prepared.places)
    limits = replace(limits, file_size=SMALL_FILE if over else quota_file_size(settings, limits))
    return limits, make_group(groups, prepared.places.group, limits)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    path.chmod(0o600)
    server.listen(BACKLOG)
    return server


def _furnish(home: Path, image: WorkspaceImage, uid: int) -> None:
    """Only into a home that was made a moment ago, and that nobody has been in: later it may hold planted links."""
    for notebook in sorted(image.example.glob("*.ipynb")):
        shutil.copyfile(notebook, home / notebook.name)
        os.chmod(home / notebook.name, 0o600)  # noqa: PTH101
    give_tree(home, uid)
