"""Stage 6: DuckDB's own parser reads the very text that will be executed, and must see what the policy meant.

Promise: no text reaches an engine unless every node of DuckDB's parse is on the allow-list, the tables are exactly
those the policy planned to read, the columns are granted, and the functions are exactly those it wrote. sqlglot
understood the question; DuckDB will execute the answer; two parsers that differ would otherwise be a way around every
rule.

The parse runs in the confined engine without data: `json_serialize_sql` parses and executes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from governance.catalogue import Catalogue
from governance.refusal import Refusal
from query_guard.duckdb_shapes import SHAPES, Node, Nodes, Rule
from query_guard.policy.plan import PROTECTED_TABLE, Plan


class Parser(Protocol):
    """Whatever executes a text and returns a table: the engine without data."""

    def ask(self, sql: str) -> pa.Table:
        """Execute one text."""


class Mismatch(Exception):  # noqa: N818
    """DuckDB reads our text in a way that the policy did not mean."""


@dataclass
class Reading:
    """What DuckDB saw in one text."""

    tables: set[str] = field(default_factory=set)
    own_tables: set[str] = field(default_factory=set)  # names of CTEs
    functions: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)  # last parts of column references
    aliases: set[str] = field(default_factory=set)  # names that the text itself gives to expressions


def cross_check(plan: Plan, catalogue: Catalogue, parser: Parser) -> None:
    """Compare both texts of a plan with DuckDB's reading. Raises Refusal `cross-check-failed`; EngineFailure."""
    query = f"SELECT {_parse_call(plan.inner.sql)} AS one, {_parse_call(plan.outer_sql)} AS two"
    answer = parser.ask(query)
    try:
        inner, outer = (read_parse(answer.column(index)[0].as_py()) for index in range(2))
        check_reading(inner, plan.inner.tables, plan.inner.functions, catalogue)
        check_columns(inner, plan.inner.tables, catalogue)
        check_reading(outer, frozenset({PROTECTED_TABLE}), plan.outer_functions, catalogue)
    except Mismatch:
        raise Refusal(
            "cross-check-failed",
            "The guard could not make sure of what this query does.",
            "Write it in a simpler way; the operator has been told.",
        ) from None


def check_reading(reading: Reading, tables: frozenset[str], functions: frozenset[str], catalogue: Catalogue) -> None:
    """Raise Mismatch unless tables and functions are exactly the planned ones and no CTE hides a real table."""
    if reading.tables - reading.own_tables != tables:
        raise Mismatch("tables")
    if reading.own_tables & (catalogue.tables.keys() | tables):
        raise Mismatch("a name of ours is a table's")
    if reading.functions != functions:
        raise Mismatch("functions")


def check_columns(reading: Reading, tables: frozenset[str], catalogue: Catalogue) -> None:
    """Raise Mismatch for a column that is neither granted nor named by the text itself: a hidden one (`rowid`,
    `person_ordinal`), one that was not granted, or a whole row (`SELECT t1 FROM person AS t1`)."""
    granted = {column for table in tables for column in catalogue.tables[table].columns}
    if not reading.columns <= granted | reading.aliases:
        raise Mismatch("columns")


def read_parse(document: str) -> Reading:
    """Walk DuckDB's parse tree. Raises Mismatch at the first key or value that is not on the allow-list."""
    parsed = json.loads(document)
    if parsed.get("error") is not False or len(parsed["statements"]) != 1:
        raise Mismatch("not one statement")
    reading = Reading()
    _walk(parsed["statements"][0], "STATEMENT", reading)
    return reading


def _walk(node: dict[str, Any], kind: str, reading: Reading) -> None:
    shape = SHAPES[kind]
    for key, value in node.items():
        rule = shape.get(key)
        if rule is None:
            raise Mismatch(key)
        _follow(rule, key, value, reading)
    if kind == "FROM BASE_TABLE":
        reading.tables.add(node["table_name"])
    elif kind == "FUNCTION":
        reading.functions.add(node["function_name"])
    elif kind == "CTE":
        reading.own_tables.add(node["key"])
    elif kind == "COLUMN_REF":
        reading.columns.add(node["column_names"][-1])
    if node.get("class") and node.get("alias"):
        reading.aliases.add(node["alias"])


def _follow(rule: Rule, key: str, value: Any, reading: Reading) -> None:
    if isinstance(rule, Node):
        good = (value is None and rule.optional) or _walk_one(value, rule.kinds, reading)
    elif isinstance(rule, Nodes):
        good = isinstance(value, list) and all(_walk_one(item, rule.kinds, reading) for item in value)
    else:
        good = rule.allows(value)
    if not good:
        raise Mismatch(key)


def _walk_one(value: Any, kinds: tuple[str, ...], reading: Reading) -> bool:
    if not isinstance(value, dict):
        return False
    kind = kinds[0] if len(kinds) == 1 else _kind_of(value)
    if kind not in kinds:
        return False
    _walk(value, kind, reading)
    return True


def _kind_of(value: dict[str, Any]) -> str:
    """Expressions name their class, the rest their type; sources are kept apart from expressions by a prefix."""
    if "class" in value:
        return str(value["class"])
    named = str(value.get("type"))
    return f"FROM {named}" if f"FROM {named}" in SHAPES else named


def _parse_call(sql: str) -> str:
    """A call that parses `sql`, given as a string literal (DuckDB knows no escapes in it but the doubled quote)."""
    return "json_serialize_sql('" + sql.replace("'", "''") + "')"
