"""Reads a pod and the network policies of its namespace, as they go to Kubernetes, into the words of the policy.

Promise: a network policy that is not understood to the last word opens everything. What no policy selects is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from hub.names import INSIDE_IMPORTS, INSIDE_SHARED
from hub.platforms.container import CHANNEL_FOLDER, CREDENTIALS_FOLDER
from hub.platforms.facts import EVERYWHERE, GATE, Kind, Part, Place, Platform, Room
from hub.platforms.kubernetes_specification import GATEWAY_ROLE, NOTEBOOK, PROJECT, ROLE, SIDECAR_CONTAINER
from hub.platforms.read_quantities import bytes_of, processors_of
from hub.sandbox import HOME

Object = Mapping[str, Any]
PARTS = {NOTEBOOK: Part.WORKSPACE, SIDECAR_CONTAINER: Part.SIDECAR}
HOST_SHARING = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")
PROFILES = ("RuntimeDefault", "Localhost")
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def read_kubernetes(
    pod: Object, policies: Iterable[Object], *, gate_port: int, gate_namespace: str
) -> tuple[Room, ...]:
    """One room for each container of the pod.

    Args:
        pod: the pod's manifest.
        policies: every NetworkPolicy of its namespace.
        gate_port: of the gate's pods.
        gate_namespace: where those are.

    Raises:
        ValueError: a container that belongs to nobody.
    """
    spec: Object = pod["spec"]
    selected = [policy["spec"] for policy in policies if _selects(policy["spec"], pod["metadata"].get("labels") or {})]
    everybody = [*spec["containers"], *(spec.get("initContainers") or ()), *(spec.get("ephemeralContainers") or ())]
    if sorted(container["name"] for container in everybody) != sorted(PARTS):
        raise ValueError("a pod of a workspace has two containers")
    reaches = _reaches(selected, gate_port, gate_namespace)
    project = (pod["metadata"].get("labels") or {}).get(PROJECT, "")
    return tuple(_room(spec, container, selected, reaches, project) for container in everybody)


def _room(spec: Object, container: Object, selected: Sequence[Object], reaches: frozenset[str], project: str) -> Room:
    security = {**(spec.get("securityContext") or {}), **(container.get("securityContext") or {})}
    limits = (container.get("resources") or {}).get("limits") or {}
    shared = [name for name in HOST_SHARING if spec.get(name)] + ["users"] * (spec.get("hostUsers") is not False)
    return Room(
        Platform.KUBERNETES,
        PARTS[container["name"]],
        reaches=reaches,
        resolves_names=_resolves(spec),
        listens=_listens(selected, container),
        shares=frozenset(shared),
        capabilities=_capabilities(security),
        gains_privileges=security.get("allowPrivilegeEscalation") is not False,
        call_filter=(security.get("seccompProfile") or {}).get("type") in PROFILES,
        user=int(security.get("runAsUser") or 0) if security.get("runAsNonRoot") is True else 0,
        root_writable=security.get("readOnlyRootFilesystem") is not True,
        places=tuple(_places(spec, container, project)),
        memory=bytes_of(limits.get("memory")),
        cpus=processors_of(limits.get("cpu")),
        disk=bytes_of(limits.get("ephemeral-storage")),
        variables=frozenset(_names(container)),
        terminal=bool(container.get("tty") or container.get("stdin")),
        identity=_has_identity(spec),
        returns=spec.get("restartPolicy") != "Never",
        pinned="@sha256:" in str(container.get("image")),
    )


def _selects(spec: Object, labels: Mapping[str, str]) -> bool:
    """Whether a policy is about pods with these labels; a selector with expressions is taken not to be."""
    selector = spec.get("podSelector")
    if selector is None or selector.get("matchExpressions"):
        return False
    return all(labels.get(name) == value for name, value in (selector.get("matchLabels") or {}).items())


def _reaches(selected: Sequence[Object], gate_port: int, gate_namespace: str) -> frozenset[str]:
    closing = [spec for spec in selected if "Egress" in (spec.get("policyTypes") or ())]
    if not closing:
        return frozenset({EVERYWHERE})
    rules = [rule for spec in closing for rule in spec.get("egress") or ()]
    return frozenset(GATE if _is_gate(rule, gate_port, gate_namespace) else EVERYWHERE for rule in rules)


def _is_gate(rule: Object, gate_port: int, gate_namespace: str) -> bool:
    peer = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: gate_namespace}},
        "podSelector": {"matchLabels": {ROLE: GATEWAY_ROLE}},
    }
    return dict(rule) == {"to": [peer], "ports": [{"protocol": "TCP", "port": gate_port}]}


def _listens(selected: Sequence[Object], container: Object) -> frozenset[str]:
    closing = [spec for spec in selected if "Ingress" in (spec.get("policyTypes") or ())]
    is_open = not closing or any(spec.get("ingress") for spec in closing)
    declared = [str(port.get("containerPort")) for port in container.get("ports") or ()]
    return frozenset([*declared, *(["all"] if is_open else [])])


def _resolves(spec: Object) -> bool:
    servers = (spec.get("dnsConfig") or {}).get("nameservers") or []
    return spec.get("dnsPolicy") != "None" or not all(ip_address(server).is_loopback for server in servers)


def _capabilities(security: Object) -> frozenset[str]:
    if security.get("privileged") or security.get("procMount") not in (None, "Default"):
        return frozenset({"ALL"})
    given = security.get("capabilities") or {}
    kept = () if "ALL" in (given.get("drop") or ()) else ("default",)
    return frozenset([*kept, *(given.get("add") or ())])


def _has_identity(spec: Object) -> bool:
    named = spec.get("serviceAccountName") or spec.get("serviceAccount")
    return (
        bool(named)
        or spec.get("automountServiceAccountToken") is not False
        or spec.get("enableServiceLinks") is not False
    )


def _names(container: Object) -> Iterator[str]:
    for variable in container.get("env") or ():
        yield variable["name"]
    for _ in container.get("envFrom") or ():
        yield "everything of another object"


def _places(spec: Object, container: Object, project: str) -> Iterator[Place]:
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        yield _place(volumes.get(mount["name"], {}), mount, project)
    for device in container.get("volumeDevices") or ():
        yield Place(device["devicePath"], Kind.HOST, writable=True)


def _place(volume: Object, mount: Object, project: str) -> Place:
    target, writable = mount["mountPath"], not mount.get("readOnly")
    memory = volume.get("emptyDir") or {}
    if memory.get("medium") == "Memory":
        kind = Kind.CHANNEL if target == CHANNEL_FOLDER else Kind.MEMORY
        return Place(target, kind, writable, bytes_of(memory.get("sizeLimit")))
    if "secret" in volume and target == CREDENTIALS_FOLDER and not writable:
        return Place(target, Kind.SECRET, writable)
    if "persistentVolumeClaim" in volume and target in (HOME, INSIDE_SHARED):
        return Place(target, Kind.VOLUME, writable)
    if "persistentVolumeClaim" in volume and target == INSIDE_IMPORTS and project and mount.get("subPath") == project:
        return Place(target, Kind.IMPORTS, writable)  # any other part of that claim is of other projects
    return Place(target, Kind.HOST, writable)
