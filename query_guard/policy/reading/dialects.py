"""The dialects that are read, as data: their names, and the table of what is taken over and what is rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from query_guard.policy.reading.entry import Table
from query_guard.policy.reading.kind import BROKEN, WHOLE, Kind
from query_guard.policy.reading.kind_rules import Typing
from query_guard.policy.reading.refusals import refuse
from query_guard.policy.reading.tables import POSTGRES_TABLE, SQLITE_TABLE, TSQL_TABLE


@dataclass(frozen=True)
class Dialect:
    """One dialect.

    Attributes:
        name: as the caller writes it; `aliases` mean the same.
        title: for people.
        reads: sqlglot's name of it.
        table: what is translated; empty for DuckDB's own SQL, which is not.
        typing: where its types differ.
    """

    name: str
    title: str
    reads: str
    aliases: tuple[str, ...] = ()
    table: Table = field(default_factory=dict)
    typing: Typing = field(default_factory=Typing)


DUCKDB = Dialect("duckdb", "DuckDB", "duckdb")
TSQL = Dialect(
    "tsql",
    "SQL Server (T-SQL), also OHDSI SQL",
    "tsql",
    ("sql server", "sqlserver", "mssql", "ohdsi"),
    TSQL_TABLE,
    Typing(whole_average=Kind.BIGINT, rounded_whole=Kind.INTEGER, power=WHOLE | BROKEN),
)
POSTGRES = Dialect(
    "postgres",
    "PostgreSQL",
    "postgres",
    ("postgresql",),
    POSTGRES_TABLE,
    Typing(
        whole_average=Kind.DECIMAL,
        big_sum=Kind.DECIMAL,
        stepped_whole=Kind.DOUBLE,
        date_part=Kind.DECIMAL,
        power=Kind.DECIMAL,
        nullif_widens=True,
    ),
)
SQLITE = Dialect("sqlite", "SQLite", "sqlite", (), SQLITE_TABLE, Typing(by_value=True))
DIALECTS = (DUCKDB, TSQL, POSTGRES, SQLITE)
_BY_NAME: Mapping[str, Dialect] = MappingProxyType(
    {name: dialect for dialect in DIALECTS for name in (dialect.name, *dialect.aliases)}
)


def dialect_named(name: str) -> Dialect:
    """The dialect of that name or alias, in capitals or not. Raises `dialect-unknown`."""
    found = _BY_NAME.get(" ".join(name.lower().split()))
    if found is None:
        raise refuse("dialect-unknown", name=name)
    return found
