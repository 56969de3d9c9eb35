"""The story of a cut: a source becomes a project's read-only, re-keyed extract.

Promise: only granted tables and columns of the cohort's people reach the extract; every row is accounted for; the
extract appears whole, under a new name, or not at all.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from governance.access import check_project_in_force
from governance.catalogue import PERSON_KEY, Catalogue, CatalogueTable, TableKind
from governance.clock import now
from governance.extracts import DATABASE
from governance.refusal import Refusal
from governance.registry import Background, live_grants, record_extract
from governance.roles import ExtractOrigin, Purpose
from governance.settings import Settings
from governance.store import Store
from intake.cut.cohort import Cohort
from intake.cut.copying import REFERENCED_DOMAINS, Step, copy_table, domain_of
from intake.cut.people import choose_people, rekey_identifiers, write_marks
from intake.cut.seal import Origin, seal_extract
from intake.cut.source import Source, SourceMaker
from intake.keys import open_cut_key, open_project_key
from intake.omop import adoptable_catalogue, omop_catalogue
from intake.sources import SourceTable, open_workbench, quote_name, quote_text

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


@dataclass(frozen=True)
class ExtractOrder:
    """What to build: whose, from what, of whom."""

    project: str
    source: SourceMaker
    cohort: Cohort = field(default_factory=Cohort)


@dataclass(frozen=True)
class ExtractReport:
    """What was built. `folder` is relative to the extracts folder; `missing` are granted tables the source lacks."""

    project: str
    folder: str
    sha256: str
    people: int
    rows: int
    tables: tuple[str, ...]
    missing: tuple[str, ...]
    steps: tuple[Step, ...]


def build_extract(
    settings: Settings, store: Store, order: ExtractOrder, *, actor: str, progress: Progress = lambda *_: None
) -> ExtractReport:
    """Build, seal and record one extract. Raises Refusal; nothing is left behind if it does."""
    purpose, wanted = _granted_catalogue(store, order.project)
    with _building_site(settings.folder.extracts / order.project) as site:
        filled = _fill(site / DATABASE, wanted, settings.folder.keys, order, purpose, progress)
        progress("sealing", 1, 1)
        origin = Origin(order.project, purpose, filled.source)
        sealed = seal_extract(site, origin, filled.catalogue, filled.people, filled.steps)
        folder = f"{order.project}/{now():%Y%m%dT%H%M%S}-{sealed.sha256[:12]}"
        site.rename(settings.folder.extracts / folder)
    record_extract(
        store,
        actor=actor,
        slug=order.project,
        folder=folder,
        sha256=sealed.sha256,
        people=filled.people,
        rows=sealed.rows,
        background=Background(
            origin=filled.source.origin,
            purpose=purpose,
            opt_outs=filled.source.opt_outs,
            region_version=filled.source.region_version,
            opt_out_version=filled.source.opt_out_version,
        ),
    )
    return ExtractReport(
        project=order.project,
        folder=folder,
        sha256=sealed.sha256,
        people=filled.people,
        rows=sealed.rows,
        tables=tuple(filled.catalogue.tables),
        missing=tuple(sorted(set(wanted.tables) - set(filled.catalogue.tables))),
        steps=filled.steps,
    )


@contextmanager
def _building_site(extracts: Path) -> Iterator[Path]:
    """A folder beside the finished extracts, so that moving it into place is one rename; removed on any failure."""
    extracts.mkdir(mode=0o700, parents=True, exist_ok=True)
    site = Path(tempfile.mkdtemp(prefix=".building-", dir=extracts))
    try:
        yield site
    except BaseException:
        shutil.rmtree(site, ignore_errors=True)
        raise


@dataclass(frozen=True)
class _Filled:
    """A database as written: from which source, what it holds, of how many people, and the ledger."""

    source: Source
    catalogue: Catalogue
    people: int
    steps: tuple[Step, ...]


def _fill(
    database: Path, wanted: Catalogue, keys: Path, order: ExtractOrder, purpose: Purpose, progress: Progress
) -> _Filled:
    with open_workbench() as connection:
        connection.execute("ATTACH ':memory:' AS scratch")  # the mapping from people to pseudonyms never meets a disk
        source = order.source.open(connection, purpose)
        connection.execute(f"ATTACH {quote_text(str(database))} AS extract")
        people = choose_people(connection, order.cohort, source.tables, open_project_key(keys, order.project, "person"))
        write_marks(connection, open_cut_key(keys, source.cut))
        present = _present(wanted, source)
        steps = _copy_all(connection, keys, order.project, present, source.tables, progress)
        kept = _without_broken_promises(connection, present)
        connection.execute("CHECKPOINT extract")
        connection.execute("DETACH extract")
    return _Filled(source, kept, people, tuple(steps))


def _granted_catalogue(store: Store, project: str) -> tuple[Purpose, Catalogue]:
    """What the data is used for, and what of it is granted."""
    everything = omop_catalogue()
    with store.reading() as session:
        purpose = Purpose(check_project_in_force(session, project).purpose)
        granted = everything.cut_to(live_grants(session, project, everything.tables))
    if not granted.tables:
        raise Refusal(
            "nothing-granted",
            f"No table is granted to {project}.",
            f"Grant tables first: sde grant add {project} --all-tables",
        )
    return purpose, granted


def _present(wanted: Catalogue, source: Source) -> Catalogue:
    """Tables the source has; a private one without a person_id cannot be protected and stays out. Places of somebody
    else's database stay out as well: a location there can be one household."""
    sources, may = source.tables, adoptable_catalogue()
    if source.origin is ExtractOrigin.ADOPTED:
        wanted = wanted.cut_to({name: frozenset(table.columns) for name, table in may.tables.items()})
    return Catalogue(
        {
            name: table
            for name, table in wanted.tables.items()
            if name in sources and (table.kind is TableKind.PUBLIC or PERSON_KEY in sources[name].columns)
        }
    )


def _copy_all(
    connection: duckdb.DuckDBPyConnection,
    keys: Path,
    project: str,
    catalogue: Catalogue,
    sources: Mapping[str, SourceTable],
    progress: Progress,
) -> list[Step]:
    mappings = {
        domain: rekey_identifiers(connection, domain, selects, keys, project)
        for domain in REFERENCED_DOMAINS
        if (selects := _references(catalogue, sources, domain))
    }
    steps: list[Step] = []
    for done, (name, table) in enumerate(catalogue.tables.items()):
        progress(f"copying {name}", done, len(catalogue.tables))
        steps += copy_table(connection, table, sources[name], mappings)
    return steps


def _references(catalogue: Catalogue, sources: Mapping[str, SourceTable], domain: str) -> list[str]:
    return [
        f"SELECT TRY_CAST({quote_name(sources[name].columns[column.name])} AS BIGINT) FROM {sources[name].relation}"
        for name, table in catalogue.tables.items()
        for column in table.columns.values()
        if domain_of(column) == domain and column.name in sources[name].columns and not sources[name].is_empty
    ]


def _without_broken_promises(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> Catalogue:
    """`one_row_per_person` spares the guard a distinct count, so it is only promised where the data keep it."""
    kept: dict[str, CatalogueTable] = {}
    for name, table in catalogue.tables.items():
        keeps = (
            table.one_row_per_person
            and not connection.execute(
                f"SELECT count(*) - count(DISTINCT {PERSON_KEY}) FROM extract.{quote_name(name)}"
            ).fetchall()[0][0]
        )
        kept[name] = CatalogueTable(name, table.kind, table.columns, bool(keeps), table.description)
    return Catalogue(kept)
