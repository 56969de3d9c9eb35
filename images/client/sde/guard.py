"""Questions to the query guard."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from sde.answers import Answer
from sde.parameters import plain_parameters
from sde.transport import call

SERVICE = "query guard"


def project() -> dict[str, object]:
    """Your project: slug, title, mode, disclosure profile, threshold (people), rounding base, release budget (cells a
    day, and those left today), end date."""
    return dict(call(SERVICE, "GET", "/v1/project").json())


def tables() -> pd.DataFrame:
    """The tables your project may query: name, kind (private or public), description, number of columns."""
    rows = [
        {"table": t["name"], "kind": t["kind"], "columns": len(t["columns"]), "description": t["description"]}
        for t in call(SERVICE, "GET", "/v1/tables").json()
    ]
    return pd.DataFrame(rows, columns=["table", "kind", "columns", "description"])


def describe(table: str) -> pd.DataFrame:
    """The columns of one table: name, type, what the guard lets you do with it, description.

    Raises Refused if your project has no such table.
    """
    columns = call(SERVICE, "GET", f"/v1/tables/{table}").json()["columns"]
    return pd.DataFrame(columns, columns=["name", "type", "use", "description"])


def sql(query: str, params: Mapping[str, Any] | Sequence[Any] | None = None, dialect: str = "duckdb") -> Answer:
    """Ask the guard. Returns a DataFrame of protected values; suppressed cells are marked.

        sde.sql("SELECT count(*) FROM person WHERE year_of_birth >= :year", {"year": 1950})
        sde.sql("SELECT count(*) FROM person WHERE gender_concept_id IN (:codes)", {"codes": [8507, 8532]})
        sde.sql("SELECT count(*) FROM visit_occurrence WHERE visit_start_date < ?", [date(2015, 1, 1)])
        sde.sql("SELECT TOP 5 year_of_birth, COUNT(*) AS n FROM @cdm.person GROUP BY year_of_birth ORDER BY n DESC",
                dialect="tsql")

    Args:
        query: one SELECT over the tables of `sde.tables()`.
        params: values for the query's places: a dict for `:name`, `$name` and `@name`, a list for `?` and `$1`. A value
            is text, a number, True or False, a date, a datetime, None, or a list (also a pandas Series or a NumPy
            array) of at most 1,000 of these, which only stands in `IN (:name)`. A value is never read as SQL.
        dialect: the SQL you write: "duckdb", "tsql" (SQL Server, OHDSI SQL), "postgres" or "sqlite". It is translated
            into DuckDB's; what cannot be translated faithfully is refused (`dialect-not-translated`).

    Raises Refused, with the code, the place, the reason and what to do instead.
    """
    asked: dict[str, Any] = {"sql": query}
    if params is not None:
        asked["parameters"] = plain_parameters(params)
    if dialect != "duckdb":
        asked["dialect"] = dialect
    response = call(SERVICE, "POST", "/v1/query", json=asked)
    table = pa.ipc.open_stream(io.BytesIO(response.content)).read_all()
    facts = json.loads((table.schema.metadata or {}).get(b"sde", b"{}"))
    return Answer.from_arrow(table, facts, query)
