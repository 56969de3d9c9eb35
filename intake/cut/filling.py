"""Fills the database of an extract from a source: people, hidden marks, tables, ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from governance.catalogue import PERSON_KEY, Catalogue, CatalogueTable, TableKind
from governance.roles import ExtractOrigin
from intake.cut.copying import REFERENCED_DOMAINS, Desk, copy_table, domain_of, usable_sql
from intake.cut.ledger import Step
from intake.cut.people import PEOPLE, PeopleLedger, choose_people, rekey_identifiers, write_marks
from intake.cut.reuse import FRESH, Earlier, let_go, take_over
from intake.cut.rules import TableRules, rules_of
from intake.cut.source import Source
from intake.cut.wanted import Wanted
from intake.keys import KeyStore, open_for_extract
from intake.omop import adoptable_catalogue
from intake.progress import Progress
from intake.sources import quote_name, quote_text

TAKING_OVER = "taking over what did not change"


@dataclass(frozen=True)
class Filled:
    """A database as written: from which source, what it holds, of whom, and the ledger."""

    source: Source
    catalogue: Catalogue
    people: PeopleLedger
    steps: tuple[Step, ...]


def fill_database(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    source: Source,
    wanted: Wanted,
    keys: KeyStore,
    progress: Progress,
    earlier: Earlier | None = None,
) -> Filled:
    """Write the extract's database. Raises Refusal: see `choose_people`, `copy_table`.

    Args:
        earlier: an extract to take rows of unchanged people from, if that gives the same.
    """
    connection.execute(f"ATTACH {quote_text(str(database))} AS extract")
    progress("choosing people", 0, 1)
    people = choose_people(connection, wanted.cohort, source, open_for_extract(keys, wanted.project, "person"))
    write_marks(connection, keys.open_cut(source.cut))
    present = _present(wanted.catalogue, source)
    steps = _copy_all(connection, keys, wanted, present, source, progress, earlier)
    kept = _without_broken_promises(connection, present)
    connection.execute("CHECKPOINT extract")
    connection.execute("DETACH extract")
    let_go(connection)
    return Filled(source, kept, people, tuple(steps))


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
    keys: KeyStore,
    wanted: Wanted,
    catalogue: Catalogue,
    source: Source,
    progress: Progress,
    earlier: Earlier | None,
) -> list[Step]:
    rules = {name: rules_of(table, source.tables[name], wanted.rules) for name, table in catalogue.tables.items()}
    progress("numbering visits", 0, len(rules))
    naming = {domain: _naming(catalogue, source, domain) for domain in REFERENCED_DOMAINS}
    takes_over = earlier is not None and take_over(connection, earlier, catalogue, source, naming)
    if takes_over:
        progress(TAKING_OVER, 0, 1)
    mappings = {
        domain: rekey_identifiers(connection, domain, selects, keys, wanted.project)
        for domain in REFERENCED_DOMAINS
        if (selects := _references(source, rules, domain, naming[domain], FRESH if takes_over else PEOPLE))
    }
    desk = Desk(connection, source, mappings, takes_over)
    steps: list[Step] = []
    for done, (name, table) in enumerate(catalogue.tables.items()):
        progress(f"copying {name}", done, len(catalogue.tables))
        steps += copy_table(desk, table, rules[name])
    return steps


def _naming(catalogue: Catalogue, source: Source, domain: str) -> list[tuple[str, str]]:
    """Tables and columns that name rows of a domain."""
    return [
        (name, column.name)
        for name, table in catalogue.tables.items()
        for column in table.columns.values()
        if domain_of(column) == domain and column.name in source.tables[name].columns
    ]


def _references(
    source: Source, rules: Mapping[str, TableRules], domain: str, naming: list[tuple[str, str]], people: str
) -> list[str]:
    """SELECTs of the numbers that other tables may use for rows of a domain: of rows that are in the extract, never of
    one that stayed out. In somebody else's database references may lead nowhere; they are told apart all the same.
    `people`: whose rows are cut from the source."""
    own, key = source.tables.get(domain), f"{domain}_id"
    if not naming:
        return []
    if own is not None and key in own.columns and not own.is_empty and source.feeds:
        return [f"SELECT {own.number_sql(key, 's')} {usable_sql(source, own, rules.get(domain), people=people)}"]
    selects = [
        f"SELECT * FROM (SELECT {source.tables[name].number_sql(column, 's')} AS id"
        f" {usable_sql(source, source.tables[name], rules[name], people=people)}) WHERE id IS NOT NULL"
        for name, column in naming
        if not source.tables[name].is_empty
    ]
    if selects and domain in rules and rules[domain].narrows and own is not None:
        out = f"SELECT {own.number_sql(key, 's')} FROM {own.relation} s WHERE NOT {rules[domain].admits_sql()}"
        return [f"(({' UNION ALL '.join(selects)}) EXCEPT ({out}))"]
    return selects


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
