"""The release manifest: what left, under which policy, on whose approval, and what was taken off it on the way.

Format 2 (docs/reference/release-manifest.md). The signature is Ed25519 over the manifest's bytes, kept beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from egress.directions import IN, OUT, Direction
from egress.releasing.documents import canonical

FORMAT, KIND = 2, "sde-release"
IMPORT_KIND = "sde-import"  # what was brought in: no reader takes it for a release
APPROVE = "approve"
TOOLS = ("sde-gateway", "nbconvert", "openpyxl", "pdfplumber", "pillow")


@dataclass(frozen=True)
class ManifestFinding:
    """What a check said of a file, as its checkers saw it."""

    check: str
    severity: str
    where: str
    why: str


@dataclass(frozen=True)
class ManifestVote:
    """One vote the release rests on: whose (subject), what, under which policy, when."""

    checker: str
    decision: str
    policy_version: str
    voted_at: datetime


@dataclass(frozen=True)
class ManifestFile:
    """One released file. `sha256` and `size`: of what left; `approved_*`: of what the checkers looked at. They differ
    where something was taken off on the way; `removed` says what, in words."""

    name: str
    media_type: str
    sha256: str
    size: int
    approved_sha256: str
    approved_size: int
    findings: tuple[ManifestFinding, ...] = ()
    votes: tuple[ManifestVote, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The worst severity of its findings."""
        said = {finding.severity for finding in self.findings}
        return next((severity for severity in ("FAIL", "REVIEW") if severity in said), "PASS")


@dataclass(frozen=True)
class ManifestException:
    """What a controller's delegate let pass: a FAIL, for the author's reason, or a request of a project where one
    decides on every request (`reason` is empty then)."""

    reason: str
    controller: str
    decision: str


@dataclass(frozen=True)
class Companion:
    """A document written beside the files: not reviewed, made of what the manifest says."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """Everything a reader needs to know of a release, or of what was brought in (`purpose`). `receipts` are ids of the
    author's answered queries."""

    project: str
    request: str
    turn: int
    author: str
    title: str
    profile: str
    policy_version: str
    threshold: int
    round_to: int
    approvals: int
    exception: ManifestException | None
    files: tuple[ManifestFile, ...]
    receipts: tuple[str, ...]
    created_at: datetime
    released_at: datetime
    companions: tuple[Companion, ...] = ()
    direction: Direction = OUT
    purpose: str = ""

    @property
    def is_incoming(self) -> bool:
        """Whether it is of what was brought in."""
        return self.direction is IN

    @property
    def checkers(self) -> tuple[str, ...]:
        """Who approved, each once, sorted."""
        votes = (vote for file in self.files for vote in file.votes)
        return tuple(sorted({vote.checker for vote in votes if vote.decision == APPROVE}))

    @property
    def size(self) -> int:
        """Bytes of the files that left."""
        return sum(file.size for file in self.files)

    def to_bytes(self) -> bytes:
        """Canonical JSON with a final newline."""
        document = {
            "format": FORMAT,
            "kind": IMPORT_KIND if self.is_incoming else KIND,
            **({"purpose": self.purpose} if self.is_incoming else {}),
            "project": self.project,
            "request": self.request,
            "turn": self.turn,
            "author": self.author,
            "title": self.title,
            "policy": {
                "profile": self.profile,
                "version": self.policy_version,
                "threshold": self.threshold,
                "round_to": self.round_to,
                "approvals": self.approvals,
            },
            "checkers": list(self.checkers),
            "exception": asdict(self.exception) if self.exception else None,
            "files": [_write_file(file) for file in sorted(self.files, key=lambda file: file.name)],
            "companions": [asdict(companion) for companion in sorted(self.companions, key=lambda one: one.name)],
            "receipts": list(self.receipts),
            "created_at": _write_moment(self.created_at),
            "released_at": _write_moment(self.released_at),
            "tools": {tool: version(tool) for tool in TOOLS},
        }
        return canonical(document)


@dataclass(frozen=True)
class Named:
    """What a manifest vouches for under one name."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Told:
    """What a reader takes from a manifest: whose release it is, and every name it vouches for."""

    project: str
    request: str
    released_at: str
    files: Mapping[str, Named]
    companions: Mapping[str, Named]

    @property
    def named(self) -> dict[str, Named]:
        """Files and companions by name."""
        return {**self.files, **self.companions}


def read_told_of(document: bytes) -> Told:
    """What a manifest says. Raises ValueError for anything that is no manifest of this format."""
    try:
        said = json.loads(document)
        if (said["kind"], said["format"]) != (KIND, FORMAT):
            raise ValueError("another format")
        texts = [said[name] for name in ("project", "request", "released_at")]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("not texts")
        return Told(texts[0], texts[1], texts[2], _read_named(said["files"]), _read_named(said["companions"]))
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("no manifest") from None


def _read_named(rows: list[dict[str, Any]]) -> dict[str, Named]:
    named: dict[str, Named] = {}
    for row in rows:
        name, sha256, size = row["name"], row["sha256"], row["size"]
        if not (isinstance(name, str) and isinstance(sha256, str) and type(size) is int) or name in named:
            raise ValueError("no list of files")
        named[name] = Named(sha256, size)
    return named


def _write_file(file: ManifestFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "size": file.size,
        "approved": {"sha256": file.approved_sha256, "size": file.approved_size},
        "sanitised": file.sha256 != file.approved_sha256,
        "removed": list(file.removed),
        "findings": [asdict(finding) for finding in file.findings],
        "votes": [{**asdict(vote), "voted_at": _write_moment(vote.voted_at)} for vote in file.votes],
    }


def _write_moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
