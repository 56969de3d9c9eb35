"""The description of a sandbox and the arguments made of it: pure, so everything can be said about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from governance.state import StateFolder
from hub.names import WorkspacePlaces, places_of
from hub.sandbox import (
    HOME,
    VARIABLES,
    Descriptors,
    Limits,
    SandboxSpec,
    build_arguments,
    build_command,
    describe_sandbox,
)
from hub.workspace_image import R_IMAGE, SystemPath, WorkspaceImage

IMAGE = WorkspaceImage(
    environment=Path("/repo/.venv-workspace"),
    interpreter=Path("/opt/python/3.11"),
    server=Path("/repo/images/server"),
    system=(SystemPath("/usr"), SystemPath("/bin", "usr/bin"), SystemPath("/etc/fonts")),
)
LIMITS = Limits(memory=2**31, temporary=2**29, processes=99)
DESCRIPTORS = Descriptors(seccomp=11, info=12, block=13, lock=14)


@pytest.fixture
def places() -> WorkspacePlaces:
    return places_of(StateFolder(Path("/srv/sde")), "alice", "p")


@pytest.fixture
def spec(places: WorkspacePlaces) -> SandboxSpec:
    variables = {"JUPYTERHUB_API_TOKEN": "t", "PATH": "/evil", "AWS_SECRET": "s", "LD_PRELOAD": "x", "PYTHONPATH": "y"}
    return describe_sandbox(IMAGE, places, command=("echo", "hi"), variables=variables, limits=LIMITS)


def pairs(arguments: list[str], option: str) -> list[tuple[str, str]]:
    return [(arguments[at + 1], arguments[at + 2]) for at, word in enumerate(arguments) if word == option]


def test_only_the_home_and_what_is_shared_are_writable(spec: SandboxSpec, places: WorkspacePlaces) -> None:
    assert pairs(build_arguments(spec, DESCRIPTORS), "--bind") == [
        (str(places.home), HOME),
        ("/srv/sde/shared/p/files", "/home/shared"),
        ("/srv/sde/shared/p/project.git/objects", "/home/project.git/objects"),
        ("/srv/sde/shared/p/project.git/refs", "/home/project.git/refs"),
    ]


def test_every_host_path_inside_is_on_this_list(spec: SandboxSpec, places: WorkspacePlaces) -> None:
    assert dict(pairs(build_arguments(spec, DESCRIPTORS), "--ro-bind")) == {
        "/usr": "/usr",
        "/etc/fonts": "/etc/fonts",
        "/repo/.venv-workspace": "/opt/workspace",
        "/repo/images/server": "/opt/server",
        **{
            f"/repo/images/server/etc/{n}": f"/etc/{n}"
            for n in ("passwd", "group", "hosts", "nsswitch.conf", "gitconfig")
        },
        "/srv/sde/shared/p/project.git": "/home/project.git",
        "/srv/sde/imports/p": "/home/imports",
        str(places.hub_folder): "/run/hub",
        str(places.guard_folder): "/run/guard",
        "/opt/python/3.11": "/opt/python/3.11",
    }


def test_the_folder_of_the_servers_socket_is_not_inside(spec: SandboxSpec, places: WorkspacePlaces) -> None:
    assert str(places.server_folder) not in build_arguments(spec, DESCRIPTORS)
    assert str(places.run) not in build_arguments(spec, DESCRIPTORS)


@pytest.mark.parametrize(
    "option", ["--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--cap-drop", "--seccomp"]
)
def test_every_wall_is_asked_for(spec: SandboxSpec, option: str) -> None:
    assert option in build_arguments(spec, DESCRIPTORS)


def test_nothing_weakens_the_walls(spec: SandboxSpec) -> None:
    arguments = build_arguments(spec, DESCRIPTORS)
    weak = {"--share-net", "--dev-bind", "--cap-add", "--unshare-user-try", "--unshare-cgroup-try", "--as-pid-1"}
    assert not weak & set(arguments)


def test_mounting_points_are_closed_after_the_mounts(spec: SandboxSpec) -> None:
    arguments = build_arguments(spec, DESCRIPTORS)
    closed = [arguments[at + 1] for at, word in enumerate(arguments) if word == "--remount-ro"]
    assert closed == ["/", "/dev", "/proc"]
    last_mount = max(at for at, word in enumerate(arguments) if word in ("--bind", "--ro-bind", "--tmpfs", "--symlink"))
    assert last_mount < arguments.index("--remount-ro")


def test_every_memory_folder_has_a_size(spec: SandboxSpec) -> None:
    arguments = build_arguments(spec, DESCRIPTORS)
    folders = {arguments[at + 1]: arguments[at - 2 : at] for at, word in enumerate(arguments) if word == "--tmpfs"}
    assert folders == {
        "/dev/shm": ["--size", str(2**27)],
        "/tmp": ["--size", str(2**29)],
        "/run": ["--size", str(2**24)],
    }


def test_a_hub_workspace_outlives_its_parent_and_a_run_does_not(places: WorkspacePlaces, spec: SandboxSpec) -> None:
    run = describe_sandbox(IMAGE, places, command=("x",), variables={}, limits=LIMITS, dies_with_parent=True)
    assert "--die-with-parent" not in build_arguments(spec, DESCRIPTORS)
    assert "--die-with-parent" in build_arguments(run, DESCRIPTORS)


def test_variables_are_ours_and_the_hubs_alone(spec: SandboxSpec) -> None:
    own = {name: value for name, value in spec.variables if not name.startswith("GIT_CONFIG_")}
    assert own == {**VARIABLES, "WORKSPACE_KERNELS": "python3", "JUPYTERHUB_API_TOKEN": "t"}


def test_git_commits_under_the_persons_name_and_runs_no_hook(places: WorkspacePlaces) -> None:
    variables = {"JUPYTERHUB_USER": "alice"}
    held = dict(describe_sandbox(IMAGE, places, command=("x",), variables=variables, limits=LIMITS).variables)
    count = int(held["GIT_CONFIG_COUNT"])
    settings = {held[f"GIT_CONFIG_KEY_{at}"]: held[f"GIT_CONFIG_VALUE_{at}"] for at in range(count)}
    assert settings == {
        "user.name": "alice",
        "user.email": f"{places.slug}@workspace.invalid",
        "core.hooksPath": "/dev/null",
        "core.fsmonitor": "false",
    }


def test_no_variable_is_in_the_arguments(spec: SandboxSpec) -> None:
    everything = [*build_arguments(spec, DESCRIPTORS), *build_command(spec)]
    assert "--setenv" not in everything
    assert "t" not in everything


def test_the_command_runs_behind_its_limits(spec: SandboxSpec) -> None:
    command = build_command(spec)
    assert command[-3:] == ["--", "echo", "hi"]
    assert "--core=0:0" in command
    assert "--nproc=99:99" in command
    assert not any(word.startswith("--data") for word in command)


def test_without_a_cgroup_one_process_is_bounded(places: WorkspacePlaces) -> None:
    bounded = Limits(memory=1, temporary=1, processes=1, process_memory=4096)
    spec = describe_sandbox(IMAGE, places, command=("x",), variables={}, limits=bounded)
    assert "--data=4096:4096" in build_command(spec)


def test_an_interpreter_of_the_system_needs_no_mount(places: WorkspacePlaces) -> None:
    image = WorkspaceImage(IMAGE.environment, None, IMAGE.server, IMAGE.system)
    spec = describe_sandbox(image, places, command=("x",), variables={}, limits=LIMITS)
    assert not any(mount.target.startswith("/opt/python") for mount in spec.mounts)


def test_an_image_of_its_own_folder_is_seen_read_only(places: WorkspacePlaces) -> None:
    image = replace(IMAGE, profile=R_IMAGE, folder=Path("/repo/.r-workspace"))
    spec = describe_sandbox(image, places, command=("x",), variables={}, limits=LIMITS)
    assert ("/repo/.r-workspace", "/opt/r") in pairs(build_arguments(spec, DESCRIPTORS), "--ro-bind")
    variables = dict(spec.variables)
    assert variables["R_LIBS"] == "/opt/r/library"
    assert variables["WORKSPACE_KERNELS"] == "ir,python3"
    assert variables["PATH"] == VARIABLES["PATH"]
