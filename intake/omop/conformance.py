"""Holds a set of OMOP tables against the checks of `conformance.toml`: counts of breaches, never a value or a person.

Promise: a check that cannot be made (a table that cannot be read) fails the set; nothing passes for want of looking.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.omop.breaches import Counted, Shape, count_breaches
from intake.omop.tables import open_tables

PASS, WARN, FAIL = "pass", "warn", "fail"


@dataclass(frozen=True)
class Check:
    """One entry of `conformance.toml`."""

    name: str
    shape: Shape
    title: str
    share: float
    hard: bool
    breach: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One check of one table. `outcome`: pass, warn or fail."""

    check: str
    title: str
    table: str
    rows: int
    breaches: int
    threshold: float
    hard: bool
    outcome: str


@dataclass(frozen=True)
class ConformanceReport:
    """Every check of every table it applies to."""

    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no hard check failed."""
        return not any(result.outcome == FAIL for result in self.results)

    def refuse_if_failed(self) -> None:
        """Raises Refusal `not-conformant` that names the checks and tables."""
        failed = [f"{result.check} ({result.table})" for result in self.results if result.outcome == FAIL]
        if failed:
            raise Refusal(
                "not-conformant",
                f"The tables break rules of the OMOP model: {', '.join(failed[:5])}"
                + (f" and {len(failed) - 5} more." if len(failed) > 5 else "."),
                "The report has the counts; correct the mapping or the source.",
            )


@cache
def checks() -> tuple[Check, ...]:
    """Every check in order. Raises ValueError, KeyError or TypeError if `conformance.toml` is malformed."""
    document = tomllib.loads(files(__package__).joinpath("conformance.toml").read_text(encoding="utf-8"))
    return tuple(Check(**{**entry, "shape": Shape(entry["shape"])}) for entry in document["check"])


def check(connection: duckdb.DuckDBPyConnection, folder: Path) -> ConformanceReport:
    """Check the tables in `folder` (a region version, or anything `intake.sources` reads).

    Raises Refusal `unreadable-source`, `no-such-source`.
    """
    tables = open_tables(connection, folder)
    conditions: Mapping[str, str] = {entry.name: entry.breach for entry in checks() if entry.shape is Shape.ROW}
    counted = count_breaches(connection, tables, conditions)
    return ConformanceReport(
        tuple(
            _judge(entry, found)
            for entry in checks()
            for found in counted
            if found.shape is entry.shape and found.check in ("", entry.name)
        )
    )


def _judge(entry: Check, found: Counted) -> CheckResult:
    exceeded = found.breaches > entry.share * found.rows
    outcome = (FAIL if entry.hard else WARN) if exceeded else PASS
    return CheckResult(
        entry.name, entry.title, found.table, found.rows, found.breaches, entry.share, entry.hard, outcome
    )
