"""Refusals of reading: dialects that are not known or not faithfully translated, and parameters that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from query_guard.policy.code import Code


@dataclass(frozen=True)
class ReadingCode(Code):
    """A code whose example needs a dialect or parameters to be triggered."""

    dialect: str = "duckdb"
    parameters: Mapping[str, Any] | Sequence[Any] = ()


READING_CODES: tuple[Code, ...] = (
    ReadingCode(
        "dialect-unknown",
        "There is no dialect «{name}».",
        "Write duckdb, tsql, postgres or sqlite.",
        "-- dialect: cobol\nselect count(*) from person",
        dialect="cobol",
    ),
    ReadingCode(
        "dialect-not-translated",
        "This part of the SQL cannot be translated without changing what it means.",
        "Write this part in DuckDB's SQL; the how-to «other dialects» lists what is translated.",
        "-- dialect: tsql\nselect top 10 with ties year_of_birth, count(*) from person group by year_of_birth",
        dialect="tsql",
    ),
    Code(
        "table-behind-with",
        "«{name}» is a table with a schema and also a name given by WITH.",
        "Give the WITH query a name of its own: schemas are left out here.",
        "with person as (select * from cdm.person) select count(*) from cdm.person",
    ),
    Code(
        "parameter-missing",
        "The query has a place for a parameter «{name}» that was not given.",
        "Give every parameter a value: sde.sql(query, {'name': value}), or a list for places written as ?.",
        "select count(*) from person where year_of_birth > :year",
    ),
    ReadingCode(
        "parameter-superfluous",
        "The query has no place for the parameter «{name}».",
        "Write :name (or $name, @name) for a named parameter, ? (or $1) for one of a list.",
        "-- parameters: {'year': 1950}\nselect count(*) from person",
        parameters={"year": 1950},
    ),
    ReadingCode(
        "parameter-not-understood",
        "The value of the parameter «{name}» cannot be used in a query.",
        "Give text, a number, true or false, a date, nothing, or a list of these.",
        "-- parameters: {'year': {'from': 1950}}\nselect count(*) from person where year_of_birth > :year",
        parameters={"year": {"from": 1950}},
    ),
    ReadingCode(
        "parameters-too-many",
        "There are too many parameters, or too many or too long values.",
        "At most 100 parameters, 1,000 values in a list, and 64 KB of text in all.",
        "-- parameters: 101 of them\nselect count(*) from person",
        parameters=tuple(range(101)),
    ),
    ReadingCode(
        "parameter-list-misplaced",
        "A list of values can only stand in IN (...).",
        "Write x IN (:codes); give an empty list no query at all.",
        "-- parameters: {'years': [1950, 1951]}\nselect count(*) from person where year_of_birth = :years",
        parameters={"years": (1950, 1951)},
    ),
)
