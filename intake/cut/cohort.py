"""Which people an extract holds: conditions an operator names on the command line, as data, never as SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.catalogue import PERSON_KEY
from governance.refusal import Refusal
from intake.omop import omop_catalogue
from intake.sources import SourceTable, quote_name

_CONDITION = re.compile(r"([a-z_]+)\.([a-z_]+)=(\d{1,18}(?:,\d{1,18})*)")


@dataclass(frozen=True)
class CohortCondition:
    """People with at least one row of `table` whose `column` (an integer) is one of `values`."""

    table: str
    column: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Cohort:
    """Everybody by default; every condition given must hold. `born_after`: year of birth is later than this."""

    conditions: tuple[CohortCondition, ...] = ()
    born_after: int | None = None


def parse_condition(text: str) -> CohortCondition:
    """`table.column=id,id,...`. Raises Refusal `bad-cohort`."""
    found = _CONDITION.fullmatch(text.replace(" ", ""))
    table = omop_catalogue().tables.get(found[1]) if found else None
    if found is None or table is None or found[2] not in table.columns:
        raise Refusal(
            "bad-cohort",
            f"Not a cohort condition: {text}",
            "Write table.column=id,id with an OMOP table and one of its concept columns.",
        )
    return CohortCondition(found[1], found[2], tuple(int(value) for value in found[3].split(",")))


def cohort_sql(cohort: Cohort, tables: Mapping[str, SourceTable]) -> str:
    """SQL that gives the distinct source person_ids of the cohort. Raises Refusal `no-person-table`, `bad-cohort`."""
    person = tables.get("person")
    if person is None or PERSON_KEY not in person.columns:
        raise Refusal("no-person-table", "The source has no table person with a person_id.", "Give an OMOP database.")
    wanted: list[str] = [f"p.{quote_name(person.columns[PERSON_KEY])} IS NOT NULL"]
    if cohort.born_after is not None:
        born = _column(person, "year_of_birth")
        wanted.append(f"TRY_CAST(p.{born} AS INTEGER) > {int(cohort.born_after)}")
    for condition in cohort.conditions:
        wanted.append(_semi_join(condition, tables, quote_name(person.columns[PERSON_KEY])))
    return (
        f"SELECT DISTINCT TRY_CAST(p.{quote_name(person.columns[PERSON_KEY])} AS BIGINT) AS source_person_id"
        f" FROM {person.relation} p WHERE {' AND '.join(wanted)}"
    )


def _semi_join(condition: CohortCondition, tables: Mapping[str, SourceTable], person_key: str) -> str:
    table = tables.get(condition.table)
    if table is None:
        raise Refusal("bad-cohort", f"The source has no table {condition.table}.", "Name a table of the source.")
    key, column = _column(table, PERSON_KEY), _column(table, condition.column)
    values: Sequence[str] = [str(value) for value in condition.values]
    return (
        f"EXISTS (SELECT 1 FROM {table.relation} e WHERE TRY_CAST(e.{key} AS BIGINT) = "
        f"TRY_CAST(p.{person_key} AS BIGINT) AND TRY_CAST(e.{column} AS BIGINT) IN ({', '.join(values)}))"
    )


def _column(table: SourceTable, name: str) -> str:
    if name not in table.columns:
        raise Refusal("bad-cohort", f"The source's table {table.name} has no column {name}.", "Choose another.")
    return quote_name(table.columns[name])
