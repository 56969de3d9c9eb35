"""Cuts again after opt-outs: rows of people of whom nothing changed come from the extract in force, already under their
pseudonyms; only the others' are cut from the region.

Promise: the extract is what a full cut gives. It is made this way only if the wish, the region's version, the keys and
the words of the list are those of the extract in force, and extract and list are in every byte what was recorded; if
not, everything is cut anew. A row that refers to another person's visit would be wrong here, so one is enough for
that too. The caller's ledger is counted over the whole source either way, and has to meet the rows that were written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from governance.catalogue import PERSON_KEY, PERSON_ORDINAL, Catalogue, CatalogueTable, ColumnUse
from governance.extracts import DATABASE, read_manifest
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.roles import ExtractOrigin
from governance.settings import Settings
from governance.store import Store
from intake.cut.kept import ListSeal, list_file
from intake.cut.people import COHORT, PEOPLE
from intake.cut.source import Source
from intake.cut.wanted import Wanted
from intake.sources import digest_file, quote_name, quote_text

PREVIOUS = "previous"
CHANGED = "scratch.changed"  # source_person_id of everybody of whom something else is closed than before
FRESH, UNCHANGED = "scratch.fresh", "scratch.unchanged"  # both parts of PEOPLE
CUT_ANEW = "scratch.cut_anew"
MOST_CHANGED, FEW = 0.1, 1_000  # a share of the people, unless they are few: beyond, a full cut is as quick


@dataclass(frozen=True)
class Earlier:
    """The extract in force: its database, its list and the tables it holds."""

    database: Path
    listed: Path
    catalogue: Catalogue


def find_earlier(
    settings: Settings, store: Store, wanted: Wanted, source: Source, keys: Mapping[str, str]
) -> Earlier | None:
    """The project's extract in force if nothing but opt-outs can be different since. `keys`: by domain, in use now."""
    with store.reading() as session:
        held = current_extract(session, wanted.project)
    if held is None or held.origin != ExtractOrigin.REGION or not source.feeds:
        return None
    folder, listed = settings.folder.extracts / held.folder, list_file(settings, held.folder)
    try:
        manifest = read_manifest(folder)
        seal = ListSeal(digest_file(listed), source.feeds, source.kinds)
        said = {
            "wanted": wanted.digest,
            "purpose": wanted.purpose,
            "region_version": source.region_version,
            "source_sha256": source.cut,
            "keys": dict(keys),
            "sha256": held.sha256,
            "closed_list": json.loads(json.dumps(asdict(seal))),
        }
        if any(manifest.get(name) != value for name, value in said.items()):
            return None
        if held.region_version != source.region_version or digest_file(folder / DATABASE) != held.sha256:
            return None
    except (Refusal, OSError):
        return None
    return Earlier(folder / DATABASE, listed, Catalogue.from_dict(manifest["tables"]))


def take_over(
    connection: duckdb.DuckDBPyConnection,
    earlier: Earlier,
    catalogue: Catalogue,
    source: Source,
    references: Mapping[str, list[tuple[str, str]]],
) -> bool:
    """Open the earlier extract as `previous` and part PEOPLE into FRESH and UNCHANGED; False if all is to be cut anew.

    Args:
        catalogue: what is to be written.
        references: by domain, the (table, column) that name its rows.
    """
    if {name: table.columns for name, table in catalogue.tables.items()} != {
        name: table.columns for name, table in earlier.catalogue.tables.items()
    }:
        return False
    _compare(connection, earlier)
    changed, people = (
        connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0] for relation in (CHANGED, PEOPLE)
    )
    if changed > max(MOST_CHANGED * people, FEW):
        return False
    if any(_crosses(connection, source, domain, naming) for domain, naming in references.items()):
        return False
    connection.execute(f"ATTACH {quote_text(str(earlier.database))} AS {PREVIOUS} (TYPE duckdb, READ_ONLY)")
    for part, join in ((FRESH, "SEMI"), (UNCHANGED, "ANTI")):
        connection.execute(
            f"CREATE OR REPLACE TABLE {part} AS SELECT * FROM {PEOPLE} {join} JOIN {CHANGED} USING (source_person_id)"
        )
    return True


def let_go(connection: duckdb.DuckDBPyConnection) -> None:
    """Close the earlier extract."""
    connection.execute(f"DETACH DATABASE IF EXISTS {PREVIOUS}")


def beside_unchanged(connection: duckdb.DuckDBPyConnection, table: CatalogueTable, fresh: str) -> str:
    """SQL of all rows of a table: those of unchanged people as they are in the earlier extract, and those that `fresh`
    (a SELECT with the same columns) cuts. Numbers of rows are to be given anew."""
    connection.execute(f"CREATE OR REPLACE TABLE {CUT_ANEW} AS {fresh}")
    values = []
    for column in table.columns.values():
        name = quote_name(column.name)
        if column.use is ColumnUse.PERSON:
            values.append(f"m.{PERSON_KEY} AS {name}, m.{PERSON_ORDINAL} AS {PERSON_ORDINAL}")
        else:
            values.append(f"t.{name}")
    relation = f"{PREVIOUS}.{quote_name(table.name)}"
    rows = f"SELECT {', '.join(values)} FROM {relation} t JOIN {UNCHANGED} m ON m.{PERSON_KEY} = t.{PERSON_KEY}"
    nothing = not connection.execute(f"SELECT 1 FROM {CUT_ANEW} LIMIT 1").fetchall()
    return rows if nothing else f"{rows} UNION ALL FROM {CUT_ANEW}"  # a union costs, even of nothing


def _compare(connection: duckdb.DuckDBPyConnection, earlier: Earlier) -> None:
    columns = ("kind", "feed", "closed")
    differs = " OR ".join(f"n.{column} IS DISTINCT FROM o.{column}" for column in columns)
    connection.execute(
        f"CREATE OR REPLACE TABLE {CHANGED} AS SELECT source_person_id FROM {COHORT} n FULL JOIN"
        f" read_parquet({quote_text(str(earlier.listed))}) o USING (source_person_id) WHERE {differs}"
    )


def _crosses(connection: duckdb.DuckDBPyConnection, source: Source, domain: str, naming: list[tuple[str, str]]) -> bool:
    """Whether a row of a changed person refers to what is not theirs, or another's row to what is."""
    own, key = source.tables.get(domain), f"{domain}_id"
    if not naming or own is None:  # without rows to refer to, every reference stands for itself
        return False
    if key not in own.columns or own.is_empty:
        return True
    connection.execute(
        f"CREATE OR REPLACE TABLE scratch.theirs AS SELECT DISTINCT {own.number_sql(key, 's')} AS id"
        f" FROM {own.relation} s SEMI JOIN {CHANGED} c ON c.source_person_id = {own.person_sql('s')}"
    )
    for name, column in naming:
        table = source.tables[name]
        refers = table.number_sql(column, "s")
        mine = f"{CHANGED} c ON c.source_person_id = {table.person_sql('s')}"
        theirs = f"scratch.theirs v ON v.id = {refers}"
        rows = f"SELECT 1 FROM {table.relation} s"
        for crossing in (
            f"{rows} SEMI JOIN {mine} ANTI JOIN {theirs} WHERE {refers} IS NOT NULL LIMIT 1",
            f"{rows} SEMI JOIN {theirs} ANTI JOIN {mine} LIMIT 1",
        ):
            if connection.execute(crossing).fetchall():
                return True
    return False
