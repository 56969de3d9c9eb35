"""Seals a built extract: read-only files, hashes and the manifest that the guard reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.clock import now
from governance.cohort import write_cohort
from governance.disclosure import POLICY_VERSION
from governance.extracts import DATABASE, MANIFEST, MANIFEST_FORMAT, write_rule
from intake.cut.filling import Filled
from intake.cut.kept import ListSeal
from intake.cut.ledger import final_rows
from intake.cut.wanted import Wanted
from intake.sources import digest_file


@dataclass(frozen=True)
class Sealed:
    """SHA-256 of the extract file (hex) and its rows over all tables."""

    sha256: str
    rows: int


def seal_extract(
    folder: Path, wanted: Wanted, filled: Filled, keys: Mapping[str, str], closed_list: ListSeal | None
) -> Sealed:
    """Write the manifest, make both files 0400 and return what the register records. `keys`: by domain, the public ids
    of the keys it was made with; `closed_list`: what it was cut by, see `kept`."""
    extract, source = folder / DATABASE, filled.source
    sealed = Sealed(digest_file(extract), sum(final_rows(filled.steps).values()))
    manifest = {
        "format": MANIFEST_FORMAT,
        "project": wanted.project,
        "created_at": now().isoformat(),
        "origin": source.origin,
        "purpose": wanted.purpose,
        "opt_outs": source.opt_outs,
        "region_version": source.region_version,
        "opt_out_version": source.opt_out_version,
        "source_name": source.name,
        "source_sha256": source.cut,
        "keys": dict(keys),
        "wanted": wanted.digest,
        "cohort": write_cohort(wanted.cohort),
        "sha256": sealed.sha256,
        "people": filled.people.chosen,
        "rows": sealed.rows,
        "policy_version": POLICY_VERSION,
        "tables": filled.catalogue.as_dict(),
        "rules": {name: [write_rule(rule) for rule in wanted.rules_of(name)] for name in filled.catalogue.tables},
        "people_ledger": asdict(filled.people),
        "unlinked": source.unlinked,
        "steps": [asdict(step) for step in filled.steps],
        "closed_list": None if closed_list is None else asdict(closed_list),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for file in (extract, folder / MANIFEST):
        file.chmod(0o400)
    return sealed
