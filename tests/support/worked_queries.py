"""The worked queries of the how-to `ask-the-guard.md`: reads them from the page, asks them, shows answers as a notebook
does.

    python -m tests.support.worked_queries     asks all of them of a new guard and writes the answers into the page

A block of SQL is followed by a block `text` with what came back. Lines `-- dialect: ...` and `-- parameters: ...` above
the SQL say what is given beside it.
"""

from __future__ import annotations

import importlib.util
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from query_guard.asked import Asked
from query_guard.outcome import QueryResult
from tests.support.guard_lab import STEADY, gibleed_file, open_lab

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "ask-the-guard.md"
_ANSWERS = ROOT / "images" / "client" / "sde" / "answers.py"
_BLOCKS = re.compile(r"^```sql\n(?P<sql>.*?)^```\n\n```text\n(?P<shown>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^## (?P<number>\d+)\. (?P<title>.+)$", re.MULTILINE)
_DIALECT, _PARAMETERS = "-- dialect: ", "-- parameters: "


@dataclass(frozen=True)
class WorkedQuery:
    """One block of SQL on the page. `number` is that of its section, 0 outside the numbered ones."""

    name: str
    number: int
    sql: str
    shown: str

    @property
    def asked(self) -> Asked:
        """The question, with the dialect and the parameters that its first lines give."""
        given = {line.partition(": ")[0]: line.partition(": ")[2] for line in self.sql.splitlines()}
        dialect = given.get(_DIALECT.removesuffix(": "), "duckdb")
        return Asked(self.sql, dialect, json.loads(given.get(_PARAMETERS.removesuffix(": "), "[]")))


def read_page(page: str) -> tuple[WorkedQuery, ...]:
    """Every block of SQL with its answer, in order."""
    return tuple(_read(page, found, turn) for turn, found in enumerate(_BLOCKS.finditer(page), 1))


def _read(page: str, found: re.Match[str], turn: int) -> WorkedQuery:
    headings = re.findall(r"^## (.+)$", page[: found.start()], re.MULTILINE)
    title = _TITLE.match(f"## {headings[-1]}") if headings else None
    number = int(title["number"]) if title else 0
    return WorkedQuery(f"{turn:02}-{headings[-1] if headings else ''}", number, found["sql"], found["shown"])


def show(result: QueryResult) -> str:
    """What a notebook prints of an answer, receipt and profile aside; or of a refusal."""
    if result.refusal is not None or result.table is None:
        return f"{_client('errors').Refused(**(result.refusal.as_dict() if result.refusal else {}))}\n"
    facts = {
        "flags": result.flags,
        "suppressed": {"rows": result.suppressed_rows, "cells": result.suppressed_cells},
    }
    answer = _client("answers").Answer.from_arrow(result.table, facts, "")
    *table, note = repr(answer).splitlines()
    counted = " · ".join(note.split(" · ")[:2])
    notes = [f"{column}: {reason}" for column, reason in result.flags.items()]
    return "\n".join(line.rstrip() for line in (*table, counted, *notes)) + "\n"


def _client(name: str) -> ModuleType:
    """A module of the researcher's client, which is not installed here."""
    spec = importlib.util.spec_from_file_location(f"client_{name}", _ANSWERS.with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rewrite(page: str, ask: Callable[[WorkedQuery], QueryResult]) -> str:
    """The page with the answers of now."""
    queries = iter(read_page(page))

    def renew(found: re.Match[str]) -> str:
        query = next(queries)
        return f"```sql\n{query.sql}```\n\n```text\n{show(ask(query))}```"

    return _BLOCKS.sub(renew, page)


def main() -> None:
    """Write the answers into the page."""
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder) / "state", gibleed_file(), STEADY) as lab:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(rewrite(page, lambda query: lab.ask(query.asked)), encoding="utf-8")


if __name__ == "__main__":
    main()
