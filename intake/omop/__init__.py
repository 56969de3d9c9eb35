"""What an extract may hold of the OMOP Common Data Model, read once from `tables.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, ColumnUse, TableKind

_COLUMN = re.compile(
    r"(?P<name>[a-z_0-9]+) (?P<type>[A-Z]+) (?P<use>[a-z]+)"
    r"(?: (?P<low>-?[0-9.]+?)\.\.(?P<high>-?[0-9.]+))? \| (?P<description>.+)"
)


@cache
def omop_catalogue() -> Catalogue:
    """Every table and column that may ever be in an extract. Raises ValueError if `tables.toml` is malformed."""
    document = tomllib.loads(files(__package__).joinpath("tables.toml").read_text(encoding="utf-8"))
    return Catalogue(
        {
            name: CatalogueTable(
                name=name,
                kind=TableKind(table["kind"]),
                columns={column.name: column for column in map(_read_column, table["columns"])},
                one_row_per_person=table.get("one_row_per_person", False),
                description=table["description"],
            )
            for name, table in document.items()
        }
    )


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
