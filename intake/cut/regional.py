"""The region as a source: its newest version, and what opt-outs close in it for the project's purpose. Promise: without
an answer on opt-outs there is no source, and what nobody knows is closed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from governance.registry import current_region
from governance.registry.regions import RegionView
from governance.roles import ExtractOrigin, Purpose
from governance.settings import Settings
from governance.store import Store
from intake.cut.source import Source
from intake.optouts import DENIED, REASONS, Use, write_denied
from intake.places import IntakePlaces
from intake.sources import SourceTable, folder_rows, quote_name

PEOPLE_OF_REGION = "(SELECT DISTINCT person_id FROM region.person)"
LINE = re.compile(r"[0-9a-f]{64}")
FEED, RANK = "source_feed", "match_rank"


@dataclass(frozen=True)
class Denials:
    """What may not be used: a relation (person_id, source_feed, kind), the reasons in their order, and the name of the
    state of the opt-outs that says so."""

    relation: str
    kinds: tuple[str, ...]
    version: str


#: Writes the denials of a purpose for the people of a relation into the connection.
Deny = Callable[[duckdb.DuckDBPyConnection, Settings, Purpose, str], Denials]


def deny_by_opt_outs(
    connection: duckdb.DuckDBPyConnection, settings: Settings, purpose: Purpose, people: str
) -> Denials:
    """By the opt-outs on record and the national check service's answer. Raises the Refusals of `write_denied` and
    `check_answered`."""
    report = write_denied(connection, settings, Use.of(purpose), person_ids_relation=people)
    report.check_answered()
    return Denials(f"temp.{DENIED}", REASONS, str(report.label))


@dataclass(frozen=True)
class RegionSource:
    """One version of the region. `deny`: who says what may not be used."""

    settings: Settings
    version: RegionView
    deny: Deny = deny_by_opt_outs

    def open(self, connection: duckdb.DuckDBPyConnection, purpose: Purpose) -> Source:
        """Raises Refusal `region-damaged` and those of `deny`."""
        folder = IntakePlaces.of(self.settings).region / self.version.folder
        tables = attach_region(connection, folder)
        denials = self.deny(connection, self.settings, purpose, PEOPLE_OF_REGION)
        return Source(
            name=self.version.id,
            cut=region_line(self.settings),
            tables=tables,
            origin=ExtractOrigin.REGION,
            opt_outs=f"applied for {purpose}",
            feeds=trusted_feeds(),
            denied=denials.relation,
            kinds=denials.kinds,
            unlinked=_unlinked(self.version),
            region_version=self.version.id,
            opt_out_version=denials.version,
        )


def newest_region(store: Store) -> RegionView:
    """The version in force. Raises Refusal `no-region`."""
    with store.reading() as session:
        found = current_region(session)
    if found is None:
        raise Refusal("no-region", "There is no version of the region yet.", "Build one: sde region build")
    return found


def attach_region(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, SourceTable]:
    """Views `region.<table>` over a version's Parquet files. Raises Refusal `region-damaged`."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS region")
    tables: dict[str, SourceTable] = {}
    try:
        for place in sorted(folder.iterdir()):
            if not place.is_dir() or not any(place.glob("*.parquet")):
                continue
            relation = f"region.{quote_name(place.name)}"
            connection.execute(f"CREATE OR REPLACE VIEW {relation} AS SELECT * FROM {folder_rows(place)}")
            columns = [str(row[0]) for row in connection.execute(f"DESCRIBE {relation}").fetchall()]
            tables[place.name] = SourceTable(place.name, relation, {column.lower(): column for column in columns})
    except (OSError, duckdb.Error):
        raise _damaged() from None
    unsafe = [name for name, table in tables.items() if "person_id" in table.columns and FEED not in table.columns]
    if "person" not in tables or unsafe:
        raise _damaged()
    return tables


def region_line(settings: Settings) -> str:
    """The name of this gateway's region over all its versions, made once: the data cut of every extract of it."""
    file = IntakePlaces.of(settings).region / "line"
    if not file.exists():
        spare = file.with_name(f".line.{secrets.token_hex(4)}")
        descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_hex(32))
                stream.flush()
                os.fsync(stream.fileno())
            os.link(spare, file)  # never replaces: of two makers the first counts
        except FileExistsError:
            pass
        finally:
            spare.unlink()
    line = file.read_text().strip()
    if not LINE.fullmatch(line):
        raise Refusal(
            "region-damaged", "The region's name (file `line`) is damaged.", "Restore it from the newest backup."
        )
    return line


@cache
def trusted_feeds() -> tuple[str, ...]:
    """The region's feeds, most trusted about a person first."""
    document = tomllib.loads(files(__package__).joinpath("trust.toml").read_text(encoding="utf-8"))
    return tuple(document["feeds"])


def _unlinked(version: RegionView) -> int:
    """Rows of nobody in the spine, which the region left out; for information."""
    try:
        return int(json.loads(version.summary).get("unlinked", 0))
    except (AttributeError, TypeError, ValueError):
        return 0


def _damaged() -> Refusal:
    return Refusal(
        "region-damaged",
        "The version of the region is not what was built: a table is missing or does not say its feeds.",
        "Build it again: sde region build",
    )
