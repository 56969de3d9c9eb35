"""What the Docker engine is asked for keeps the written policy, and the policy notices whatever is taken away or added.

No engine is here: the requests are made by the real client library, never sent, and read as the engine would.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker
import pytest

from governance.refusal import Refusal
from governance.settings import Settings
from hub.platforms.container import COMMAND, container_image, gate_address, sidecar_command, workspace_variables
from hub.platforms.docker_specification import Container, DockerNames, sidecar_container, workspace_container
from hub.platforms.facts import Part, Platform
from hub.platforms.policy import RULES, broken_rules
from hub.platforms.read_docker import read_docker
from hub.sandbox import HOME
from tests.support.mutations import each_setting, with_value, without

DIGEST = "@sha256:" + "0" * 64
SETTINGS = Settings(
    state=Path("/srv/sde"),
    image_python=f"sde/workspace-python{DIGEST}",
    image_sidecar=f"sde/sidecar{DIGEST}",
    gate_address="10.9.8.7:8443",
    workspace_platform="docker",
)
NAMES = DockerNames("0123abcd", "00112233aabb-gi-bleed", "gi-bleed")
CLIENT = docker.APIClient(base_url="http+unix://nowhere.sock", version="1.47")


def body_of(container: Container) -> dict[str, Any]:
    """The JSON that the client library would send."""
    create = {name: value for name, value in container.create.items() if name != "name"}
    return dict(CLIENT.create_container_config(**create, host_config=CLIENT.create_host_config(**container.host)))


WORKSPACE = body_of(
    workspace_container(
        SETTINGS,
        NAMES,
        image=container_image(SETTINGS, "python"),
        variables=workspace_variables("python", {"JUPYTERHUB_API_TOKEN": "t", "AWS_SECRET": "s"}),
    )
)
SIDECAR = body_of(sidecar_container(SETTINGS, NAMES, credentials=Path("/srv/sde/run/w/x/gate"), user=65532))
BODIES = {Part.WORKSPACE: WORKSPACE, Part.SIDECAR: SIDECAR}


def broken(body: dict[str, Any], part: Part = Part.WORKSPACE) -> tuple[str, ...]:
    imports = "/srv/sde/imports/gi-bleed"
    return broken_rules(read_docker(body, part, gate_network=SETTINGS.docker_network, imports=imports))


#: What is changed -> (the rule that must notice, where, the new value; None takes it away).
MUTATIONS: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "the engine's own network": ("no-network", ("HostConfig", "NetworkMode"), "bridge"),
    "the host's network": ("no-network", ("HostConfig", "NetworkMode"), "host"),
    "the sidecar's network": ("no-network", ("HostConfig", "NetworkMode"), "container:sidecar"),
    "a second network": ("no-network", ("NetworkingConfig",), {"EndpointsConfig": {"bridge": {}}}),
    "a host by name": ("no-network", ("HostConfig", "ExtraHosts"), ["a:10.0.0.1"]),
    "a published port": ("nothing-listens", ("HostConfig", "PortBindings"), {"8888/tcp": [{"HostPort": "1"}]}),
    "an exposed port": ("nothing-listens", ("ExposedPorts",), {"8888/tcp": {}}),
    "every port": ("nothing-listens", ("HostConfig", "PublishAllPorts"), True),
    "the host's processes": ("own-namespaces", ("HostConfig", "PidMode"), "host"),
    "the sidecar's processes": ("own-namespaces", ("HostConfig", "PidMode"), "container:sidecar"),
    "the host's messages": ("own-namespaces", ("HostConfig", "IpcMode"), "host"),
    "shareable messages": ("own-namespaces", ("HostConfig", "IpcMode"), None),
    "the host's name": ("own-namespaces", ("HostConfig", "UTSMode"), "host"),
    "the host's users": ("own-namespaces", ("HostConfig", "UsernsMode"), "host"),
    "the host's groups": ("own-namespaces", ("HostConfig", "CgroupnsMode"), None),
    "capabilities": ("no-capabilities", ("HostConfig", "CapDrop"), None),
    "a capability": ("no-capabilities", ("HostConfig", "CapAdd"), ["NET_RAW"]),
    "privileged": ("no-capabilities", ("HostConfig", "Privileged"), True),
    "kernel files": ("no-capabilities", ("HostConfig", "MaskedPaths"), []),
    "new privileges": ("no-new-privileges", ("HostConfig", "SecurityOpt", 0), "no-new-privileges:false"),
    "no filter": ("call-filter", ("HostConfig", "SecurityOpt", 1), "seccomp=unconfined"),
    "root": ("not-root", ("User",), None),
    "root by number": ("not-root", ("User",), "0:0"),
    "root by name": ("not-root", ("User",), "root"),
    "root folder": ("read-only-root", ("HostConfig", "ReadonlyRootfs"), None),
    "a volume elsewhere": ("nothing-of-the-host", ("HostConfig", "Mounts", 0, "Target"), "/opt/server"),
    "the engine's socket": ("nothing-of-the-host", ("HostConfig", "Binds"), ["/var/run/docker.sock:/x.sock"]),
    "a host folder": ("nothing-of-the-host", ("HostConfig", "Mounts", 0, "Type"), "bind"),
    "a volume that is a folder": (
        "nothing-of-the-host",
        ("HostConfig", "Mounts", 0, "VolumeOptions"),
        {"DriverConfig": {"Options": {"type": "none", "o": "bind", "device": "/etc"}}},
    ),
    "a device": ("nothing-of-the-host", ("HostConfig", "Devices"), [{"PathOnHost": "/dev/mem"}]),
    "another's volumes": ("nothing-of-the-host", ("HostConfig", "VolumesFrom"), ["sidecar"]),
    "a channel to write to": ("channel-read-only", ("HostConfig", "Mounts", 2, "ReadOnly"), False),
    "no channel": ("channel-read-only", ("HostConfig", "Mounts", 2), None),
    "the secret": (
        "secret-with-sidecar",
        ("HostConfig", "Mounts", 4),
        {"Type": "bind", "Source": "/x", "Target": "/run/secrets/gate", "ReadOnly": True},
    ),
    "imports to write to": ("imports-read-only", ("HostConfig", "Mounts", 3, "ReadOnly"), False),
    "another project's imports": (
        "nothing-of-the-host",
        ("HostConfig", "Mounts", 3, "Source"),
        "/srv/sde/imports/other",
    ),
    "the host in place of imports": ("nothing-of-the-host", ("HostConfig", "Mounts", 3, "Source"), "/srv/sde"),
    "size of /tmp": ("memory-folders-sized", ("HostConfig", "Tmpfs", "/tmp"), "rw,nosuid"),
    "size of the channel": (
        "memory-folders-sized",
        ("HostConfig", "Mounts", 2, "VolumeOptions", "DriverConfig", "Options", "o"),
        "mode=1777",
    ),
    "size of /dev/shm": ("memory-folders-sized", ("HostConfig", "ShmSize"), None),
    "memory": ("memory-bounded", ("HostConfig", "Memory"), None),
    "swap": ("no-swap", ("HostConfig", "MemorySwap"), -1),
    "processes": ("processes-bounded", ("HostConfig", "PidsLimit"), None),
    "endless processes": ("processes-bounded", ("HostConfig", "PidsLimit"), -1),
    "processors": ("processors-bounded", ("HostConfig", "NanoCpus"), None),
    "core dumps": ("no-core-dumps", ("HostConfig", "Ulimits", 0), None),
    "a variable": ("own-environment", ("Env", 0), "AWS_SECRET_ACCESS_KEY=x"),
    "a terminal": ("no-terminal", ("Tty",), True),
    "an input": ("no-terminal", ("OpenStdin",), True),
    "restarts": ("stays-ended", ("HostConfig", "RestartPolicy"), {"Name": "always"}),
    "an image by tag": ("pinned-image", ("Image",), "sde/workspace-python:latest"),
    "a writable secret folder": ("few-writable-places", ("HostConfig", "Mounts", 1, "ReadOnly"), False),
}
#: Rules that only the sidecar's own specification can break.
OF_SIDECAR = {"few-writable-places"}
#: Leaving these out weakens nothing that the policy promises: names, places to begin in, bounds of logs and of files.
HARMLESS = {
    *(
        "Hostname",
        "WorkingDir",
        "Labels",
        "NetworkDisabled",
        "StopTimeout",
        "Cmd",
        "Env",
        "LogConfig",
        "Tty",
        "OpenStdin",
    ),
    *("AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce", "Domainname", "Volumes", "Entrypoint", "Healthcheck"),
    *("ExposedPorts", "MacAddress", "StopSignal", "RestartPolicy", "Runtime", "PortBindings"),
    *("NetworkingConfig", "Tmpfs"),  # no second network; no /tmp to write to
}


def test_both_requests_keep_the_policy() -> None:
    assert broken(WORKSPACE) == ()
    assert broken(SIDECAR, Part.SIDECAR) == ()


def test_an_r_workspace_keeps_it_too() -> None:
    settings = SETTINGS.model_copy(update={"image_r": f"sde/workspace-r{DIGEST}"})
    image, variables = container_image(settings, "r"), workspace_variables("r", {})
    body = body_of(workspace_container(settings, NAMES, image=image, variables=variables))
    assert broken(body) == ()
    assert "WORKSPACE_KERNELS=ir,python3" in body["Env"]


@pytest.mark.parametrize("changed", MUTATIONS)
def test_what_is_changed_is_noticed(changed: str) -> None:
    rule, path, value = MUTATIONS[changed]
    part = Part.SIDECAR if rule in OF_SIDECAR else Part.WORKSPACE
    body = BODIES[part]
    mutated = without(body, path) if value is None else with_value(body, path, value)
    assert f"{part}: {rule}" in broken(mutated, part)


def test_every_rule_that_binds_a_container_can_be_broken() -> None:
    binding = {rule.name for rule in RULES if Platform.DOCKER not in rule.elsewhere}
    assert binding == {rule for rule, _, _ in MUTATIONS.values()}


@pytest.mark.parametrize("part", BODIES)
def test_no_setting_can_be_left_out_unnoticed(part: Part) -> None:
    """Every single setting that is asked for: without it a rule is broken, or it is known to be harmless."""
    unnoticed = {
        path[1] if path[0] == "HostConfig" and len(path) > 1 else path[0]
        for path in each_setting(BODIES[part])
        if not broken(without(BODIES[part], path), part)
    }
    mounts_and_limits = {"Mounts", "Ulimits"}  # a folder fewer, or the name of its source; the bound of one file
    assert unnoticed <= HARMLESS | mounts_and_limits


def test_a_mount_fewer_is_no_mount_more() -> None:
    """What `Mounts` may lose unnoticed is a home or a source's name; never what makes it read-only or in memory."""
    kept = {
        path[3:]
        for path in each_setting(WORKSPACE)
        if path[:2] == ("HostConfig", "Mounts")
        and len(path) > 3
        and path[2] == 2
        and not broken(without(WORKSPACE, path))
    }
    assert kept <= {("Source",), ("VolumeOptions", "NoCopy"), ("VolumeOptions", "DriverConfig", "Name"),
                    ("VolumeOptions", "DriverConfig", "Options", "device")}  # fmt: skip


def test_the_secret_is_nowhere_in_the_requests_and_the_token_in_the_environment_only() -> None:
    assert "JUPYTERHUB_API_TOKEN=t" in WORKSPACE["Env"]
    assert not [pair for pair in WORKSPACE["Env"] if pair.startswith("AWS")]
    assert WORKSPACE["Cmd"] == list(COMMAND)
    targets = [mount["Target"] for mount in WORKSPACE["HostConfig"]["Mounts"]]
    assert targets == [HOME, "/home/shared", "/run/channel", "/home/imports"]
    assert SIDECAR["Env"] == []


def test_a_sidecar_dials_a_number() -> None:
    assert "10.9.8.7:8443" in sidecar_command(SETTINGS)
    assert gate_address("127.0.0.1", 1) == "127.0.0.1:1"
    assert gate_address("fd00::1", 1) == "[fd00::1]:1"
    for wrong in ("gate.example", "0.0.0.0", "::"):
        with pytest.raises(Refusal, match="bad-settings"):
            gate_address(wrong, 1)


def test_an_image_that_is_not_set_starts_nothing() -> None:
    with pytest.raises(Refusal, match="image-not-installed"):
        container_image(SETTINGS, "r")
    with pytest.raises(Refusal, match="unknown-image"):
        container_image(SETTINGS, "../etc")
