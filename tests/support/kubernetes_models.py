"""Whether a manifest is what the client library's models know: every key of every object, and what must be there."""

from __future__ import annotations

import re
from typing import Any

from kubernetes_asyncio.client import models

KINDS = {
    "Deployment": "V1Deployment", "Namespace": "V1Namespace", "NetworkPolicy": "V1NetworkPolicy", "Pod": "V1Pod",
    "ConfigMap": "V1ConfigMap", "LimitRange": "V1LimitRange", "PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "ResourceQuota": "V1ResourceQuota", "Role": "V1Role", "RoleBinding": "V1RoleBinding", "Secret": "V1Secret",
    "Service": "V1Service", "ServiceAccount": "V1ServiceAccount",
}  # fmt: skip
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def check_manifest(manifest: dict[str, Any]) -> None:
    """Raise AssertionError, naming the place, for a key or a type that the models do not know."""
    _check(KINDS[manifest["kind"]], manifest, manifest["kind"])


def _check(kind: str, value: Any, where: str) -> None:
    if found := re.fullmatch(r"list\[(.+)\]", kind, re.IGNORECASE):
        assert isinstance(value, list), where
        for number, entry in enumerate(value):
            _check(found[1], entry, f"{where}[{number}]")
    elif found := re.fullmatch(r"dict\((\w+), (.+)\)|dict\[(\w+), (.+)\]", kind, re.IGNORECASE):
        assert isinstance(value, dict), where
        for name, entry in value.items():
            _check(found[2] or found[4], entry, f"{where}.{name}")
    elif kind in PLAIN:
        assert isinstance(value, PLAIN[kind]), f"{where}: {value!r} is no {kind}"
        assert kind == "bool" or not isinstance(value, bool), where
    elif hasattr(models, kind):
        _check_model(getattr(models, kind), value, where)


def _check_model(model: Any, value: Any, where: str) -> None:
    assert isinstance(value, dict), where
    attributes = {written: name for name, written in model.attribute_map.items()}
    unknown = value.keys() - attributes.keys()
    assert not unknown, f"{where}: unknown {sorted(unknown)}"
    for written, inner in value.items():
        _check(model.openapi_types[attributes[written]], inner, f"{where}.{written}")
    model(**{attributes[written]: inner for written, inner in value.items()})  # what must be there, is
