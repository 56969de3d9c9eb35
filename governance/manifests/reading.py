"""Reads a file of manifests (YAML, several documents). Promise: whatever is in it ends in values or in one Refusal that
names the document and the field and never its value; nothing in it is followed, expanded or run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from governance.manifests.documents import (
    API_VERSION,
    Binding,
    BindingForm,
    DataSource,
    DataSourceForm,
    Manifest,
    Workspace,
    WorkspaceForm,
)
from governance.refusal import Refusal

MOST_BYTES = 2**20
MOST_DOCUMENTS = 2000
MOST_DEEP = 40
FORMS: dict[str, type[WorkspaceForm] | type[BindingForm] | type[DataSourceForm]] = {
    "AnalyticsWorkspace": WorkspaceForm,
    "AnalyticsWorkspaceBinding": BindingForm,
    "AnalyticsDataSource": DataSourceForm,
}
#: Fields of a connection under which that SDE keeps a secret in plain text. Naming a secret elsewhere is no secret.
SECRETS = frozenset({"value", "password", "token"})
OWN_ROLE = "sde-gateway/role"


def read_manifest(content: bytes) -> Manifest:
    """The file's documents as values.

    Raises Refusal `manifest-too-large`, `manifest-not-readable`, `manifest-kind`, `manifest-field`, `manifest-twice`,
    `manifest-secret`.
    """
    workspaces: list[Workspace] = []
    bindings: list[Binding] = []
    sources: list[DataSource] = []
    notes: list[str] = []
    seen: set[tuple[str, str]] = set()
    for number, form in enumerate(_forms(content), 1):
        notes += [f"document {number}: {field} means nothing here" for field in _unused(form.spec, "spec")]
        if (form.kind, form.metadata.name) in seen:
            raise Refusal("manifest-twice", f"Document {number} says again what an earlier one of its name says.")
        seen.add((form.kind, form.metadata.name))
        if isinstance(form, WorkspaceForm):
            workspaces.append(_workspace(form))
        elif isinstance(form, BindingForm):
            bindings.append(_binding(form))
        else:
            sources.append(_source(form, number))
    return Manifest(tuple(workspaces), tuple(bindings), tuple(sources), tuple(notes))


def _forms(content: bytes) -> Iterator[WorkspaceForm | BindingForm | DataSourceForm]:
    for number, document in enumerate(_documents(content), 1):
        if not isinstance(document, dict):
            raise Refusal("manifest-not-readable", f"Document {number} is no manifest.", "Write apiVersion, kind, ...")
        if document.get("apiVersion") != API_VERSION or document.get("kind") not in FORMS:
            raise Refusal(
                "manifest-kind",
                f"Document {number} is of a kind or version that is not taken in.",
                f"{API_VERSION}: {', '.join(FORMS)}.",
            )
        try:
            yield FORMS[document["kind"]].model_validate(document)
        except ValidationError as wrong:
            fields = sorted({".".join(str(part) for part in problem["loc"]) for problem in wrong.errors()})
            raise Refusal(
                "manifest-field",
                f"Document {number}: missing or not as it should be: {', '.join(fields)[:300]}.",
                "Days are YYYY-MM-DD; names are text.",
            ) from None


def _documents(content: bytes) -> Iterator[Any]:
    """YAML of the safe kind: neither deep nor with anchors, for either can cost hours or gigabytes."""
    if len(content) > MOST_BYTES:
        raise Refusal("manifest-too-large", f"The file is larger than {MOST_BYTES // 1024} KiB.", "Split it.")
    try:
        text = content.decode()
        _check_shape(text)
        documents = [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document is not None]
    except (UnicodeDecodeError, yaml.YAMLError, ValueError):
        raise Refusal("manifest-not-readable", "The file is not YAML.", "Save it as UTF-8 YAML.") from None
    if not documents or len(documents) > MOST_DOCUMENTS:
        raise Refusal("manifest-not-readable", f"The file holds no manifest, or more than {MOST_DOCUMENTS}.")
    yield from documents


def _check_shape(text: str) -> None:
    """Event by event, so that nothing is built before it is known to be harmless."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Refusal("manifest-not-readable", "The file uses YAML anchors.", "Write out what they stand for.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEEP:
            raise Refusal("manifest-not-readable", "The file is nested too deeply.", "No manifest is.")


def _workspace(form: WorkspaceForm) -> Workspace:
    spec, named = form.spec, form.metadata
    days = spec.validity
    own = tuple(sorted(named.annotations.items()))
    return Workspace(named.name, spec.display_name, spec.description, days.available_from, days.expires, own)


def _binding(form: BindingForm) -> Binding:
    spec = form.spec
    role = form.metadata.annotations.get(OWN_ROLE, "")
    return Binding(form.metadata.name, spec.workspace, spec.username, spec.expires, role)


def _source(form: DataSourceForm, number: int) -> DataSource:
    spec = form.spec
    if any(_holds_secret(connection.model_extra) for connection in spec.connections):
        raise Refusal(
            "manifest-secret",
            f"Document {number} holds a secret in plain text.",
            "Take it out of the file, and have it changed: whoever read the file knows it.",
        )
    publisher = spec.publisher
    return DataSource(
        name=form.metadata.name,
        kind=spec.type,
        title=spec.display_name,
        description=spec.description,
        licence=spec.license,
        publisher=publisher.organisation,
        contact=publisher.contact.name,
        contact_role=publisher.contact.role,
        project=spec.project.id,
        connections=tuple((one.name, one.type) for one in spec.connections),
        approvals=tuple((one.type, one.name, one.email, one.job_title, one.approval_given) for one in spec.approvals),
    )


def _holds_secret(value: object) -> bool:
    """Whether there is a filled-in field of one of those names anywhere in it."""
    if isinstance(value, dict):
        return any((key in SECRETS and bool(inner)) or _holds_secret(inner) for key, inner in value.items())
    return isinstance(value, list) and any(_holds_secret(inner) for inner in value)


def _unused(form: BaseModel, path: str) -> Iterator[str]:
    """The fields that the form does not know, at any depth."""
    for name in form.model_extra or {}:
        yield f"{path}.{name}"
    for name, field in type(form).model_fields.items():
        inner = getattr(form, name)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, BaseModel):
                yield from _unused(one, f"{path}.{field.alias}")
