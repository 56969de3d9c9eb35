"""Writes the register's projects, live memberships and data sources as manifests. What is read back is the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.manifests.documents import API_VERSION
from governance.manifests.importing import MODE, PROFILE, PURPOSE
from governance.manifests.reading import OWN_ROLE
from governance.registry.authority import find_project
from governance.settings import Settings
from governance.store.projects import Membership, Project
from governance.store.sources import DataSource

IMAGE = "sde-gateway/python"  # where no container image is set: the gateway's own workspace


def export_manifest(session: Session, settings: Settings, slugs: Iterable[str] = ()) -> str:
    """The manifests of these projects (none named: of all), as one YAML file. Raises Refusal `no-such-project`."""
    named = list(slugs)
    projects = [find_project(session, slug) for slug in named] or list(
        session.scalars(select(Project).order_by(Project.slug))
    )
    documents = [*_documents(session, projects, settings, everything=not named)]
    return str(yaml.dump_all(documents, sort_keys=False, allow_unicode=True, explicit_start=True))


def _documents(
    session: Session, projects: list[Project], settings: Settings, *, everything: bool
) -> Iterator[dict[str, Any]]:
    for project in projects:
        yield _workspace(project, settings)
        for held in project.memberships:
            if held.removed_at is None:
                yield _binding(held)
    slugs = {project.slug for project in projects}
    for source in session.scalars(select(DataSource).order_by(DataSource.name)):
        if source.project_slug in slugs or everything:
            yield _source(source)


def _document(kind: str, name: str, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _workspace(project: Project, settings: Settings) -> dict[str, Any]:
    limits = {"cpu": str(settings.workspace_cpus), "memory": str(settings.workspace_memory_bytes)}
    spec = {
        "displayName": project.title,
        "description": project.lay_summary,
        "validity": {"availableFrom": project.starts_on.isoformat(), "expires": project.ends_on.isoformat()},
        "jupyterWorkspace": {"image": settings.image_python or IMAGE, "resources": {"limits": limits}},
    }
    own = {PURPOSE: project.purpose, MODE: project.mode, PROFILE: project.profile}
    return _document("AnalyticsWorkspace", project.slug, spec, own)


def _binding(held: Membership) -> dict[str, Any]:
    spec = {
        "workspace": held.project_slug,
        "username": held.subject,
        "expires": held.until.isoformat(),
        "comments": "",
    }
    return _document("AnalyticsWorkspaceBinding", f"binding-{held.id}", spec, {OWN_ROLE: held.role})


def _source(source: DataSource) -> dict[str, Any]:
    approvals = ("type", "name", "email", "jobTitle", "approvalGiven")
    spec = {
        "type": source.kind,
        "displayName": source.title,
        "description": source.description,
        "license": source.licence,
        "publisher": {
            "organisation": source.publisher,
            "contact": {"name": source.contact, "role": source.contact_role},
        },
        "project": {"id": source.project_slug or ""},
        "connections": [{"name": name, "type": kind} for name, kind in json.loads(source.connections)],
        "approvals": [dict(zip(approvals, one, strict=True)) for one in json.loads(source.approvals)],
    }
    return _document("AnalyticsDataSource", source.name, spec)
