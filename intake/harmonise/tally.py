"""Counts what each staged table will make, once and before anything is written, for each identity of the feed.

Promise: what is written is held against these counts, which come from the staged rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from intake.harmonise.event_sql import count_sql, made_sql
from intake.omop.mapping import FeedMapping, PersonRule, RowRule

PERSON_FIELDS = ("sex", "birth_date", "birth_year", "birth_month", "race", "ethnicity", "lsoa", "site")
FIELD_TYPES = {"birth_date": "DATE", "birth_year": "INTEGER", "birth_month": "INTEGER"}


@dataclass(frozen=True)
class Tally:
    """Of one staged table. `expected`: rows each rule makes of linked records (an ambiguous code counted once); rules
    that make one row a day are not in it."""

    table: str
    current: int
    unlinked: int
    left_out: int
    out: int
    expected: dict[str, int]


def tally_relation(table: str) -> str:
    """The temporary table of one staged table: a row for each person_ref."""
    return f"tally_{table}"


def tally_table(
    connection: duckdb.DuckDBPyConnection, mapping: FeedMapping, table: str, rows: str, links: str
) -> Tally:
    """Fill `tally_relation(table)` and count. `rows`, `links`: relations."""
    rules = mapping.rules_of(table)
    people = next((rule for rule in mapping.people if rule.source == table), None)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {tally_relation(table)} AS {_sql(rules, people, mapping, rows)}")
    sums = ", ".join(f"coalesce(sum(made_{number}) FILTER (linked), 0)" for number in range(len(rules)))
    counted = connection.execute(
        "SELECT coalesce(sum(held), 0), coalesce(sum(held) FILTER (NOT linked), 0),"
        f" coalesce(sum(made) FILTER (linked), 0){', ' + sums if sums else ''} FROM (SELECT t.*,"
        f" t.person_ref IS NOT NULL AND t.person_ref IN (SELECT person_ref FROM {links}) AS linked"
        f" FROM {tally_relation(table)} t)"
    ).fetchall()[0]
    current, unlinked, out = map(int, counted[:3])
    expected = {
        rule.name: int(rows_made) for rule, rows_made in zip(rules, counted[3:], strict=True) if not rule.one_per_day
    }
    return Tally(table, current, unlinked, current - unlinked - out, out, expected)


def _sql(rules: tuple[RowRule, ...], people: PersonRule | None, mapping: FeedMapping, rows: str) -> str:
    """Rows of a table of people are all of use: each says who somebody is."""
    inner = ["person_ref"]
    inner += [f"{count_sql(rule)} AS made_{number}" for number, rule in enumerate(rules)]
    inner += [f"{_any_made(rules, people)} AS is_made", f"{_first(rules)} AS first_day", f"{_last(rules)} AS last_day"]
    outer = ["person_ref", "count(*) AS held", "count(*) FILTER (is_made) AS made"]
    outer += [f"sum(made_{number}) AS made_{number}" for number in range(len(rules))]
    outer += ["min(first_day) AS first_day", "max(last_day) AS last_day"]
    if people is not None:
        inner += [*_person_inner(people), f"{people.observed or 'NULL::DATE'} AS observed"]
        outer += [*_person_outer(), "min(observed) AS first_observed", "max(observed) AS last_observed"]
    for number, death in enumerate(mapping.deaths):
        if death.source == people_table(people, rules):
            inner.append(f"CASE WHEN {death.where or 'true'} THEN {death.date} END AS death_{number}")
            outer.append(f"min(death_{number}) AS death_{number}")
    return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {rows}) GROUP BY person_ref"


def people_table(people: PersonRule | None, rules: tuple[RowRule, ...]) -> str:
    """Name of the staged table these rules read."""
    return people.source if people is not None else (rules[0].source if rules else "")


def _any_made(rules: tuple[RowRule, ...], people: PersonRule | None) -> str:
    if people is not None:
        return "true"
    return " OR ".join(f"({count_sql(rule)}) > 0" for rule in rules) or "false"


def _first(rules: tuple[RowRule, ...]) -> str:
    days = [f"CASE WHEN {made_sql(rule)} THEN {rule.date} END" for rule in rules]
    return f"least({', '.join(days)})" if days else "NULL::DATE"


def _last(rules: tuple[RowRule, ...]) -> str:
    """A visit is observed to its end; what is prescribed for later is not observed yet."""
    days = [
        f"CASE WHEN {made_sql(rule)} THEN "
        + (f"greatest({rule.date}, {rule.end})" if rule.end and rule.into == "visit_occurrence" else rule.date)
        + " END"
        for rule in rules
    ]
    return f"greatest({', '.join(days)})" if days else "NULL::DATE"


def _person_inner(people: PersonRule) -> list[str]:
    """What is said of the person, and when: the day and, of one day, the record."""
    fields = [
        f"CAST(nullif(CAST({text} AS VARCHAR), '') AS {FIELD_TYPES.get(name, 'VARCHAR')}) AS field_{name}"
        if (text := getattr(people, name))
        else f"CAST(NULL AS {FIELD_TYPES.get(name, 'VARCHAR')}) AS field_{name}"
        for name in PERSON_FIELDS
    ]
    days = f"CAST(coalesce({people.latest} - DATE '1800-01-01', 0) AS BIGINT)"
    return [*fields, f"(greatest({days}, 0) << 45) | (record_id & ((1::BIGINT << 45) - 1)) AS told"]


def _person_outer() -> list[str]:
    return [
        part
        for name in PERSON_FIELDS
        for part in (
            f"max_by(field_{name}, told) FILTER (field_{name} IS NOT NULL) AS field_{name}",
            f"max(told) FILTER (field_{name} IS NOT NULL) AS told_{name}",
        )
    ]
