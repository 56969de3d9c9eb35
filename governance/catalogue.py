"""The catalogue: the tables and columns a project may name, and what the guard may do with each.

It is the hand-over between intake (which writes it into an extract's manifest) and the guard (which reads it, cut to
the project's live grants).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PERSON_KEY = "person_id"
PERSON_ORDINAL = "person_ordinal"  # hidden: dense 0..N-1, only the guard's own rewriting reads it


class TableKind(StrEnum):
    """What a row of the table is about."""

    PRIVATE = "private"  # every row belongs to exactly one person, named by person_id
    PUBLIC = "public"  # reference data, about nobody


class ColumnUse(StrEnum):
    """What the guard lets a query do with a column of a private table."""

    PERSON = "person"  # person_id: joins, GROUP BY inside, COUNT(DISTINCT); never shown
    GROUP = "group"  # may be a group key, filtered and counted
    MEASURE = "measure"  # may be summed and averaged, filtered with comparisons
    DATE = "date"  # may be filtered, and grouped by year, quarter or month
    KEY = "key"  # row identifiers (visit_occurrence_id): joins inside one person only, count distinct


@dataclass(frozen=True)
class CatalogueColumn:
    """One column. `type` is DuckDB's (BIGINT, DOUBLE, VARCHAR, DATE, TIMESTAMP); `low`/`high` bound a measure."""

    name: str
    type: str
    use: ColumnUse = ColumnUse.GROUP
    description: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CatalogueTable:
    """One table. `one_row_per_person` spares the guard a distinct count (person, death)."""

    name: str
    kind: TableKind
    columns: Mapping[str, CatalogueColumn]
    one_row_per_person: bool = False
    description: str = ""


@dataclass(frozen=True)
class Catalogue:
    """All tables of one project's extract, by lowercase name."""

    tables: Mapping[str, CatalogueTable] = field(default_factory=dict)

    def cut_to(self, grants: Mapping[str, frozenset[str] | None]) -> Catalogue:
        """Only granted tables and columns. `grants`: table -> columns, None meaning every column. The person key of a
        granted private table always stays: without it nothing can be protected."""
        kept: dict[str, CatalogueTable] = {}
        for name, table in self.tables.items():
            if name not in grants:
                continue
            allowed = grants[name]
            columns = {
                key: column
                for key, column in table.columns.items()
                if allowed is None or key in allowed or column.use is ColumnUse.PERSON
            }
            kept[name] = CatalogueTable(name, table.kind, columns, table.one_row_per_person, table.description)
        return Catalogue(kept)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, as the manifest holds it."""
        return {
            name: {
                "kind": table.kind.value,
                "one_row_per_person": table.one_row_per_person,
                "description": table.description,
                "columns": [
                    {
                        "name": column.name,
                        "type": column.type,
                        "use": column.use.value,
                        "description": column.description,
                        "low": column.low,
                        "high": column.high,
                    }
                    for column in table.columns.values()
                ],
            }
            for name, table in self.tables.items()
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Catalogue:
        """Inverse of `as_dict`. Raises KeyError or ValueError on a document of another shape: fail closed."""
        return cls(
            {
                name: CatalogueTable(
                    name=name,
                    kind=TableKind(table["kind"]),
                    one_row_per_person=bool(table["one_row_per_person"]),
                    description=table["description"],
                    columns={
                        column["name"]: CatalogueColumn(
                            column["name"],
                            column["type"],
                            ColumnUse(column["use"]),
                            column["description"],
                            column["low"],
                            column["high"],
                        )
                        for column in table["columns"]
                    },
                )
                for name, table in document.items()
            }
        )
