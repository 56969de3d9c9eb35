"""What Kubernetes is asked for, with the network policies of images/kubernetes, keeps the written policy, and the
policy notices whatever is taken away or added.

No cluster is here: manifests are checked against the models of the client library.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.settings import Settings
from hub.platforms.container import COMMAND, container_image, workspace_variables
from hub.platforms.facts import Part, Platform
from hub.platforms.kubernetes_specification import (
    KubernetesNames,
    gateway_label,
    home_claim,
    pod,
    secret,
    shared_claim,
)
from hub.platforms.policy import RULES, broken_rules
from hub.platforms.read_kubernetes import read_kubernetes
from hub.platforms.read_quantities import bytes_of, processors_of
from hub.workspace_image import REPOSITORY
from tests.support.kubernetes_models import check_manifest
from tests.support.mutations import each_setting, with_value, without

DIGEST = "@sha256:" + "0" * 64
SETTINGS = Settings(
    state=Path("/srv/sde"),
    image_python=f"sde/workspace-python{DIGEST}",
    image_sidecar=f"sde/sidecar{DIGEST}",
    gate_address="10.96.0.84:8443",
    workspace_platform="kubernetes",
    kubernetes_shared_class="shared-files",
    kubernetes_call_filter="sde/workspace.json",
    kubernetes_node_pool="research",
    kubernetes_priority_class="workspaces",
    kubernetes_runtime_class="own-kernel",
)
NAMES = KubernetesNames(gateway_label("/srv/sde"), "00112233aabb-gi-bleed", "gi-bleed")
POD = pod(
    SETTINGS,
    NAMES,
    image=container_image(SETTINGS, "python"),
    variables=workspace_variables("python", {"JUPYTERHUB_API_TOKEN": "the-token", "AWS_SECRET": "s"}),
)
MANIFESTS = [
    (file.name, manifest)
    for file in sorted((REPOSITORY / "images" / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(file.read_text())
    if manifest["kind"] != "Kustomization"
]
POLICIES = [
    manifest
    for _, manifest in MANIFESTS
    if manifest["kind"] == "NetworkPolicy" and manifest["metadata"]["namespace"] == SETTINGS.kubernetes_namespace
]
#: One document, so that a setting of either can be taken away.
WORLD = {"pod": POD, "policies": POLICIES}


def broken(world: dict[str, Any]) -> tuple[str, ...]:
    rooms = read_kubernetes(world["pod"], world["policies"], gate_port=8443, gate_namespace="sde")
    return broken_rules(*rooms)


S = ("pod", "spec")
W = (*S, "containers", 0)
C = (*S, "containers", 1)
E = ("policies", 1, "spec", "egress", 0)
#: What is changed -> (the rule that must notice, where, the new value; None takes it away).
MUTATIONS: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "the closing policy gone": ("workspace: nothing-listens", ("policies", 0), None),
    "every address": ("workspace: no-network", (*E, "to"), []),
    "every port of the gate": ("workspace: no-network", (*E, "ports"), None),
    "another port": ("workspace: no-network", (*E, "ports", 0, "port"), 53),
    "a range of ports": ("workspace: no-network", (*E, "ports", 0, "endPort"), 9000),
    "every pod of the gateway": ("workspace: no-network", (*E, "to", 0, "podSelector"), None),
    "that pod in every namespace": ("workspace: no-network", (*E, "to", 0, "namespaceSelector"), {}),
    "a block of addresses": ("workspace: no-network", (*E, "to", 1), {"ipBlock": {"cidr": "0.0.0.0/0"}}),
    "name servers": (
        "workspace: no-network",
        ("policies", 1, "spec", "egress", 1),
        {"ports": [{"protocol": "UDP", "port": 53}]},
    ),
    "someone may come in": ("workspace: nothing-listens", ("policies", 0, "spec", "ingress"), [{}]),
    "a port": ("workspace: nothing-listens", (*W, "ports"), [{"containerPort": 8888}]),
    "the cluster's names": ("workspace: no-names", (*S, "dnsPolicy"), "ClusterFirst"),
    "a name server": ("workspace: no-names", (*S, "dnsConfig", "nameservers"), ["10.96.0.10"]),
    "the host's network": ("workspace: own-namespaces", (*S, "hostNetwork"), True),
    "the host's processes": ("workspace: own-namespaces", (*S, "hostPID"), True),
    "the host's messages": ("workspace: own-namespaces", (*S, "hostIPC"), True),
    "the host's users": ("workspace: own-namespaces", (*S, "hostUsers"), None),
    "the sidecar's processes": ("workspace: own-namespaces", (*S, "shareProcessNamespace"), True),
    "capabilities": ("workspace: no-capabilities", (*W, "securityContext", "capabilities"), None),
    "a capability": ("workspace: no-capabilities", (*W, "securityContext", "capabilities", "add"), ["NET_RAW"]),
    "privileged": ("workspace: no-capabilities", (*W, "securityContext", "privileged"), True),
    "an uncovered /proc": ("workspace: no-capabilities", (*W, "securityContext", "procMount"), "Unmasked"),
    "new privileges": ("workspace: no-new-privileges", (*W, "securityContext", "allowPrivilegeEscalation"), None),
    "no filter": ("workspace: call-filter", (*S, "securityContext", "seccompProfile"), {"type": "Unconfined"}),
    "no filter of its own": (
        "workspace: call-filter",
        (*W, "securityContext", "seccompProfile"),
        {"type": "Unconfined"},
    ),
    "root": ("workspace: not-root", (*W, "securityContext", "runAsUser"), 0),
    "root may be": ("workspace: not-root", (*W, "securityContext", "runAsNonRoot"), False),
    "root folder": ("workspace: read-only-root", (*W, "securityContext", "readOnlyRootFilesystem"), None),
    "a host folder": (
        "workspace: nothing-of-the-host",
        (*S, "volumes", 0),
        {"name": "home", "hostPath": {"path": "/"}},
    ),
    "scratch on disk": ("workspace: nothing-of-the-host", (*S, "volumes", 1, "emptyDir", "medium"), None),
    "a device": ("workspace: nothing-of-the-host", (*W, "volumeDevices"), [{"name": "x", "devicePath": "/dev/x"}]),
    "a channel to write to": ("workspace: channel-read-only", (*W, "volumeMounts", 3, "readOnly"), None),
    "no channel": ("workspace: channel-read-only", (*W, "volumeMounts", 3), None),
    "the secret": (
        "workspace: secret-with-sidecar",
        (*W, "volumeMounts", 5),
        {"name": "gate", "mountPath": "/run/secrets/gate", "readOnly": True},
    ),
    "imports to write to": (
        "workspace: imports-read-only",
        (*W, "volumeMounts", 5),
        {"name": "home", "mountPath": "/home/imports", "subPath": "gi-bleed"},
    ),
    "imports of every project": (
        "workspace: nothing-of-the-host",
        (*W, "volumeMounts", 5),
        {"name": "home", "mountPath": "/home/imports", "readOnly": True},
    ),
    "another project's imports": (
        "workspace: nothing-of-the-host",
        (*W, "volumeMounts", 5),
        {"name": "home", "mountPath": "/home/imports", "readOnly": True, "subPath": "other"},
    ),
    "a sidecar without it": ("sidecar: secret-with-sidecar", (*C, "volumeMounts", 2), None),
    "a sidecar with a home": (
        "sidecar: few-writable-places",
        (*C, "volumeMounts", 3),
        {"name": "home", "mountPath": "/home/researcher"},
    ),
    "size of /tmp": ("workspace: memory-folders-sized", (*S, "volumes", 1, "emptyDir", "sizeLimit"), None),
    "size of the channel": ("sidecar: memory-folders-sized", (*S, "volumes", 3, "emptyDir", "sizeLimit"), None),
    "memory": ("workspace: memory-bounded", (*W, "resources", "limits", "memory"), None),
    "memory in words": ("workspace: memory-bounded", (*W, "resources", "limits", "memory"), "much"),
    "processors": ("workspace: processors-bounded", (*W, "resources", "limits", "cpu"), None),
    "disk": ("workspace: disk-bounded", (*W, "resources", "limits", "ephemeral-storage"), None),
    "a variable": ("workspace: own-environment", (*W, "env", 0, "name"), "AWS_SECRET_ACCESS_KEY"),
    "variables of another object": ("workspace: own-environment", (*W, "envFrom"), [{"secretRef": {"name": "x"}}]),
    "the account's token": ("workspace: no-platform-identity", (*S, "automountServiceAccountToken"), None),
    "an account": ("workspace: no-platform-identity", (*S, "serviceAccountName"), "gateway"),
    "addresses of services": ("workspace: no-platform-identity", (*S, "enableServiceLinks"), None),
    "a terminal": ("workspace: no-terminal", (*W, "tty"), True),
    "an input": ("workspace: no-terminal", (*W, "stdin"), True),
    "restarts": ("workspace: stays-ended", (*S, "restartPolicy"), "Always"),
    "an image by tag": ("workspace: pinned-image", (*W, "image"), "sde/workspace-python:latest"),
}
#: Where a workspace's pod is placed, names, and what Kubernetes would fill in with the same value.
HARMLESS = {
    *("apiVersion", "kind", "name", "namespace", "labels", "sde.gateway/gateway", "sde.gateway/project", "hostname"),
    *("terminationGracePeriodSeconds", "nodeSelector", "tolerations", "priorityClassName", "runtimeClassName", "key"),
    *("operator", "value", "effect", "sde-workspaces", "imagePullPolicy", "command", "workingDir", "requests"),
    *("secretKeyRef", "fsGroup", "fsGroupChangePolicy", "localhostProfile", "defaultMode", "claimName", "secretName"),
    *("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "privileged", "runAsGroup", "metadata"),
    *("nameservers", "dnsConfig", "env", "valueFrom", "items"),
}  # fmt: skip


#: On the pod and on each container, so that either is enough.
SAID_TWICE = {"runAsUser", "runAsNonRoot"}
#: A mount fewer (or writable, where it is to be), the way to the gate missing, or more pods closed in.
CLOSES_MORE = {
    *((*W, "volumeMounts", number, *more) for number in (0, 1, 2, 4) for more in ((), ("readOnly",))),
    *((*C, "volumeMounts", number, *more) for number in (0, 1) for more in ((), ("readOnly",))),
    ("policies", 0, "spec", "policyTypes", 1),  # the second policy closes the way out too
    ("policies", 1),
    *(("policies", 1, "spec", *more) for more in (("podSelector",), ("podSelector", "matchLabels"))),
    ("policies", 1, "spec", "podSelector", "matchLabels", "sde.gateway/role"),
    *(("policies", 1, "spec", *more) for more in (("policyTypes",), ("policyTypes", 0), ("egress",), ("egress", 0))),
}


def test_the_pod_keeps_the_policy() -> None:
    assert broken(WORLD) == ()


@pytest.mark.parametrize("changed", MUTATIONS)
def test_what_is_changed_is_noticed(changed: str) -> None:
    rule, path, value = MUTATIONS[changed]
    mutated = without(WORLD, path) if value is None else with_value(WORLD, path, value)
    assert rule in broken(mutated)


def test_every_rule_that_binds_a_pod_can_be_broken() -> None:
    binding = {rule.name for rule in RULES if Platform.KUBERNETES not in rule.elsewhere}
    assert binding == {rule.partition(": ")[2] for rule, _, _ in MUTATIONS.values()}


def test_no_setting_can_be_left_out_unnoticed() -> None:
    """Every single setting of pod and policies: without it a rule is broken, or it is known to be harmless."""
    unnoticed = []
    for path in each_setting(WORLD):
        try:
            noticed = bool(broken(without(WORLD, path)))
        except (KeyError, ValueError, IndexError):
            noticed = True  # not a pod of ours any more: nothing starts
        if not noticed and not {str(key) for key in path} & HARMLESS:
            unnoticed.append(path)
    assert {path for path in unnoticed if path not in CLOSES_MORE and path[-1] not in SAID_TWICE} == set()


def test_two_policies_close_the_way_out_and_either_is_enough() -> None:
    """The one that closes everything, and the one that names the gate: only without both is the way out open."""
    both = {"pod": POD, "policies": []}
    assert {"workspace: no-network", "sidecar: no-network", "workspace: nothing-listens"} <= set(broken(both))
    for place in (0, 1):
        loosened = with_value(WORLD, ("policies", place, "spec", "policyTypes"), ["Ingress"])
        assert "workspace: no-network" not in broken(loosened)
    other = with_value(WORLD, ("pod", "metadata", "labels", "sde.gateway/role"), "other")
    assert broken(other) == ()  # closed by the first: it reaches nothing, not even the gate
    unclosed = without(other, ("policies", 0))
    assert "workspace: no-network" in broken(unclosed)


def test_imports_come_from_the_gateways_own_claim_read_only() -> None:
    settings = SETTINGS.model_copy(update={"kubernetes_imports_claim": "gateway-imports"})
    made = pod(settings, NAMES, image=container_image(settings, "python"), variables={})
    check_manifest(made)
    assert broken({"pod": made, "policies": POLICIES}) == ()
    [mount] = [m for m in made["spec"]["containers"][0]["volumeMounts"] if m["mountPath"] == "/home/imports"]
    assert mount == {"name": "imports", "mountPath": "/home/imports", "readOnly": True, "subPath": "gi-bleed"}
    claim = {"claimName": "gateway-imports", "readOnly": True}
    assert {"name": "imports", "persistentVolumeClaim": claim} in made["spec"]["volumes"]


def test_a_container_of_nobody_is_no_detail() -> None:
    for where in ("containers", "initContainers", "ephemeralContainers"):
        place = (*S, where, len(POD["spec"].get(where, [])))
        with pytest.raises(ValueError, match="two containers"):
            broken(with_value(WORLD, place, {"name": "helper", "image": "x"}))


@pytest.mark.parametrize(
    ("file", "manifest"), MANIFESTS, ids=lambda value: value if isinstance(value, str) else value["kind"]
)
def test_manifests_are_what_the_client_library_knows(file: str, manifest: dict[str, Any]) -> None:
    check_manifest(manifest)


def test_what_is_made_at_run_time_is_too() -> None:
    for made in (
        POD,
        secret(NAMES, NAMES.gate, {"secret": "s"}),
        home_claim(SETTINGS, NAMES),
        shared_claim(SETTINGS, NAMES),
    ):
        check_manifest(made)
    with pytest.raises(AssertionError, match="unknown"):
        check_manifest(with_value(POD, ("spec", "hostNetworks"), True))
    with pytest.raises(AssertionError, match="no bool"):
        check_manifest(with_value(POD, ("spec", "hostPID"), "false"))


def test_no_secret_is_in_the_pod() -> None:
    assert "the-token" not in str(POD)
    assert POD["spec"]["containers"][0]["command"] == list(COMMAND)
    token = POD["spec"]["containers"][0]["env"][-1]
    assert token == {
        "name": "JUPYTERHUB_API_TOKEN",
        "valueFrom": {"secretKeyRef": {"name": f"ws-{NAMES.slug}-token", "key": "token"}},
    }
    assert not [variable for variable in POD["spec"]["containers"][0]["env"] if variable["name"].startswith("AWS")]


def test_the_gateway_may_write_secrets_and_read_none() -> None:
    roles = [manifest for _, manifest in MANIFESTS if manifest["kind"] == "Role"]
    [role] = roles
    assert role["metadata"]["namespace"] == SETTINGS.kubernetes_namespace
    rights = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}
    assert {verb for resource, verb in rights if resource == "secrets"} == {"create", "delete"}
    assert not {"*", "exec", "escalate", "impersonate", "bind"} & {part for right in rights for part in right}
    assert not [manifest for _, manifest in MANIFESTS if manifest["kind"].startswith("Cluster")]


def test_namespaces_bounds_and_secrets_by_reference() -> None:
    labels = {m["metadata"]["name"]: m["metadata"]["labels"] for _, m in MANIFESTS if m["kind"] == "Namespace"}
    assert labels["sde-workspaces"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert not [manifest for _, manifest in MANIFESTS if manifest["kind"] == "Secret"]
    [limits] = [manifest for _, manifest in MANIFESTS if manifest["kind"] == "LimitRange"]
    largest = limits["spec"]["limits"][0]["max"]
    for container in POD["spec"]["containers"]:
        asked = container["resources"]["limits"]
        assert bytes_of(asked["memory"]) <= bytes_of(largest["memory"])
        assert bytes_of(asked["ephemeral-storage"]) <= bytes_of(largest["ephemeral-storage"])
        assert processors_of(asked["cpu"]) <= processors_of(largest["cpu"])
        assert asked == container["resources"]["requests"]


def test_the_gates_address_is_one_in_all_manifests() -> None:
    [settings] = [manifest["data"] for _, manifest in MANIFESTS if manifest["kind"] == "ConfigMap"]
    [service] = [m for _, m in MANIFESTS if m["kind"] == "Service" and m["metadata"]["name"] == "gate"]
    port = service["spec"]["ports"][0]
    assert settings["SDE_GATE_ADDRESS"] == f"{service['spec']['clusterIP']}:{port['port']}"
    assert port["targetPort"] == int(settings["SDE_GATE_PORT"])
    assert {name.removeprefix("SDE_").lower() for name in settings} <= set(Settings.model_fields)


def test_both_parts_are_read() -> None:
    rooms = read_kubernetes(POD, POLICIES, gate_port=8443, gate_namespace="sde")
    assert [room.part for room in rooms] == [Part.WORKSPACE, Part.SIDECAR]
