"""The story of harmonising: what was accepted and linked becomes the region's OMOP tables, whole or not at all.

Promise: every staged row is accounted for; rows of nobody in the spine stay out; no identifier, name, postcode or free
text is in any table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from governance.clock import today
from governance.refusal import Refusal
from governance.registry.deliveries import DeliveryView
from governance.settings import Settings
from intake.feeds import Feed, find_feed, region_feeds
from intake.harmonise.feed import FeedReport, FeedWork, StagedTable, harmonise_feed
from intake.harmonise.identifiers import MOST_PERSON, MOST_RECORD, number_slots
from intake.harmonise.person_sql import location_key
from intake.harmonise.report import HarmoniseReport
from intake.harmonise.writing import building_folder, opened_engine, write_columns, write_table
from intake.landing.current import NUMBER_SHIFT, staged_files, staged_rows_sql, superseded_sql
from intake.linkage.spine import attach_spine
from intake.omop.cdm import CDM_VERSION
from intake.omop.concepts import open_vocabulary, vocabulary_in_force
from intake.omop.mapping import FeedMapping, mappings
from intake.places import IntakePlaces
from intake.progress import Progress
from intake.sources import folder_rows, quote_name, quote_text

#: Every table a region has, filled or not.
TABLES = [
    "person",
    "observation_period",
    "visit_occurrence",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "device_exposure",
    "measurement",
    "observation",
    "specimen",
    "death",
    "location",
    "care_site",
    "concept",
    "source_to_concept_map",
    "cdm_source",
]


def harmonise(
    settings: Settings, deliveries: Sequence[DeliveryView], folder: Path, *, progress: Progress = lambda *_: None
) -> HarmoniseReport:
    """Write `folder/<omop table>/*.parquet` from the accepted deliveries and the spine.

    Every table has the model's columns, though a file has only those its rows fill (read a folder with
    `union_by_name`); those about people also `source_feed` and `match_rank`, and each file is sorted by `person_id`.
    Rows of nobody in the spine stay out and are counted. `person`, `death` and `observation_period` have one row a
    person and feed. `folder` must not exist; on any failure it does not afterwards.

    Raises Refusal `ledger-mismatch`, `disk-full`, `too-little-memory`, `already-there`, `no-spine`.
    """
    feeds = [feed for feed in region_feeds() if feed.name in mappings()]

    def link(connection: duckdb.DuckDBPyConnection, feed: Feed, tables: Collection[str]) -> str:
        del tables
        name = quote_name(f"links of {feed.name}")
        connection.execute(
            f"CREATE TEMP TABLE {name} AS SELECT person_ref, person_id, match_rank FROM spine.link"
            f" WHERE feed = {quote_text(feed.name)} AND person_id IS NOT NULL"
        )
        return name

    def attach(connection: duckdb.DuckDBPyConnection) -> None:
        attach_spine(connection, IntakePlaces.of(settings))

    return _harmonise(_Work(settings, deliveries, feeds, attach, link), folder, progress)


def harmonise_foreign(
    settings: Settings,
    feed: str,
    deliveries: Sequence[DeliveryView],
    folder: Path,
    *,
    progress: Progress = lambda *_: None,
) -> HarmoniseReport:
    """As `harmonise`, of one foreign feed, whose people are not the region's: everybody it names is a person, numbered
    in the order of a digest. Raises also Refusal `no-such-feed`, `not-foreign`."""
    found = find_feed(feed)
    if found.region:
        raise Refusal("not-foreign", f"{found.title} is a feed of the region.", "Build the region: sde region build")
    return _harmonise(_Work(settings, deliveries, [found], lambda _: None, _number_everybody), folder, progress)


@dataclass(frozen=True)
class _Work:
    """What is to be done: `attach` and `link` give the relation (person_ref, person_id, match_rank) of a feed
    of which these tables have rows."""

    settings: Settings
    deliveries: Sequence[DeliveryView]
    feeds: Sequence[Feed]
    attach: Callable[[duckdb.DuckDBPyConnection], None]
    link: Callable[[duckdb.DuckDBPyConnection, Feed, Collection[str]], str]


def _harmonise(work: _Work, folder: Path, progress: Progress) -> HarmoniseReport:
    slots = number_slots(mappings().values())
    steps = sum(len(mappings()[feed.name].rows) + 2 * len(feed.tables) for feed in work.feeds) + 1
    done = 0

    def step(what: str) -> None:
        nonlocal done
        progress(what, done, steps)
        done += 1

    _check_numbers(work.deliveries)
    with building_folder(folder) as site, opened_engine(work.settings, site / ".spill") as connection:
        vocabulary = vocabulary_in_force(work.settings)
        open_vocabulary(connection, vocabulary.folder)
        connection.execute(
            "CREATE TEMP TABLE care_sites (feed VARCHAR, code VARCHAR, care_site_id BIGINT, place BIGINT)"
        )
        connection.execute("CREATE TEMP TABLE small_areas (lsoa_code VARCHAR)")
        work.attach(connection)
        reports = [_one_feed(connection, work, feed, slots, site, step) for feed in work.feeds]
        step("writing places and concepts")
        _write_reference(connection, site, vocabulary.version)
        write_columns(connection, site, TABLES)
        people, rows = _count(connection, site)
    return HarmoniseReport(
        people=people,
        rows=rows,
        ledger=tuple(line for report in reports for line in report.ledger),
        produced=tuple(line for report in reports for line in report.produced),
        unmapped=tuple(line for report in reports for line in report.unmapped),
        vocabulary=vocabulary.version,
    )


def _one_feed(
    connection: duckdb.DuckDBPyConnection,
    work: _Work,
    feed: Feed,
    slots: Mapping[tuple[str, str], int],
    site: Path,
    step: Callable[[str], None],
) -> FeedReport:
    places = IntakePlaces.of(work.settings)
    mapping: FeedMapping = mappings()[feed.name]
    tables = {}
    for table in feed.tables.values():
        files = staged_files(feed, table, work.deliveries, places)
        if not files:
            continue
        view = quote_name(f"rows of {feed.name} {table.name}")
        staged = staged_rows_sql(table, files)
        count = int(connection.execute(f"SELECT count(*) FROM ({staged})").fetchall()[0][0])
        step(f"what counts of {feed.name} {table.name}")
        _view_current(connection, view, staged, superseded_sql(feed, table, work.deliveries, places))
        if count:
            tables[table.name] = StagedTable(table.name, count, view)
    return harmonise_feed(
        connection, FeedWork(mapping, tables, _links(connection, work, feed, tables), slots, site), step
    )


def _view_current(connection: duckdb.DuckDBPyConnection, view: str, staged: str, superseded: str) -> None:
    """The rows that count, to be read several times: what does not count is worked out once."""
    if superseded:
        lost = quote_name(f"superseded {view}")
        connection.execute(f"CREATE TEMP TABLE {lost} AS {superseded}")
        staged = f"SELECT s.* FROM ({staged}) s ANTI JOIN {lost} l ON l.record_id = s.record_id"
    connection.execute(f"CREATE TEMP VIEW {view} AS {staged}")


def _links(connection: duckdb.DuckDBPyConnection, work: _Work, feed: Feed, tables: Collection[str]) -> str:
    """The feed's links. Raises Refusal `too-many-people`, far beyond any region."""
    name = work.link(connection, feed, tables)
    highest = connection.execute(f"SELECT coalesce(max(person_id), 0) FROM {name}").fetchall()[0][0]
    if int(highest) >= MOST_PERSON:
        raise Refusal("too-many-people", "The spine's numbers are larger than a visit's number has room for.")
    return name


def _check_numbers(deliveries: Sequence[DeliveryView]) -> None:
    if any(delivery.number << NUMBER_SHIFT >= MOST_RECORD for delivery in deliveries):
        raise Refusal("too-many-deliveries", "There are more deliveries than a row's number has room for.")


def _number_everybody(connection: duckdb.DuckDBPyConnection, feed: Feed, tables: Collection[str]) -> str:
    name = quote_name(f"links of {feed.name}")
    refs = " UNION ".join(
        f"SELECT person_ref FROM {quote_name(f'rows of {feed.name} {table.name}')}"
        for table in feed.tables.values()
        if table.person and table.name in tables
    )
    connection.execute(
        f"CREATE TEMP TABLE {name} AS SELECT person_ref, row_number() OVER (ORDER BY person_ref) AS person_id,"
        f" 1::UTINYINT AS match_rank FROM ({refs or 'SELECT NULL::UBIGINT AS person_ref'}) WHERE person_ref IS NOT NULL"
    )
    return name


def _write_reference(connection: duckdb.DuckDBPyConnection, site: Path, vocabulary: str) -> None:
    """Tables about nobody. Deprivation is told of areas that the site's list of deciles has."""
    queries = {
        "location": f"SELECT {location_key('lsoa_code')} AS location_id, lsoa_code AS location_source_value, lsoa_code,"
        " d.imd_decile FROM (SELECT DISTINCT lsoa_code FROM small_areas) LEFT JOIN area_decile d USING (lsoa_code)"
        f" WHERE {location_key('lsoa_code')} IS NOT NULL ORDER BY 1",
        "care_site": "SELECT care_site_id, place AS place_of_service_concept_id, code AS care_site_source_value"
        " FROM care_sites ORDER BY 1",
        "concept": "SELECT * FROM concept ORDER BY concept_id",
        "source_to_concept_map": "SELECT code AS source_code, source_concept_id, vocabulary AS source_vocabulary_id,"
        " concept_id AS target_concept_id, coalesce(c.vocabulary_id, 'None') AS target_vocabulary_id,"
        " DATE '1970-01-01' AS valid_start_date, DATE '2099-12-31' AS valid_end_date FROM mini_code"
        " JOIN concept c USING (concept_id) ORDER BY 3, 1",
        "cdm_source": "SELECT 'SDE region' AS cdm_source_name, 'SDE' AS cdm_source_abbreviation,"
        f" 'Secure data environment' AS cdm_holder, DATE '{today()}' AS source_release_date,"
        f" DATE '{today()}' AS cdm_release_date, {quote_text(CDM_VERSION)} AS cdm_version,"
        " 756265 AS cdm_version_concept_id,"
        f" {quote_text(vocabulary)} AS vocabulary_version",
    }
    for table, sql in queries.items():
        write_table(connection, table, sql, site / table / f"{table}.parquet")


def _count(connection: duckdb.DuckDBPyConnection, site: Path) -> tuple[int, int]:
    """People who have a person row, and rows of all tables about people."""
    people = connection.execute(f"SELECT count(DISTINCT person_id) FROM {folder_rows(site / 'person')}").fetchall()[0][
        0
    ]
    rows = 0
    for table in TABLES[: TABLES.index("location")]:
        rows += int(connection.execute(f"SELECT count(*) FROM {folder_rows(site / table)}").fetchall()[0][0])
    return int(people), rows
