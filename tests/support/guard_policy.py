"""A small OMOP project for tests of the guard's policy: its catalogue, real DuckDB tables, and the whole way of a
query.

Stage 7 and 9 run in plain in-memory DuckDB here: the locked engine is another test's matter.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from governance.disclosure import PROFILES, DisclosureProfile
from governance.refusal import Refusal
from query_guard.policy import Answer, Plan, StepKind, finish, plan_query, protect
from query_guard.policy.history import History
from query_guard.policy.plan import MARKS_TABLE
from tests.support.rule_in_memory import RuleInMemory

NHS = PROFILES["nhs-sde"]
_USE = ColumnUse


def _table(name: str, kind: TableKind, *columns: CatalogueColumn, one: bool = False) -> CatalogueTable:
    return CatalogueTable(name, kind, {column.name: column for column in columns}, one)


def _column(
    name: str, kind: str, use: ColumnUse, low: float | None = None, high: float | None = None
) -> CatalogueColumn:
    return CatalogueColumn(name, kind, use, "", low, high)


CATALOGUE = Catalogue(
    {
        table.name: table
        for table in (
            _table(
                "person",
                TableKind.PRIVATE,
                _column("person_id", "BIGINT", _USE.PERSON),
                _column("gender_concept_id", "BIGINT", _USE.GROUP),
                _column("year_of_birth", "INTEGER", _USE.GROUP, 1900, 2025),
                _column("birth_datetime", "TIMESTAMP", _USE.DATE),
                _column("gender_source_value", "VARCHAR", _USE.GROUP),
                _column("race_source_value", "VARCHAR", _USE.GROUP),
                one=True,
            ),
            _table(
                "visit_occurrence",
                TableKind.PRIVATE,
                _column("visit_occurrence_id", "BIGINT", _USE.KEY),
                _column("person_id", "BIGINT", _USE.PERSON),
                _column("visit_concept_id", "BIGINT", _USE.GROUP),
                _column("visit_start_date", "DATE", _USE.DATE),
                _column("visit_end_date", "DATE", _USE.DATE),
            ),
            _table(
                "measurement",
                TableKind.PRIVATE,
                _column("measurement_id", "BIGINT", _USE.KEY),
                _column("person_id", "BIGINT", _USE.PERSON),
                _column("visit_occurrence_id", "BIGINT", _USE.KEY),
                _column("measurement_concept_id", "BIGINT", _USE.GROUP),
                _column("measurement_date", "DATE", _USE.DATE),
                _column("value_as_number", "DOUBLE", _USE.MEASURE),
                _column("days_supply", "INTEGER", _USE.MEASURE, 0, 365),
                _column("cost", "DECIMAL(18,3)", _USE.MEASURE),
                _column("is_abnormal", "BOOLEAN", _USE.GROUP),
                _column("photo", "BLOB", _USE.GROUP),
            ),
            _table(
                "death",
                TableKind.PRIVATE,
                _column("person_id", "BIGINT", _USE.PERSON),
                _column("death_date", "DATE", _USE.DATE),
                _column("cause_concept_id", "BIGINT", _USE.GROUP),
                one=True,
            ),
            _table(
                "concept",
                TableKind.PUBLIC,
                _column("concept_id", "BIGINT", _USE.GROUP),
                _column("concept_name", "VARCHAR", _USE.GROUP),
                _column("domain_id", "VARCHAR", _USE.GROUP),
                _column("vocabulary_id", "VARCHAR", _USE.GROUP),
                _column("weight", "DOUBLE", _USE.MEASURE),
            ),
            _table(
                "concept_ancestor",
                TableKind.PUBLIC,
                _column("ancestor_concept_id", "BIGINT", _USE.GROUP),
                _column("descendant_concept_id", "BIGINT", _USE.GROUP),
            ),
        )
    }
)


#: One engine for all labs of a process, each in a database of its own: to start an engine takes longer than what most
#: tests ask of it. One thread, because a test's tables are small.
_ENGINE = duckdb.connect(config={"threads": 1})
_NUMBERS = count()


def _make_database() -> str:
    name = f"lab{next(_NUMBERS)}"
    _ENGINE.execute(f"ATTACH ':memory:' AS {name}")
    return name


def _open_database(name: str) -> duckdb.DuckDBPyConnection:
    opened = _ENGINE.cursor()
    opened.execute(f"USE {name}")
    return opened


def _drop_database(name: str, data: duckdb.DuckDBPyConnection) -> None:
    data.close()
    with suppress(duckdb.Error), _ENGINE.cursor() as engine:
        engine.execute(f"DETACH {name}")


def functions_of(sql: str) -> frozenset[str]:
    """The function names in DuckDB's own parse of a text."""
    document = json.loads(_ENGINE.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0])
    assert not document.get("error"), document
    found: set[str] = set()
    waiting: list[Any] = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found.update([part["function_name"]] if "function_name" in part else [])
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return frozenset(found)


@dataclass
class PolicyLab:
    """Tables in memory and the guard's policy before them. Without a `history` each question is the first."""

    profile: DisclosureProfile = NHS
    catalogue: Catalogue = CATALOGUE
    history: History | None = None
    database: str = field(default_factory=_make_database, init=False)
    data: duckdb.DuckDBPyConnection = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.open()
        weakref.finalize(self, _drop_database, self.database, self.data)
        for table in self.catalogue.tables.values():
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns.values())
            self.data.execute(f'CREATE TABLE "{table.name}" ({columns})')
        private = [table.name for table in self.catalogue.tables.values() if table.kind is TableKind.PRIVATE]
        people = " UNION ".join(f'SELECT person_id FROM "{name}" WHERE person_id IS NOT NULL' for name in private)
        self.data.execute(f"CREATE VIEW {MARKS_TABLE} AS SELECT person_id, hash(person_id, 7) AS mark FROM ({people})")

    def open(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the lab's tables."""
        return _open_database(self.database)

    def fill(self, table: str, rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> PolicyLab:
        """Add rows: by column name, or in the catalogue's order (missing ones null)."""
        names = list(self.catalogue.tables[table].columns)
        values = [
            [row.get(name) for name in names] if isinstance(row, Mapping) else [*row, *[None] * (len(names) - len(row))]
            for row in rows
        ]
        marks = f"({', '.join('?' for _ in names)})"
        for start in range(0, len(values), 500):  # many rows a statement: a test's data in milliseconds
            part = values[start : start + 500]
            listed = ", ".join(marks for _ in part)
            self.data.execute(f'INSERT INTO "{table}" VALUES {listed}', [value for row in part for value in row])
        return self

    def people(self, number: int, *, first: int = 1, **values: Any) -> PolicyLab:
        """Add so many people with the same values."""
        return self.fill("person", [{"person_id": first + index, **values} for index in range(number)])

    def plan(self, sql: str, dialect: str = "duckdb", today: date = date.min) -> Plan:
        """Plan, and hold the plan's own account of its functions and tables against DuckDB's parse."""
        plan = plan_query(sql, self.catalogue, self.profile, dialect=dialect, today=today)
        for step in plan.steps:
            assert functions_of(step.sql) == step.functions, step.sql
            assert step.tables <= {*self.catalogue.tables, MARKS_TABLE}
        return plan

    def ask(self, sql: str, dialect: str = "duckdb", today: date = date.min) -> Answer:
        """The whole way of a query."""
        return self.run(self.plan(sql, dialect, today))

    def run(self, plan: Plan) -> Answer:
        """What follows the plan: every step, its protection, the end."""
        made: dict[str, pa.Table] = {}
        suppressed, history = 0, self.history or RuleInMemory(self.profile.threshold)
        for step in plan.steps:
            with _ENGINE.cursor() if step.kind is StepKind.FREE else self.open() as engine:
                for name in step.given:
                    engine.register(name, made[name])
                made[step.name] = engine.sql(step.sql).to_arrow_table()
                for name in step.given:
                    engine.unregister(name)
            if step.cells is not None:
                protected = protect(step.cells, made[step.name], self.profile, history)
                made[step.name], suppressed = protected.table, suppressed + protected.suppressed_rows
        return finish(plan, made[plan.steps[-1].name], suppressed)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer's rows."""
        return [tuple(row.values()) for row in self.ask(sql).table.to_pylist()]

    def value(self, sql: str) -> Any:
        """The first value of the answer's only row."""
        (row,) = self.rows(sql)
        return row[0]

    def refusal(self, sql: str) -> Refusal:
        """The refusal of a query that must be refused while planning."""
        try:
            plan = plan_query(sql, self.catalogue, self.profile)
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"was planned: {plan.steps[0].sql}")

    def code(self, sql: str) -> str:
        """The code of that refusal."""
        return self.refusal(sql).code


def hidden_rows(answer: Answer, column: str) -> list[int]:
    """The row numbers that the answer marks as hidden in a column."""
    metadata = answer.table.schema.field(column).metadata or {}
    return list(json.loads(metadata.get(b"sde.suppressed", b"[]")))
