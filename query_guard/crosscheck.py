"""Stage 6: DuckDB's own parser reads the very text that will be executed, and must see what the policy meant.

Promise: no text reaches an engine unless every node of DuckDB's parse is on the allow-list, the tables are exactly
those the policy planned to read, the columns are granted, and the functions are exactly those it wrote. sqlglot
understood the question; DuckDB will execute the answer; two parsers that differ would otherwise be a way around every
rule.

The parse runs in the confined engine without data: `json_serialize_sql` parses and executes nothing.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

import pyarrow as pa

from governance.catalogue import Catalogue
from governance.refusal import Refusal
from query_guard.duckdb_rules import Node, Nodes, Rule
from query_guard.duckdb_shapes import FREE, SHAPES
from query_guard.policy.plan import MARKS_COLUMNS, MARKS_TABLE, Plan, Step, StepKind

#: Columns of tables that earlier steps made: keys, values and their companions, outputs, the grouping level.
_OWN = re.compile(r"[kacs][0-9]+|s_a[0-9]+|level")

_NESTED = (list, dict)
#: Each kind of node's keys: those with any scalar (by far the most), and those with a rule.
_COMPILED = {
    kind: (
        tuple(key for key, rule in shape.items() if rule is FREE),
        tuple((key, rule) for key, rule in shape.items() if rule is not FREE),
    )
    for kind, shape in SHAPES.items()
}


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


class ReadingShelf:
    """What DuckDB saw in the texts that were parsed last. A parse depends on the text and on DuckDB's release alone, so
    a text that is met again, to the letter, need not be parsed again; what is compared with it is the new plan."""

    def __init__(self, most: int = 512) -> None:
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._most, self._lock = most, Lock()

    def find(self, sql: str) -> Reading | None:
        """The reading of this very text, if it is still there."""
        with self._lock:
            found = self._readings.get(sql)
            if found is not None:
                self._readings.move_to_end(sql)
            return found

    def keep(self, sql: str, reading: Reading) -> None:
        """Put a reading there; the one used longest ago makes room."""
        with self._lock:
            self._readings[sql] = reading
            if len(self._readings) > self._most:
                self._readings.popitem(last=False)


def cross_check(plan: Plan, catalogue: Catalogue, parser: Parser, shelf: ReadingShelf | None = None) -> None:
    """Compare every text of a plan with DuckDB's reading. Raises Refusal `cross-check-failed`; EngineFailure."""
    shelf = shelf if shelf is not None else ReadingShelf()
    readings = {step.sql: shelf.find(step.sql) for step in plan.steps}
    new = [sql for sql, reading in readings.items() if reading is None]
    try:
        for sql, document in zip(new, _documents(new, parser), strict=True):
            readings[sql] = read_parse(document)
        for step in plan.steps:
            reading = readings[step.sql]
            assert reading is not None, "found or read"
            check_step(reading, step, catalogue)
            shelf.keep(step.sql, reading)
    except Mismatch:
        raise Refusal(
            "cross-check-failed",
            "The guard could not make sure of what this query does.",
            "Write it in a simpler way; the operator has been told.",
        ) from None


def _documents(texts: list[str], parser: Parser) -> list[str]:
    """DuckDB's parses of the texts, asked for in one call."""
    if not texts:
        return []
    calls = ", ".join(f"{_parse_call(sql)} AS d{number}" for number, sql in enumerate(texts))
    return [str(column[0].as_py()) for column in parser.ask(f"SELECT {calls}").columns]


def check_step(reading: Reading, step: Step, catalogue: Catalogue) -> None:
    """Raise Mismatch unless tables and functions are exactly the planned ones and no CTE hides a real table; and for a
    text that reads data, unless every column is granted or named by the text itself."""
    if reading.tables - reading.own_tables != step.tables | step.given:
        raise Mismatch("tables")
    if step.kind is StepKind.FREE and step.tables:
        raise Mismatch("data where there is none")
    if reading.own_tables & (catalogue.tables.keys() | step.tables | step.given):
        raise Mismatch("a name of ours is a table's")
    if reading.functions != step.functions:
        raise Mismatch("functions")
    check_columns(reading, step, catalogue)


def check_columns(reading: Reading, step: Step, catalogue: Catalogue) -> None:
    """Raise Mismatch for a column that is neither granted nor named by the guard: a hidden one (`rowid`,
    `person_ordinal`), one that was not granted, or a whole row (`SELECT t1 FROM person AS t1`)."""
    granted = {column for table in step.tables - {MARKS_TABLE} for column in catalogue.tables[table].columns}
    granted |= MARKS_COLUMNS if MARKS_TABLE in step.tables else frozenset()
    own = (
        reading.aliases
        if not step.given
        else reading.aliases | {name for name in reading.columns if _OWN.fullmatch(name)}
    )
    if not reading.columns <= granted | own:
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
    free, ruled = _COMPILED[kind]
    if len(node) != len(free) + len(ruled):
        raise Mismatch(kind)
    try:
        for key in free:
            if type(node[key]) in _NESTED:
                raise Mismatch(key)
        for key, rule in ruled:
            if not _follow(rule, node[key], reading):
                raise Mismatch(key)
    except KeyError as missing:
        raise Mismatch(str(missing)) from None
    _note(node, kind, reading)


def _note(node: dict[str, Any], kind: str, reading: Reading) -> None:
    """What an allowed node says of tables, functions, columns and names."""
    if kind == "FROM BASE_TABLE":
        reading.tables.add(node["table_name"])
    elif kind in ("FUNCTION", "WINDOW"):
        reading.functions.add(node["function_name"])
    elif kind == "CTE":
        reading.own_tables.add(node["key"])
    elif kind == "COLUMN_REF":
        reading.columns.add(node["column_names"][-1])
    if node.get("alias") and node.get("class"):
        reading.aliases.add(node["alias"])


def _follow(rule: Rule, value: Any, reading: Reading) -> bool:
    """Whether a value is what its rule allows, with everything inside."""
    if type(rule) is Node:
        return (value is None and rule.optional) or _walk_one(value, rule.kinds, reading)
    if type(rule) is Nodes:
        return type(value) is list and all(_walk_one(item, rule.kinds, reading) for item in value)
    assert not isinstance(rule, Node | Nodes), "both are final"
    return rule.allows(value)


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
    """A call that parses `sql`, given as a string literal (DuckDB knows no escapes in it but the doubled quote). The
    whole document is asked for: with `skip_default` a comma join would look like a CROSS JOIN."""
    return "json_serialize_sql('" + sql.replace("'", "''") + "')"
