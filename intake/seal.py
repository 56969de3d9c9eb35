"""Seals a built extract: read-only files, hashes and the manifest that the guard reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.catalogue import Catalogue
from governance.clock import now
from governance.disclosure import POLICY_VERSION
from governance.extracts import DATABASE, MANIFEST, MANIFEST_FORMAT
from intake.copying import Step
from intake.sources import digest_file


@dataclass(frozen=True)
class Sealed:
    """SHA-256 of the extract file (hex) and its rows over all tables."""

    sha256: str
    rows: int


@dataclass(frozen=True)
class Origin:
    """Whose extract it is, and from what: the source's name and the SHA-256 that names the data cut."""

    project: str
    source_name: str
    cut: str


def seal_extract(folder: Path, origin: Origin, catalogue: Catalogue, people: int, steps: Sequence[Step]) -> Sealed:
    """Write the manifest, make both files 0400 and return what the register records."""
    extract = folder / DATABASE
    rows = sum(step.rows_out for step in steps if step.step != "types")
    sealed = Sealed(digest_file(extract), rows)
    manifest = {
        "format": MANIFEST_FORMAT,
        "project": origin.project,
        "created_at": now().isoformat(),
        "source_name": origin.source_name,
        "source_sha256": origin.cut,
        "sha256": sealed.sha256,
        "people": people,
        "rows": rows,
        "policy_version": POLICY_VERSION,
        "tables": catalogue.as_dict(),
        "steps": [asdict(step) for step in steps],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for file in (extract, folder / MANIFEST):
        file.chmod(0o400)
    return sealed
