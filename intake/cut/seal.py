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
from governance.roles import Purpose
from intake.cut.copying import Step
from intake.cut.source import Source
from intake.sources import digest_file


@dataclass(frozen=True)
class Sealed:
    """SHA-256 of the extract file (hex) and its rows over all tables."""

    sha256: str
    rows: int


@dataclass(frozen=True)
class Origin:
    """Whose extract it is, what for, and from what."""

    project: str
    purpose: Purpose
    source: Source


def seal_extract(folder: Path, origin: Origin, catalogue: Catalogue, people: int, steps: Sequence[Step]) -> Sealed:
    """Write the manifest, make both files 0400 and return what the register records."""
    extract = folder / DATABASE
    rows = sum(step.rows_out for step in steps if step.step != "types")
    sealed = Sealed(digest_file(extract), rows)
    manifest = {
        "format": MANIFEST_FORMAT,
        "project": origin.project,
        "created_at": now().isoformat(),
        "origin": origin.source.origin,
        "purpose": origin.purpose,
        "opt_outs": origin.source.opt_outs,
        "region_version": origin.source.region_version,
        "opt_out_version": origin.source.opt_out_version,
        "source_name": origin.source.name,
        "source_sha256": origin.source.cut,
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
