"""Seals a built extract: read-only files, hashes and the manifest that the guard reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.catalogue import Catalogue
from governance.clock import now
from governance.disclosure import POLICY_VERSION
from governance.extracts import DATABASE, MANIFEST, MANIFEST_FORMAT
from intake.copying import Step


@dataclass(frozen=True)
class Sealed:
    """SHA-256 of the extract file (hex) and its rows over all tables."""

    sha256: str
    rows: int


def seal_extract(
    folder: Path, project: str, source: Path, catalogue: Catalogue, people: int, steps: Sequence[Step]
) -> Sealed:
    """Write the manifest, make both files 0400 and return what the register records."""
    extract = folder / DATABASE
    rows = sum(step.rows_out for step in steps if step.step != "types")
    sealed = Sealed(_digest(extract), rows)
    manifest = {
        "format": MANIFEST_FORMAT,
        "project": project,
        "created_at": now().isoformat(),
        "source_name": source.name,
        "source_sha256": _digest(source) if source.is_file() else "",
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


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
