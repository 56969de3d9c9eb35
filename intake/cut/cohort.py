"""Which people an extract holds, as SQL over what may be used. Promise: nobody is in a cohort because of a row that is
denied: being in it would tell what the row says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from governance.catalogue import PERSON_KEY
from governance.cohort import Cohort, CohortCondition, Sex
from governance.refusal import Refusal
from intake.cut.source import Source
from intake.omop import omop_catalogue
from intake.sources import SourceTable, quote_name

REGISTERING_FEED = "gp"
CHOSEN = "scratch.chosen"  # what `chosen_sql` gives, kept: it is asked more than once
SEX_CONCEPTS: Mapping[Sex, int] = {Sex.FEMALE: 8532, Sex.MALE: 8507}


def check_conditions(cohort: Cohort) -> None:
    """That every condition names a table about people and a column of it. Raises Refusal `bad-cohort`."""
    tables = omop_catalogue().tables
    for condition in cohort.conditions:
        table = tables.get(condition.table)
        if table is None or PERSON_KEY not in table.columns or condition.column not in table.columns:
            raise _bad(f"No such column about people: {condition.table}.{condition.column}")


def both(one: Cohort, other: Cohort) -> Cohort:
    """People of both cohorts. Raises Refusal `bad-cohort` if they name different sexes."""
    if None not in (one.sex, other.sex) and one.sex != other.sex:
        raise _bad("The order and the project name different sexes")
    return replace(
        one,
        conditions=one.conditions + tuple(held for held in other.conditions if held not in one.conditions),
        born_after=max((year for year in (one.born_after, other.born_after) if year is not None), default=None),
        born_before=min((year for year in (one.born_before, other.born_before) if year is not None), default=None),
        sex=one.sex or other.sex,
        registered=one.registered or other.registered,
    )


def chosen_sql(cohort: Cohort, source: Source, denied: str) -> str:
    """SQL giving one row for everybody the source knows: of the most trusted feed that may be used; if none may, of the
    most trusted one. Its columns: person_id, kind (0, or the number of the reason why not even that row may be used),
    feed (its place), twice (whether the person has more rows than feeds), and what the cohort asks of people.

    Args:
        cohort: whose conditions on people are asked.
        source: its table `person` has one row for each person, or for each person and feed.
        denied: relation (person_id, source_feed, kind) with numbered kinds; empty if the source has no feeds.

    Raises Refusal `no-person-table`, `bad-cohort`.
    """
    person = source.tables.get("person")
    if person is None or PERSON_KEY not in person.columns:
        raise Refusal("no-person-table", "The source has no table person with a person_id.", "Give an OMOP database.")
    key, attributes = person.person_sql("s"), _attributes(cohort, person)
    if not source.feeds:
        more = "".join(f", any_value({sql}) AS {name}" for name, sql in attributes.items())
        return (
            f"SELECT {key} AS person_id, 0 AS kind, 0 AS feed, count(*) > 1 AS twice{more} FROM {person.relation} s"
            f" WHERE {key} IS NOT NULL GROUP BY 1"
        )
    place, kind = source.feed_place_sql("s.source_feed"), source.kind_sql("s.source_feed", "d.kind")
    # One number says all: closed or not, then the place, then the reason. The least is the row that counts.
    packed = f"(CASE WHEN {kind} = 0 THEN 0 ELSE 4096 END + {place} * 16 + {kind})"
    more = "".join(f", arg_min_null({sql}, {packed}) AS {name}" for name, sql in attributes.items())
    bit = f"(1 << least({place}, 30))"
    return (
        f"SELECT person_id, packed & 15 AS kind, (packed >> 4) & 255 AS feed, * EXCLUDE (person_id, packed) FROM"
        f" (SELECT {key} AS person_id, min({packed}) AS packed, sum({bit}) <> bit_or({bit}) AS twice{more}"
        f" FROM {person.relation} s {_denials(key, denied)} WHERE {key} IS NOT NULL GROUP BY 1)"
    )


def cohort_sql(cohort: Cohort, source: Source, denied: str) -> str:
    """SQL giving (person_id, kind, feed) of everybody in `CHOSEN` whom the cohort would hold if nothing were denied.
    `kind` 0: in it by what may be used; else the number of the reason why not. Raises Refusal `bad-cohort`."""
    check_conditions(cohort)
    if cohort.registered and not source.feeds:
        raise _bad("This source does not say who is on a practice's list")
    wanted = _wanted(cohort)
    parts: list[str] = []
    kinds, joins = ["chosen.kind"], []
    for number, condition in enumerate(cohort.conditions):
        parts.append(f"hit{number} AS ({_hits(condition, source, denied)})")
        joins.append(f"JOIN hit{number} ON hit{number}.person_id = chosen.person_id")
        kinds.append(f"hit{number}.kind")
    if cohort.registered:
        parts.append(f"listed AS ({_hits(CohortCondition('person', PERSON_KEY, ()), source, denied)})")
        joins.append("JOIN listed ON listed.person_id = chosen.person_id")
        kinds.append("listed.kind")
    # The first reason that is not 0 counts; reasons are numbered in their order.
    first = f"coalesce({', '.join(f'nullif({kind}, 0)' for kind in kinds)}, 0)"
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    hits = f"WITH {', '.join(parts)} " if parts else ""
    return (
        f"{hits}SELECT chosen.person_id, CAST({first} AS UTINYINT) AS kind, chosen.feed"
        f" FROM {CHOSEN} chosen {' '.join(joins)}{where}"
    )


def _attributes(cohort: Cohort, person: SourceTable) -> dict[str, str]:
    """Columns of `person` that the cohort asks for: name -> SQL."""
    needed: dict[str, str] = {}
    if cohort.born_after is not None or cohort.born_before is not None:
        needed["born"] = f"TRY_CAST(s.{_column(person, 'year_of_birth')} AS INTEGER)"
    if cohort.sex is not None:
        needed["sex"] = f"TRY_CAST(s.{_column(person, 'gender_concept_id')} AS BIGINT)"
    return needed


def _wanted(cohort: Cohort) -> list[str]:
    wanted = []
    if cohort.born_after is not None:
        wanted.append(f"chosen.born > {int(cohort.born_after)}")
    if cohort.born_before is not None:
        wanted.append(f"chosen.born < {int(cohort.born_before)}")
    if cohort.sex is not None:
        wanted.append(f"chosen.sex = {SEX_CONCEPTS[cohort.sex]}")
    return wanted


def _hits(condition: CohortCondition, source: Source, denied: str) -> str:
    """(person_id, kind) of people with such a row; kind 0 if one of these rows may be used."""
    table = source.tables.get(condition.table)
    if table is None:
        raise _bad(f"The source has no table {condition.table}")
    key = table.person_sql("s")
    column = f"TRY_CAST(s.{_column(table, condition.column)} AS BIGINT)"
    wanted = (
        f"{column} IN ({', '.join(map(str, condition.values))})"
        if condition.values
        else (f"s.source_feed = '{REGISTERING_FEED}'")
    )
    if not source.feeds:
        return f"SELECT DISTINCT {key} AS person_id, 0 AS kind FROM {table.relation} s WHERE {wanted}"
    kind = source.kind_sql("s.source_feed", "d.kind")
    return (
        f"SELECT {key} AS person_id, min({kind}) AS kind FROM {table.relation} s {_denials(key, denied)}"
        f" WHERE {wanted} GROUP BY 1"
    )


def _denials(key: str, denied: str) -> str:
    return f"LEFT JOIN {denied} d ON d.person_id = {key} AND d.source_feed = s.source_feed"


def _column(table: SourceTable, name: str) -> str:
    if name not in table.columns:
        raise _bad(f"The source's table {table.name} has no column {name}")
    return quote_name(table.columns[name])


def _bad(message: str) -> Refusal:
    return Refusal("bad-cohort", f"{message}.", "Change the cohort: sde grant cohort.")
