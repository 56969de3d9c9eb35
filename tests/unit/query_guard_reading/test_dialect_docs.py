"""The tables of the how-to on dialects say what is done: every line is translated here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "other-dialects.md"
SECTIONS = {"SQL Server (T-SQL)": "tsql", "PostgreSQL": "postgres", "SQLite": "sqlite"}
ROW = re.compile(r"\| `(.+)` \| `(.+)` \|")


def rows() -> list[Any]:
    found: list[Any] = []
    dialect = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            dialect = SECTIONS.get(line[3:], "")
        row = ROW.fullmatch(line)
        if row and dialect:
            written, read = (part.replace("\\|", "|") for part in row.groups())
            found.append(pytest.param(dialect, written, read, id=f"{dialect}-{len(found):02}"))
    return found


@pytest.mark.parametrize(("dialect", "written", "read"), rows())
def test_every_line_of_the_tables(reading: Any, dialect: str, written: str, read: str) -> None:
    tables = " from person, visit_occurrence, measurement"
    found = reading.written(f"select {written} as x{tables}", dialect)
    assert found.partition(" AS x FROM ")[0] == f"SELECT {read}"


def test_every_dialect_has_its_table() -> None:
    assert {row.values[0] for row in rows()} == set(SECTIONS.values())
