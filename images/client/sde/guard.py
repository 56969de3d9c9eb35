"""Questions to the query guard."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow as pa

from sde.answers import Answer
from sde.transport import call

SERVICE = "query guard"


def project() -> dict[str, object]:
    """Your project: slug, title, mode, disclosure profile, threshold (people), rounding base, end date."""
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


def sql(query: str) -> Answer:
    """Ask the guard. Returns a DataFrame of protected values; suppressed cells are marked.

    Args:
        query: one SELECT in DuckDB SQL over the tables of `sde.tables()`.

    Raises Refused, with the code, the place, the reason and what to do instead.
    """
    response = call(SERVICE, "POST", "/v1/query", json={"sql": query})
    table = pa.ipc.open_stream(io.BytesIO(response.content)).read_all()
    facts = json.loads((table.schema.metadata or {}).get(b"sde", b"{}"))
    return Answer.from_arrow(table, facts, query)
