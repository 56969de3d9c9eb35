"""Writes a release as an RO-Crate (1.2) in the words of the Five Safes Crate profile (0.4): project, author, the
automatic disclosure check, the reviewers' sign-off, each file with its SHA-256.

The profile's conformance is not claimed: it wants a workflow as the main entity, and a release has none
(docs/decisions/crate-without-a-workflow.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from egress.releasing.documents import CRATE, MANIFEST, RESULTS, SIGNATURE, canonical
from egress.releasing.manifest import Manifest, ManifestFile

CONTEXT = "https://w3id.org/ro/crate/1.2/context"
SPECIFICATION = "https://w3id.org/ro/crate/1.2"
#: Words that the crate's own context lacks.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
SAFE_HAVEN = "https://w3id.org/shp#"
COMPLETED = "http://schema.org/CompletedActionStatus"
SERVICE, GATEWAY = "#service", "#gateway"
Entity = dict[str, Any]
BESIDE = {
    MANIFEST: ("Signed release manifest", "application/json"),
    SIGNATURE: ("Ed25519 signature of the manifest", "application/json"),
    RESULTS: ("The release in ACRO's words", "application/json"),
}


def write_crate(manifest: Manifest) -> bytes:
    """`ro-crate-metadata.json` of a release."""
    graph = [_describe_itself(), _describe_root(manifest), *_describe_parts(manifest), *_describe_actors(manifest)]
    return canonical({"@context": [CONTEXT, TERMS], "@graph": [*graph, *_describe_actions(manifest)]})


def refer(identity: str) -> Entity:
    """A reference to another entity of the crate."""
    return {"@id": identity}


def _describe_itself() -> Entity:
    return {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": refer("./"),
        "conformsTo": refer(SPECIFICATION),
    }


def _describe_root(manifest: Manifest) -> Entity:
    names = [_path(file.name) for file in manifest.files] + list(BESIDE)
    actions = ["#release", "#disclosure-check", *(f"#sign-off-{number}" for number in _numbers(manifest))]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": manifest.title,
        "description": f"Outputs of project {manifest.project}, checked for disclosure and released.",
        "identifier": manifest.request,
        "datePublished": _moment(manifest),
        "license": refer("#terms"),
        "sourceOrganization": refer("#project"),
        "publisher": refer(SERVICE),
        "hasPart": [refer(name) for name in names],
        "mentions": [refer(action) for action in actions],
    }


def _describe_parts(manifest: Manifest) -> Iterator[Entity]:
    for file in manifest.files:
        yield _describe_file(file)
    for name, (title, media_type) in BESIDE.items():
        yield {"@id": name, "@type": "File", "name": title, "encodingFormat": media_type}
    yield {
        "@id": "#terms",
        "@type": "CreativeWork",
        "name": "Terms of the data access agreement",
        "description": "Use is as the project's data access agreement says.",
    }


def _describe_file(file: ManifestFile) -> Entity:
    return {
        "@id": _path(file.name),
        "@type": "File",
        "name": file.name,
        "encodingFormat": file.media_type,
        "contentSize": str(file.size),
        "sha256": file.sha256,
    }


def _describe_actors(manifest: Manifest) -> Iterator[Entity]:
    yield {
        "@id": "#project",
        "@type": "Project",
        "name": manifest.project,
        "identifier": manifest.project,
        "member": [refer("#author")],
    }
    yield _describe_person("#author", manifest.author) | {"memberOf": [refer("#project")]}
    for number, checker in enumerate(manifest.checkers, start=1):
        yield _describe_person(f"#checker-{number}", checker)
    if manifest.exception is not None:
        yield _describe_person("#controller", manifest.exception.controller)
    yield {"@id": SERVICE, "@type": "Organization", "name": "Secure data environment that released this crate"}
    yield {"@id": GATEWAY, "@type": "SoftwareApplication", "name": "SDE Gateway", "provider": refer(SERVICE)}
    yield {"@id": "#policy", "@type": "CreativeWork", "name": f"Disclosure policy {manifest.policy_version}"}


def _describe_person(identity: str, subject: str) -> Entity:
    return {"@id": identity, "@type": "Person", "name": subject, "affiliation": refer(SERVICE)}


def _describe_actions(manifest: Manifest) -> Iterator[Entity]:
    files = [refer(_path(file.name)) for file in manifest.files]
    yield {
        "@id": "#release",
        "@type": "CreateAction",
        "name": "Release of the approved files",
        "agent": refer("#author"),
        "instrument": refer(GATEWAY),
        "result": files,
        **_ended(manifest),
    }
    yield {
        "@id": "#disclosure-check",
        "@type": "AssessAction",
        "additionalType": refer(f"{SAFE_HAVEN}DisclosureCheck"),
        "name": f"Automatic disclosure checks: {', '.join(sorted({file.verdict for file in manifest.files}))}",
        "agent": refer(GATEWAY),
        "instrument": refer("#policy"),
        "object": [refer("./"), *files],
        **_ended(manifest),
    }
    for number, agent in _numbers(manifest).items():
        yield {
            "@id": f"#sign-off-{number}",
            "@type": "AssessAction",
            "additionalType": refer(f"{SAFE_HAVEN}SignOff"),
            "name": "Sign-off of the release: approved",
            "agent": refer(agent),
            "instrument": refer("#policy"),
            "object": [refer("./"), refer("#project")],
            **_ended(manifest),
        }


def _numbers(manifest: Manifest) -> dict[int, str]:
    """Who signed off, by number: the checkers, then the controller's delegate."""
    agents = [f"#checker-{number}" for number in range(1, len(manifest.checkers) + 1)]
    return dict(enumerate([*agents, *(["#controller"] if manifest.exception else [])], start=1))


def _ended(manifest: Manifest) -> Entity:
    return {"endTime": _moment(manifest), "actionStatus": refer(COMPLETED)}


def _moment(manifest: Manifest) -> str:
    return manifest.released_at.isoformat(timespec="seconds")


def _path(name: str) -> str:
    """A file's name as a relative address."""
    return quote(name)
