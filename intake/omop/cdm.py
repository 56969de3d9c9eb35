"""The OMOP Common Data Model 5.4 as data, read once from `cdm54.toml`: what a table of it looks like."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CDM_VERSION = "5.4"
#: What every row of the region's tables about people says besides the model's own columns.
LINEAGE: Mapping[str, str] = {"source_feed": "VARCHAR", "match_rank": "UTINYINT"}
_WORDS = frozenset({"required", "extension"})


@dataclass(frozen=True)
class CdmColumn:
    """One column. `extension`: ours, not the model's."""

    name: str
    type: str
    required: bool = False
    extension: bool = False


@dataclass(frozen=True)
class CdmTable:
    """One table, columns in the model's order."""

    name: str
    columns: Mapping[str, CdmColumn]

    @property
    def is_about_people(self) -> bool:
        """Whether each row belongs to one person."""
        return "person_id" in self.columns

    @property
    def key(self) -> str | None:
        """The column that names a row (`<table>_id`), if the model has one."""
        name = f"{self.name}_id"
        return (
            name
            if name in self.columns and self.name not in ("vocabulary", "domain", "concept_class", "relationship")
            else None
        )


@cache
def cdm_tables() -> Mapping[str, CdmTable]:
    """All 39 tables by name. Raises ValueError if `cdm54.toml` is malformed."""
    document = tomllib.loads(files(__package__).joinpath("cdm54.toml").read_text(encoding="utf-8"))
    return {
        name: CdmTable(name, {column: _read_column(column, text) for column, text in columns.items()})
        for name, columns in document.items()
    }


def _read_column(name: str, text: str) -> CdmColumn:
    kind, *words = text.split()
    if not _WORDS.issuperset(words):
        raise ValueError(f"not a column of cdm54.toml: {name} = {text}")
    return CdmColumn(name, kind, "required" in words, "extension" in words)
