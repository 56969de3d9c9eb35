"""What an extract may hold of the OMOP Common Data Model, read once from `tables.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, ColumnUse, TableKind

_COLUMN = re.compile(
    r"(?P<name>[a-z_0-9]+) (?P<type>[A-Z]+) (?P<use>[a-z]+)"
    r"(?: (?P<low>-?[0-9.]+?)\.\.(?P<high>-?[0-9.]+))? \| (?P<description>.+)"
)


@cache
def omop_catalogue() -> Catalogue:
    """Every table and column that may ever be in an extract. Raises ValueError if `tables.toml` is malformed."""
    return Catalogue(
        {
            name: CatalogueTable(
                name=name,
                kind=TableKind(table["kind"]),
                columns={column.name: column for column in map(_read_column, table["columns"])},
                one_row_per_person=table.get("one_row_per_person", False),
                description=table["description"],
            )
            for name, table in _document().items()
        }
    )


@cache
def adoptable_catalogue() -> Catalogue:
    """What of it an extract from somebody else's OMOP database may hold: nothing that is `region_only`."""
    everything, document = omop_catalogue(), _document()
    kept = {
        name: frozenset(table.columns) - frozenset(document[name].get("region_only", ()))
        for name, table in everything.tables.items()
    }
    return everything.cut_to({name: columns for name, columns in kept.items() if columns})


def _document() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("tables.toml").read_text(encoding="utf-8"))


def _read_column(line: str) -> CatalogueColumn:
    found = _COLUMN.fullmatch(line)
    if found is None:
        raise ValueError(f"not a column of tables.toml: {line}")
    low, high = found["low"], found["high"]
    return CatalogueColumn(
        name=found["name"],
        type=found["type"],
        use=ColumnUse(found["use"]),
        description=found["description"],
        low=float(low) if low else None,
        high=float(high) if high else None,
    )
