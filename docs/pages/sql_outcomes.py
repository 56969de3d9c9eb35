"""What becomes of a piece of SQL: asked of the guard's own planner, over three small tables, without any data."""

from __future__ import annotations

import logging
from functools import cache

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from query_guard.policy import Plan, plan_query

_PROFILE = PROFILES["nhs-sde"]
_GROUP = ColumnUse.GROUP
_COLUMNS = (
    CatalogueColumn("code", "BIGINT", _GROUP),
    CatalogueColumn("label", "VARCHAR", _GROUP),
    CatalogueColumn("note", "VARCHAR", _GROUP),
    CatalogueColumn("flag", "BOOLEAN", _GROUP),
    CatalogueColumn("day", "DATE", ColumnUse.DATE),
    CatalogueColumn("other_day", "DATE", ColumnUse.DATE),
    CatalogueColumn("value", "DOUBLE", ColumnUse.MEASURE),
    CatalogueColumn("other_value", "DOUBLE", ColumnUse.MEASURE),
    CatalogueColumn("number", "INTEGER", ColumnUse.MEASURE),
)
_PERSON = CatalogueColumn("person_id", "BIGINT", ColumnUse.PERSON)
_EVENT = CatalogueColumn("event_id", "BIGINT", ColumnUse.KEY)


def _table(name: str, kind: TableKind, *more: CatalogueColumn, one: bool = False) -> CatalogueTable:
    return CatalogueTable(name, kind, {column.name: column for column in (*more, *_COLUMNS)}, one)


_CATALOGUE = Catalogue(
    {
        "person": _table("person", TableKind.PRIVATE, _PERSON, one=True),
        "event": _table("event", TableKind.PRIVATE, _PERSON, _EVENT),
        "reference": _table("reference", TableKind.PUBLIC),
    }
)
#: Where the piece that is asked about stands in the queries below.
_PIECE = "<piece>"
_OF_PEOPLE = "SELECT count(*) FROM event WHERE (<piece>) IS NOT NULL"
_AS_KEY = "SELECT <piece>, count(*) FROM event GROUP BY 1"
_OF_REFERENCE = "SELECT <piece> FROM reference"
#: All columns as the results of a GROUP BY, joined with counts of people: what arithmetic over an answer reads.
_OF_RESULTS = """SELECT <piece> FROM (
    SELECT code, max(label) AS label, max(note) AS note, bool_or(flag) AS flag, max(day) AS day,
        max(other_day) AS other_day, max(value) AS value, max(other_value) AS other_value, max(number) AS number
    FROM reference GROUP BY code
) AS r JOIN (SELECT code AS key, count(*) AS n FROM event GROUP BY code) AS p ON p.key = r.code"""
_RELEASED = "SELECT code, count(*) AS n, <piece> AS a FROM event GROUP BY code"
_INSIDE_PERSON = "SELECT count(*) FROM (SELECT person_id, <piece> AS a FROM event GROUP BY person_id)"
_AGGREGATED = "SELECT <piece> FROM reference"
_WINDOW_OF_PERSON = """SELECT count(*)
    FROM (SELECT <piece> OVER (PARTITION BY person_id ORDER BY day) AS w FROM event) WHERE w IS NOT NULL"""
_WINDOW_OF_MANY = "SELECT count(*) FROM (SELECT <piece> OVER (ORDER BY day) AS w FROM event) WHERE w IS NOT NULL"


@cache
def plan(sql: str) -> Plan | str:
    """The plan of a query over the tables above, or the code of its refusal."""
    logging.disable(logging.CRITICAL)
    try:
        return plan_query(sql, _CATALOGUE, _PROFILE)
    except Refusal as refusal:
        return refusal.code
    finally:
        logging.disable(logging.NOTSET)


def code_of(sql: str) -> str:
    """The code of a query's refusal; empty if it is answered."""
    found = plan(sql)
    return found if isinstance(found, str) else ""


def _asked(query: str, piece: str) -> str:
    return query.replace(_PIECE, piece)


def of_people(expression: str) -> str:
    """The refusal of an expression over people's rows, in a condition; empty if there is none."""
    return code_of(_asked(_OF_PEOPLE, expression))


def as_key(expression: str) -> str:
    """The refusal of an expression as a group key of people."""
    return code_of(_asked(_AS_KEY, expression))


def of_reference(expression: str) -> str:
    """The refusal of an expression over reference data."""
    return code_of(_asked(_OF_REFERENCE, expression))


def of_results(expression: str) -> str:
    """The refusal of an expression where it meets published values."""
    return code_of(_asked(_OF_RESULTS, expression))


def released(aggregate: str) -> str:
    """What becomes of an aggregate over many people: the measures of its protected columns, `withheld` for a column
    without value, or the code of a refusal."""
    found = plan(_asked(_RELEASED, aggregate))
    if isinstance(found, str):
        return found
    if any(note.startswith("not released") for note in found.columns[2].notes):
        return "withheld"
    cells = [step.cells for step in found.steps if step.cells is not None]
    asked = [statistic.measure for cell in cells for statistic in cell.statistics]
    return ",".join(dict.fromkeys(asked[1:] or asked))  # the first is `n`, which may be all there is


def inside_person(aggregate: str) -> str:
    """The refusal of an aggregate over one person's rows."""
    return code_of(_asked(_INSIDE_PERSON, aggregate))


def aggregated(aggregate: str) -> str:
    """The refusal of an aggregate over reference data or results; there are no people to count there."""
    of_codes = aggregate.replace("person_id", "code")
    return code_of(_asked(_AGGREGATED, of_codes)) or code_of(_asked(_OF_RESULTS, of_codes))


def window_of_results(function: str) -> str:
    """The refusal of a window over results."""
    return code_of(_asked(_OF_RESULTS, f"{function} OVER (ORDER BY day)"))


def window_of_person(function: str) -> str:
    """The refusal of a window over one person's rows."""
    return code_of(_asked(_WINDOW_OF_PERSON, function))


def window_of_many(function: str) -> str:
    """The refusal of a window over many people's rows whose value is used."""
    return code_of(_asked(_WINDOW_OF_MANY, function))


def reaches_engine(function: str, words: str) -> bool:
    """Whether these words of a window over one person's rows are in the SQL that is executed."""
    found = plan(_asked(_WINDOW_OF_PERSON, function))
    return not isinstance(found, str) and any(words in step.sql for step in found.steps)
