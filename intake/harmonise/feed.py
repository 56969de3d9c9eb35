"""Harmonises one feed: its staged tables become rows of the model, counted before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.harmonise.event_sql import RulePlan, event_sql, staged_sql
from intake.harmonise.identifiers import PLACE_SHIFT
from intake.harmonise.person_sql import deaths_sql, periods_sql, person_sql, told_sql
from intake.harmonise.report import LedgerLine, ProducedLine, UnmappedCodes
from intake.harmonise.tally import Tally, tally_relation, tally_table
from intake.harmonise.targets import TARGETS
from intake.harmonise.writing import write_rows, write_table
from intake.omop.concepts import MOST_TARGETS
from intake.omop.mapping import BY_DOMAIN, FeedMapping, RowRule
from intake.sources import quote_text

SHOWN_FROM_PEOPLE = 10  # an unknown code that fewer people have is not named


@dataclass(frozen=True)
class StagedTable:
    """A staged table of the feed: how many rows landed, and the relation of those that count now."""

    name: str
    staged: int
    rows: str


@dataclass(frozen=True)
class FeedWork:
    """One feed's share of the work. `links`: relation (person_ref, person_id, match_rank); `site`: where to write."""

    mapping: FeedMapping
    tables: Mapping[str, StagedTable]
    links: str
    slots: Mapping[tuple[str, str], int]
    site: Path


@dataclass(frozen=True)
class FeedReport:
    """What one feed made."""

    ledger: tuple[LedgerLine, ...]
    produced: tuple[ProducedLine, ...]
    unmapped: tuple[UnmappedCodes, ...]


def harmonise_feed(
    connection: duckdb.DuckDBPyConnection, work: FeedWork, progress: Callable[[str], None]
) -> FeedReport:
    """Write everything the feed makes. Raises Refusal `ledger-mismatch`."""
    tallies: dict[str, Tally] = {}
    for table in work.tables.values():
        progress(f"counting {work.mapping.feed} {table.name}")
        tallies[table.name] = tally_table(connection, work.mapping, table.name, table.rows, work.links)
    _name_sites(connection, work)
    produced: list[ProducedLine] = []
    unmapped: list[UnmappedCodes] = []
    for rule in work.mapping.rows:
        if rule.source in work.tables:
            progress(f"{work.mapping.feed} {rule.name}")
            lines, unknown = _write_rule(connection, work, rule)
            _check_written(connection, work, rule, tallies[rule.source])
            produced += lines
            unmapped += unknown
    produced += _write_people(connection, work)
    return FeedReport(tuple(_ledger(work, tallies, produced)), tuple(produced), tuple(unmapped))


def _ledger(work: FeedWork, tallies: Mapping[str, Tally], produced: list[ProducedLine]) -> list[LedgerLine]:
    lines: list[LedgerLine] = []
    for table in work.tables.values():
        tally = tallies[table.name]
        unknown = sum(line.unmapped for line in produced if line.table == table.name)
        line = LedgerLine(
            work.mapping.feed,
            table.name,
            table.staged,
            table.staged - tally.current,
            tally.unlinked,
            tally.left_out,
            tally.out,
            unknown,
        )
        if not line.adds_up or min(line.superseded, line.unlinked, line.left_out, line.out) < 0:
            raise _mismatch()
        lines.append(line)
    return lines


def _mismatch() -> Refusal:
    return Refusal("ledger-mismatch", "Rows do not add up: nothing was harmonised.", "Report this.")


def _name_sites(connection: duckdb.DuckDBPyConnection, work: FeedWork) -> None:
    """Number the feed's places of care by a digest of feed and code, so that the number never changes."""
    for rule in work.mapping.sites:
        if rule.source not in work.tables:
            continue
        feed = quote_text(work.mapping.feed)
        number = f"CAST(md5_number_lower({feed} || '|' || code) >> 12 AS BIGINT)"
        named = f"SELECT DISTINCT {rule.code} AS code FROM {work.tables[rule.source].rows}"
        connection.execute(
            f"INSERT INTO care_sites SELECT {feed}, code, {number}, {rule.place} FROM ({named}) n"
            f" WHERE code <> '' AND NOT EXISTS (SELECT 1 FROM care_sites s WHERE s.feed = {feed} AND s.code = n.code)"
        )


def _plan(connection: duckdb.DuckDBPyConnection, work: FeedWork, rule: RowRule) -> RulePlan:
    feed = work.mapping.feed
    return RulePlan(
        mapping=work.mapping,
        rule=rule,
        slot=work.slots[feed, rule.name],
        visit_slot=work.slots[feed, rule.visit] if rule.visit else 0,
        rows=work.tables[rule.source].rows,
        links=work.links,
        codes=_codes_of(connection, rule.vocabularies) if rule.codes else "",
        sites=f"(SELECT code, care_site_id FROM care_sites WHERE feed = {quote_text(feed)})",
        lookups={
            name: _codes_of(connection, (lookup.vocabulary,), first_only=True) for name, lookup in rule.lookups.items()
        },
    )


def _codes_of(connection: duckdb.DuckDBPyConnection, vocabularies: tuple[str, ...], *, first_only: bool = False) -> str:
    """A relation of the codes of these vocabularies; of two that have one code the first named wins."""
    name = '"codes of ' + ", ".join(vocabularies) + (' (first)"' if first_only else '"')
    named = ", ".join(map(quote_text, vocabularies))
    connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {name} AS SELECT * FROM code_map WHERE vocabulary IN ({named})"
        + (" AND ordinal = 0" if first_only else "")
        + f" QUALIFY rank() OVER (PARTITION BY code ORDER BY list_position([{named}], vocabulary)) = 1"
    )
    return name


def _write_rule(
    connection: duckdb.DuckDBPyConnection, work: FeedWork, rule: RowRule
) -> tuple[list[ProducedLine], list[UnmappedCodes]]:
    plan = _prepared(connection, _plan(connection, work, rule))
    lines: list[ProducedLine] = []
    unknown: list[UnmappedCodes] = []
    for table in _targets(connection, plan):
        file = _file(work, rule, table)
        rows = write_rows(connection, event_sql(plan, table), file)
        if not rows:
            continue
        lost = _unmapped(connection, work, rule, table) if rule.codes else None
        lines.append(ProducedLine(work.mapping.feed, rule.source, table, rows, lost.rows if lost else 0))
        unknown += [lost] if lost else []
    return lines, unknown


def _prepared(connection: duckdb.DuckDBPyConnection, plan: RulePlan) -> RulePlan:
    """Lists of codes are taken apart once, not for each table that may have one of them."""
    if plan.rule.slots == 1:
        return plan
    connection.execute(f"CREATE OR REPLACE TEMP TABLE prepared AS SELECT * FROM {staged_sql(plan)}")
    return replace(plan, prepared="prepared")


def _file(work: FeedWork, rule: RowRule, table: str) -> Path:
    return work.site / table / f"{work.mapping.feed}-{rule.name}.parquet"


def _targets(connection: duckdb.DuckDBPyConnection, plan: RulePlan) -> list[str]:
    if plan.rule.into != BY_DOMAIN:
        return [plan.rule.into]
    found = {str(row[0]) for row in connection.execute(f"SELECT DISTINCT target FROM {plan.codes}").fetchall()}
    return [table for table in TARGETS if table in found | {plan.rule.unmapped}]


def _unmapped(connection: duckdb.DuckDBPyConnection, work: FeedWork, rule: RowRule, table: str) -> UnmappedCodes | None:
    target, file = TARGETS[table], quote_text(str(_file(work, rule, table)))
    rows, codes = connection.execute(
        f"SELECT count(*), count(DISTINCT {target.source_value}) FROM read_parquet({file}) WHERE {target.concept} = 0"
    ).fetchall()[0]
    if not rows:
        return None
    often = connection.execute(
        f"SELECT {target.source_value} FROM read_parquet({file}) WHERE {target.concept} = 0 GROUP BY 1"
        f" HAVING count(DISTINCT person_id) >= {SHOWN_FROM_PEOPLE} ORDER BY count(*) DESC, 1 LIMIT 20"
    ).fetchall()
    vocabulary = " or ".join(rule.vocabularies)
    return UnmappedCodes(work.mapping.feed, vocabulary, int(rows), int(codes), tuple(str(row[0]) for row in often))


def _check_written(connection: duckdb.DuckDBPyConnection, work: FeedWork, rule: RowRule, tally: Tally) -> None:
    """What lies in the files is what the staged rows promised, of an ambiguous code the first concept's row. Raises
    Refusal `ledger-mismatch`."""
    files = [str(file) for table in TARGETS if (file := _file(work, rule, table)).is_file()]
    written = 0
    for named in files:
        key = TARGETS[Path(named).parent.name].key
        first = "" if rule.one_per_day else f" WHERE ({key} >> {PLACE_SHIFT}) & {MOST_TARGETS - 1} = 0"
        counted = f"SELECT count(*) FROM read_parquet({quote_text(named)}){first}"
        written += int(connection.execute(counted).fetchall()[0][0])
    if rule.one_per_day:
        good = _people_of(connection, files) == _people_expected(connection, work, rule)
    else:
        good = written == tally.expected[rule.name]
    if not good:
        raise _mismatch()


def _people_of(connection: duckdb.DuckDBPyConnection, files: list[str]) -> int:
    if not files:
        return 0
    named = ", ".join(map(quote_text, files))
    counted = f"SELECT count(DISTINCT person_id) FROM read_parquet([{named}])"
    return int(connection.execute(counted).fetchall()[0][0])


def _people_expected(connection: duckdb.DuckDBPyConnection, work: FeedWork, rule: RowRule) -> int:
    """A row a person and day: there is one for exactly those people of whom a staged row tells such a day."""
    number = work.mapping.rules_of(rule.source).index(rule)
    counted = (
        f"SELECT count(DISTINCT person_id) FROM {tally_relation(rule.source)} t"
        f" JOIN {work.links} l ON l.person_ref = t.person_ref WHERE made_{number} > 0"
    )
    return int(connection.execute(counted).fetchall()[0][0])


def _write_people(connection: duckdb.DuckDBPyConnection, work: FeedWork) -> list[ProducedLine]:
    mapping, feed, links = work.mapping, work.mapping.feed, work.links
    lines: list[ProducedLine] = []
    queries: dict[str, str] = {}
    people = [rule.source for rule in mapping.people if rule.source in work.tables]
    if people:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS {told_sql(people, links)}")
        queries["person"] = person_sql(mapping, "told", "code_map")
        connection.execute("INSERT INTO small_areas SELECT DISTINCT lsoa FROM told WHERE lsoa IS NOT NULL")
    if any(rule.source in work.tables for rule in mapping.deaths):
        queries["death"] = deaths_sql(mapping, frozenset(work.tables), links)
    if work.tables:
        queries["observation_period"] = _numbered(periods_sql(mapping, list(work.tables), links), work)
    for table, sql in queries.items():
        rows = write_table(connection, table, sql, work.site / table / f"{feed}.parquet", feed)
        if rows:
            lines.append(ProducedLine(feed, "", table, rows, 0))
    for name in work.tables:
        connection.execute(f"DROP TABLE {tally_relation(name)}")
    return lines


def _numbered(sql: str, work: FeedWork) -> str:
    """A person's period of a feed is named by both: 16 feeds have room."""
    number = sorted({feed for feed, _ in work.slots}).index(work.mapping.feed)
    return f"SELECT (person_id << 4) | {number} AS observation_period_id, * FROM ({sql})"
