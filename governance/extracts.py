"""Opens a project's extract: which file the guard may execute on and what of it the project may name. Promise: only
the extract the register put in force, only if its manifest says the same and it was cut for the project's purpose, cut
to the grants live in this session: rows that are granted no longer are named by nobody.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from governance.catalogue import PERSON_KEY, Catalogue, CatalogueTable, ColumnUse, TableKind
from governance.refusal import Refusal
from governance.registry.extracts import current_extract
from governance.registry.grants import GrantRule, grant_rules, live_grants
from governance.roles import ALL_TABLES, ExtractOrigin
from governance.settings import Settings
from governance.store.projects import Extract, Project

DATABASE, MANIFEST = "extract.duckdb", "manifest.json"
MANIFEST_FORMAT = 2
FORMATS_WITHOUT_MARKS = (1,)
#: Hidden table of every extract (person_id, mark): in no catalogue, only the guard's own rewriting reads it. Projects
#: built from one cut share the marks although their person_ids differ.
MARKS = "sde_marks"

_CUT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ProjectData:
    """What a project reads now.

    Attributes:
        database: the extract's DuckDB file, to be opened read-only.
        catalogue: already cut to the live grants.
        sha256: of the database, as the register has it; stamped on receipts.
        people: how many people the extract holds; their `person_ordinal` runs from 0 to `people - 1`.
        built_on: the day the extract was built; what current_date means in a query.
        cut: SHA-256 (hex) of the source it was built from. Answers on one cut share one history, whatever the project.
    """

    database: Path
    catalogue: Catalogue
    sha256: str
    people: int
    cut: str
    built_on: date = date.min


def load_project_data(settings: Settings, session: Session, slug: str) -> ProjectData:
    """The extract in force for a project.

    It does not ask who the caller is (governance.access) and does not hash the database on every query: the file is
    read-only, and `check_extract_bytes` does it where there is time.

    Raises Refusal `no-extract` if the project has none, `extract-damaged` if it is not what the register recorded,
    `extract-outdated` if an earlier release built it (its people have no marks, so answers could not be protected).
    """
    extract = current_extract(session, slug)
    if extract is None:
        raise Refusal("no-extract", "This project has no data yet.", "Ask your data steward.")
    folder = settings.folder.extracts / extract.folder
    catalogue, rules, cut, built_on = _read_recorded(folder, extract)
    if not (folder / DATABASE).is_file():
        raise _damaged()
    if extract.origin == ExtractOrigin.REGION and extract.purpose != _purpose(session, slug):
        raise Refusal(
            "extract-outdated",
            "This project's data was built for another purpose.",
            "Ask your data steward to build it again: sde extract refresh.",
        )
    named = _still_granted(catalogue.cut_to(live_grants(session, slug, catalogue.tables)), rules, session, slug)
    return ProjectData(folder / DATABASE, named, extract.sha256, extract.people, cut, built_on)


def check_extract_bytes(settings: Settings, session: Session, slug: str) -> None:
    """Hash the whole database of the extract in force (for `sde doctor` and start-up, not for every query).

    Raises as `load_project_data`, and Refusal `extract-damaged` if a byte changed.
    """
    data = load_project_data(settings, session, slug)
    with data.database.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != data.sha256:
            raise _damaged()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest beside an extract. Raises Refusal `extract-damaged`."""
    return _understand(_read_bytes(folder))[0]


def write_rule(rule: GrantRule) -> dict[str, Any]:
    """A grant as the manifest holds it, beside its table's name."""
    return {
        "columns": None if rule.columns is None else sorted(rule.columns),
        "starts": str(rule.starts or ""),
        "ends": str(rule.ends or ""),
        "codes": sorted(rule.codes),
    }


def _read_rules(manifest: dict[str, Any], catalogue: Catalogue) -> dict[str, frozenset[GrantRule]]:
    """By which grants each table was cut; extracts of earlier releases hold all rows."""
    written = manifest.get("rules")
    if written is None:
        return {name: frozenset({GrantRule(name)}) for name in catalogue.tables}
    return {
        name: frozenset(
            GrantRule(
                name,
                None if rule["columns"] is None else frozenset(rule["columns"]),
                date.fromisoformat(rule["starts"]) if rule["starts"] else None,
                date.fromisoformat(rule["ends"]) if rule["ends"] else None,
                frozenset(rule["codes"]),
            )
            for rule in written[name]
        )
        for name in catalogue.tables
    }


def _still_granted(
    catalogue: Catalogue, cut_by: Mapping[str, frozenset[GrantRule]], session: Session, slug: str
) -> Catalogue:
    """Without tables and columns of which the extract may hold rows that no live grant admits: a grant was narrowed or
    replaced since. They come back with the next extract, which is cut to the new grants."""
    live = grant_rules(session, slug)
    kept: dict[str, CatalogueTable] = {}
    for name, table in catalogue.tables.items():
        now_live = [rule for rule in live if rule.table in (ALL_TABLES, name)]
        columns = {
            key: column
            for key, column in table.columns.items()
            if all(
                any(_covers(rule, before, key) for rule in now_live)
                for before in cut_by[name]
                if column.use is ColumnUse.PERSON or before.columns is None or key in before.columns
            )
        }
        if table.kind is TableKind.PUBLIC or PERSON_KEY in columns:
            kept[name] = CatalogueTable(name, table.kind, columns, table.one_row_per_person, table.description)
    return Catalogue(kept)


def _covers(live: GrantRule, before: GrantRule, column: str) -> bool:
    """Whether every row that `before` admitted is admitted by `live`, with this column. The person key goes with every
    grant."""
    names = live.columns is None or column in live.columns or column == PERSON_KEY
    starts = live.starts is None or (before.starts is not None and before.starts >= live.starts)
    ends = live.ends is None or (before.ends is not None and before.ends <= live.ends)
    codes = not live.codes or (bool(before.codes) and before.codes <= live.codes)
    return names and starts and ends and codes


def _purpose(session: Session, slug: str) -> str:
    project = session.get(Project, slug)
    return project.purpose if project is not None else ""


def _read_recorded(folder: Path, extract: Extract) -> tuple[Catalogue, dict[str, frozenset[GrantRule]], str, date]:
    """The catalogue, by which grants it was cut, the cut and the day of building, if the manifest says what the
    register says."""
    manifest, catalogue, rules = _understand(_read_bytes(folder))
    recorded = {"project": extract.project_slug, "sha256": extract.sha256, "people": extract.people}
    if any(manifest.get(key) != value for key, value in recorded.items()):
        raise _damaged()
    cut = manifest.get("source_sha256")
    if not isinstance(cut, str) or not _CUT.fullmatch(cut):
        raise _damaged()
    try:
        built_on = datetime.fromisoformat(manifest["created_at"]).date()
    except (KeyError, TypeError, ValueError):
        raise _damaged() from None
    return catalogue, rules, cut, built_on


def _read_bytes(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        raise _damaged() from None


@lru_cache(maxsize=32)
def _understand(content: bytes) -> tuple[dict[str, Any], Catalogue, dict[str, frozenset[GrantRule]]]:
    """A manifest's bytes as document, catalogue and grants it was cut by. Remembered by content (never by name or
    time): the same bytes mean the same, and every query asks. Nobody changes what is returned."""
    try:
        manifest = json.loads(content)
        if not isinstance(manifest, dict):
            raise _damaged()
        if manifest.get("format") in FORMATS_WITHOUT_MARKS:
            raise Refusal(
                "extract-outdated",
                "This project's data was built by an earlier release of the gateway.",
                "Ask your data steward to build it again: sde extract adopt.",
            )
        if manifest.get("format") != MANIFEST_FORMAT:
            raise _damaged()
        catalogue = Catalogue.from_dict(manifest["tables"])
        return manifest, catalogue, _read_rules(manifest, catalogue)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged() from None


def _damaged() -> Refusal:
    return Refusal(
        "extract-damaged", "This project's data is not what the register recorded.", "Tell your data steward."
    )
