"""Small regions made by hand: Parquet folders in the shape that harmonising writes, recorded in the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from governance.registry import record_region
from governance.registry.regions import RegionView, current_region
from governance.settings import Settings
from governance.store import Store
from intake.omop import omop_catalogue
from intake.omop.cdm import cdm_tables

Row = Mapping[str, object]
Tables = Mapping[str, Sequence[Row]]
TYPES = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}


def arrow_table(name: str, rows: Sequence[Row]) -> pa.Table:
    """All the model's columns of a table, `source_feed` and `match_rank` if it is about people."""
    columns = {column.name: TYPES[column.type] for column in cdm_tables()[name].columns.values()}
    if "person_id" in columns:
        columns |= {"source_feed": pa.string(), "match_rank": pa.uint8()}
    return pa.table({column: pa.array([row.get(column) for row in rows], kind) for column, kind in columns.items()})


def write_tables(folder: Path, tables: Tables) -> Path:
    """`folder/<table>/part-0.parquet`, sorted by person."""
    for name, rows in tables.items():
        made = arrow_table(name, rows)
        if "person_id" in made.column_names:
            made = made.sort_by("person_id")
        (folder / name).mkdir(parents=True)
        pq.write_table(made, folder / name / "part-0.parquet")
    return folder


def put_region(settings: Settings, store: Store, version: str, tables: Tables) -> RegionView:
    """Write a version of the region and put it in force."""
    write_tables(settings.folder.region / version, tables)
    people = len({row["person_id"] for row in tables["person"]})
    rows = sum(map(len, tables.values()))
    record_region(store, actor="service:test", folder=version, sha256="0" * 64, deliveries=(), people=people, rows=rows)
    with store.reading() as session:
        found = current_region(session)
    assert found is not None
    assert found.id == version
    return found


def person(number: int, feed: str, **more: object) -> Row:
    """A row of `person` with what must never leave."""
    return {
        "person_id": number,
        "gender_concept_id": 8507 + 25 * (number % 2),
        "year_of_birth": 1950 + number % 60,
        "month_of_birth": 7,
        "day_of_birth": 13,
        "race_concept_id": 0,
        "ethnicity_concept_id": 0,
        "location_id": number % 5,
        "person_source_value": f"9{number:09d}",
        "gender_source_value": "M",
        "source_feed": feed,
        "match_rank": 1,
        **more,
    }


def event(table: str, number: int, person_id: int, feed: str, concept: int, day: date | None, **more: object) -> Row:
    """A row of an event table; its source value must never leave."""
    columns = omop_catalogue().tables[table].columns
    start = next(name for name in columns if name.endswith("_date"))
    kind = next(name for name in columns if name.endswith("_concept_id"))
    return {
        f"{table}_id": number,
        "person_id": person_id,
        kind: concept,
        start: day,
        f"{table.partition('_')[0]}_source_value": f"raw-{concept}",
        "source_feed": feed,
        "match_rank": 1,
        **more,
    }
