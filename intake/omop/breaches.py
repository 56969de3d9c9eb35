"""Counts breaches table by table: all conditions over a row in one pass, everything that names one table (a visit, a
place) in one join, the rest each by a query of its own.

Of a table with more than 20 million rows, identifiers are looked at in one of sixteen classes of their digest: a fault
of the engine or of a mapping shows there as well as anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import as_file, files

import duckdb

from intake.omop.cdm import CdmTable, cdm_tables
from intake.omop.mapping import DOMAIN_TABLES, OTHER_DOMAINS
from intake.sources import quote_text

LARGE, CLASSES = 20_000_000, 16
ONE_A_FEED = ("person", "death", "observation_period")
#: Tables of events with what tells their first and last day and what happened.
EVENTS: Mapping[str, tuple[str, str, str]] = {
    "visit_occurrence": ("visit_start_date", "visit_end_date", "visit_concept_id"),
    "condition_occurrence": ("condition_start_date", "condition_end_date", "condition_concept_id"),
    "drug_exposure": ("drug_exposure_start_date", "drug_exposure_end_date", "drug_concept_id"),
    "procedure_occurrence": ("procedure_date", "procedure_end_date", "procedure_concept_id"),
    "device_exposure": ("device_exposure_start_date", "device_exposure_end_date", "device_concept_id"),
    "measurement": ("measurement_date", "NULL::DATE", "measurement_concept_id"),
    "observation": ("observation_date", "NULL::DATE", "observation_concept_id"),
    "specimen": ("specimen_date", "NULL::DATE", "specimen_concept_id"),
}
#: Column -> table that must have its value under the same name (or as its concept).
REFERENCES: Mapping[str, str] = {
    "visit_occurrence_id": "visit_occurrence",
    "location_id": "location",
    "care_site_id": "care_site",
}


class Shape(StrEnum):
    """How a check is counted; `conformance.toml` says what each means."""

    REQUIRED = "required"
    UNIQUE = "unique"
    REFERENCE = "reference"
    DOMAIN = "domain"
    ROW = "row"
    RANGE = "range"
    UNMAPPED = "unmapped"


@dataclass(frozen=True)
class Counted:
    """Breaches of one shape in one table; `check` names the condition of a `row` shape."""

    shape: Shape
    check: str
    table: str
    rows: int
    breaches: int


def count_breaches(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str], conditions: Mapping[str, str]
) -> list[Counted]:
    """Count every shape. `tables`: views by table name; `conditions`: SQL of a breach by check."""
    sizes = {name: _one(connection, f"SELECT count(*) FROM {view}") for name, view in tables.items()}
    counted: list[Counted] = []
    for name, view in tables.items():
        model = cdm_tables()[name]
        counted.append(Counted(Shape.REQUIRED, "", name, sizes[name], _missing(connection, model, view)))
        counted += _unique(connection, model, view, sizes[name])
    counted += _references(connection, tables, sizes)
    _describe_people(connection, tables)
    for name in EVENTS:
        if name in tables:
            counted += _rows(connection, name, tables[name], sizes[name], conditions)
            counted += _concepts(connection, name, tables)
    if "measurement" in tables:
        counted.append(_ranges(connection, tables["measurement"]))
    return counted


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0] or 0)


def _missing(connection: duckdb.DuckDBPyConnection, model: CdmTable, view: str) -> int:
    absent = " OR ".join(f'"{column.name}" IS NULL' for column in model.columns.values() if column.required)
    return _one(connection, f"SELECT count(*) FILTER ({absent}) FROM {view}") if absent else 0


def _unique(connection: duckdb.DuckDBPyConnection, model: CdmTable, view: str, rows: int) -> list[Counted]:
    found = []
    if model.key is not None and model.name not in ONE_A_FEED:
        key, part = model.key, f" WHERE hash({model.key}) % {CLASSES} = 0" if rows > LARGE else ""
        found.append(_repeats(connection, key, f"{view}{part}"))
    if model.name in ("person", "death"):
        pairs = f"SELECT 1 FROM {view} GROUP BY person_id, source_feed HAVING count(*) > 1"
        found.append(_one(connection, f"SELECT count(*) FROM ({pairs})"))
    if model.name == "observation_period":
        overlaps = (
            "SELECT count(*) FROM (SELECT observation_period_start_date <= lag(observation_period_end_date) OVER"
            " (PARTITION BY person_id, source_feed ORDER BY observation_period_start_date) AS again"
            f" FROM {view}) WHERE again"
        )
        found += [_repeats(connection, "observation_period_id", view), _one(connection, overlaps)]
    return [Counted(Shape.UNIQUE, "", model.name, rows, sum(found))] if found else []


def _repeats(connection: duckdb.DuckDBPyConnection, key: str, rows: str) -> int:
    """Rows whose key another one has already, told by its neighbour in their order: half the work of a distinct count,
    which keeps every key in a hash table."""
    ordered = f"SELECT {key} = lag({key}) OVER (ORDER BY {key}) AS again FROM {rows}"
    return _one(connection, f"SELECT count(*) FROM ({ordered}) WHERE again")


def _references(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str], sizes: Mapping[str, int]
) -> list[Counted]:
    """What is named is looked up once for all tables that name it."""
    breaches: dict[str, int] = {}
    for column, other in REFERENCES.items():
        naming = [name for name in tables if name != other and column in cdm_tables()[name].columns]
        if other not in tables or not naming:
            continue
        breaches |= {name: breaches.get(name, 0) for name in naming}
        named = " UNION ALL ".join(
            f"SELECT {place} AS place, {column} FROM {tables[name]} WHERE {column} IS NOT NULL"
            + (f" AND hash({column}) % {CLASSES} = 0" if sizes[name] > LARGE else "")
            for place, name in enumerate(naming)
        )
        lost = f"SELECT place FROM ({named}) r ANTI JOIN {tables[other]} o ON o.{column} = r.{column}"
        for place, rows in connection.execute(f"SELECT place, count(*) FROM ({lost}) GROUP BY place").fetchall():
            breaches[naming[place]] += int(rows)
    return [Counted(Shape.REFERENCE, "", name, sizes[name], breaches[name]) for name in tables if name in breaches]


def _describe_people(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
    """Temporary tables `who` (birth and death of each person, whichever feed told them), `span` (of each person and
    feed, the time observed), `observing` (the feeds, numbered) and `lives` (all of it by person and feed's number)."""
    person = tables.get("person", "(SELECT NULL::BIGINT AS person_id, NULL::INTEGER AS year_of_birth WHERE false)")
    death = tables.get("death", "(SELECT NULL::BIGINT AS person_id, NULL::DATE AS death_date WHERE false)")
    period = tables.get(
        "observation_period",
        "(SELECT NULL::BIGINT AS person_id, '' AS source_feed, NULL::DATE AS observation_period_start_date,"
        " NULL::DATE AS observation_period_end_date WHERE false)",
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE who AS SELECT p.person_id, p.born, d.died FROM"
        f" (SELECT person_id, min(year_of_birth) AS born FROM {person} GROUP BY ALL) p LEFT JOIN"
        f" (SELECT person_id, max(death_date) AS died FROM {death} GROUP BY ALL) d USING (person_id)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE span AS SELECT person_id, source_feed,"
        " min(observation_period_start_date) AS first_day, max(observation_period_end_date) AS last_day"
        f" FROM {period} GROUP BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE observing AS SELECT source_feed, row_number() OVER (ORDER BY source_feed) AS feed"
        " FROM (SELECT DISTINCT source_feed FROM span WHERE source_feed IS NOT NULL)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE lives AS SELECT s.person_id, o.feed, s.first_day, s.last_day, w.born, w.died,"
        " w.person_id IS NOT NULL AS known FROM span s JOIN observing o USING (source_feed)"
        " LEFT JOIN who w ON w.person_id = s.person_id"
    )


def _rows(
    connection: duckdb.DuckDBPyConnection, name: str, view: str, size: int, conditions: Mapping[str, str]
) -> list[Counted]:
    """All rows are of somebody whom their feed observes, or nearly so: one join by numbers tells whether, and the
    breaches if so. If not, person and time observed are asked for one by one."""
    starts, ends, _ = EVENTS[name]
    counts = ", ".join(f"count(*) FILTER (coalesce({breach}, false))" for breach in conditions.values())
    feeds = connection.execute("SELECT source_feed, feed FROM observing").fetchall()
    numbers = " ".join(f"WHEN {quote_text(str(feed))} THEN {number}" for feed, number in feeds)
    feed = f"CASE e.source_feed {numbers} END" if feeds else "NULL"
    found = connection.execute(
        f"SELECT count(*), {counts} FROM (SELECT e.{starts} AS starts, {ends} AS ends,"
        " l.known, l.born, l.died, l.first_day, l.last_day"
        f" FROM {view} e JOIN lives l ON l.person_id = e.person_id AND l.feed = {feed})"
    ).fetchall()[0]
    if int(found[0]) != size:
        found = connection.execute(
            f"SELECT count(*), {counts} FROM (SELECT e.{starts} AS starts, {ends} AS ends,"
            " w.person_id IS NOT NULL AS known, w.born, w.died, s.first_day, s.last_day"
            f" FROM {view} e LEFT JOIN who w ON w.person_id = e.person_id"
            " LEFT JOIN span s ON s.person_id = e.person_id AND s.source_feed = e.source_feed)"
        ).fetchall()[0]
    return [
        Counted(Shape.ROW, check, name, int(found[0]), int(breaches))
        for check, breaches in zip(conditions, found[1:], strict=True)
    ]


def _concepts(connection: duckdb.DuckDBPyConnection, name: str, tables: Mapping[str, str]) -> list[Counted]:
    """Each concept once with its rows. Concepts the set does not explain are no breach of their domain."""
    concept = EVENTS[name][2]
    used = f"SELECT {concept} AS concept_id, count(*) AS n FROM {tables[name]} GROUP BY 1"
    rows, unmapped = map(
        int,
        connection.execute(
            f"SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (concept_id = 0), 0) FROM ({used})"
        ).fetchall()[0],
    )
    found = [Counted(Shape.UNMAPPED, "", name, rows, unmapped)]
    if "concept" in tables:
        table = " ".join(f"WHEN {quote_text(d)} THEN {quote_text(t)}" for d, t in DOMAIN_TABLES.items())
        belongs = f"CASE domain_id {table} WHEN 'Visit' THEN 'visit_occurrence' ELSE {quote_text(OTHER_DOMAINS)} END"
        misplaced = (
            f"SELECT coalesce(sum(n), 0) FROM ({used}) u JOIN {tables['concept']} c USING (concept_id)"
            f" WHERE concept_id <> 0 AND {belongs} <> {quote_text(name)}"
        )
        found.append(Counted(Shape.DOMAIN, "", name, rows, _one(connection, misplaced)))
    return found


def _ranges(connection: duckdb.DuckDBPyConnection, view: str) -> Counted:
    """Values of measurements whose concept `units.csv` knows, in another unit or outside the range."""
    with as_file(files("intake.omop").joinpath("vocabulary/units.csv")) as file:
        units = f"read_csv({quote_text(str(file))}, header = true)"
        rows, breaches = connection.execute(
            "SELECT count(*), count(*) FILTER (m.unit_concept_id IS DISTINCT FROM u.unit_concept_id"
            " OR m.value_as_number NOT BETWEEN u.low AND u.high)"
            f" FROM {view} m JOIN {units} u ON u.concept_id = m.measurement_concept_id"
            " WHERE m.value_as_number IS NOT NULL AND m.unit_concept_id IS NOT DISTINCT FROM u.unit_concept_id"
        ).fetchall()[0]
    return Counted(Shape.RANGE, "", "measurement", int(rows), int(breaches))
