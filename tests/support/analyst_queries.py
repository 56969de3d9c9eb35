"""The corpus of analysts' questions: reads it, asks it of a guard, and names how each ended.

`tests/fixtures/analyst_queries/NNN-short-name.sql` holds one question each: a block of `-- key: value` lines, then SQL.
Keys: `question`, `shape` (comma list of what is remarkable about the SQL), `expect` (answered, partial or refused),
`dialect` (duckdb, tsql, postgres), and where they apply `code` (of the refusal) and `parameters` (JSON: an object for
values by name, a list for values by position).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlglot

from governance.callers import Caller
from query_guard.answer import answer_query
from query_guard.asked import Asked
from query_guard.outcome import QueryResult, Verdict
from tests.support.guard_lab import GuardLab

CORPUS = Path(__file__).parents[1] / "fixtures" / "analyst_queries"
_KEYS = frozenset({"question", "shape", "expect", "code", "dialect", "parameters"})
_NEEDED = ("question", "shape", "expect", "dialect")
_MARK = "-- "
NOT_RELEASED = "not released"  # in the note of every withheld column, and of no other


class Ending(StrEnum):
    """How a question ended, or is expected to end."""

    ANSWERED = "answered"  # with everything that was asked
    PARTIAL = "partial"  # with at least one column withheld, and saying so
    REFUSED = "refused"


@dataclass(frozen=True)
class AnalystQuery:
    """One question. `parameters` is empty where the SQL has no places for values."""

    name: str
    question: str
    shapes: tuple[str, ...]
    expect: Ending
    dialect: str
    sql: str
    code: str = ""
    parameters: Mapping[str, Any] | Sequence[Any] = ()

    @property
    def plain_sql(self) -> str:
        """What plain DuckDB runs for it, checked by nobody: for comparison only."""
        text = self.sql.strip().rstrip(";")
        return text if self.dialect == "duckdb" else sqlglot.parse_one(text, read=self.dialect).sql("duckdb")

    @property
    def values(self) -> dict[str, Any] | list[Any]:
        """The parameters as DuckDB's Python client takes them."""
        return dict(self.parameters) if isinstance(self.parameters, Mapping) else list(self.parameters)

    def meets(self, ending: Ending, code: str) -> bool:
        """Whether it ended as expected; a whole answer also where a partial one was expected."""
        if self.expect is Ending.REFUSED:
            return ending is Ending.REFUSED and self.code in ("", code)
        return ending is self.expect or (ending, self.expect) == (Ending.ANSWERED, Ending.PARTIAL)


def load_corpus(folder: Path = CORPUS) -> tuple[AnalystQuery, ...]:
    """All questions of a folder, by name. Raises ValueError for a header that cannot be read."""
    return tuple(read_query(file) for file in sorted(folder.glob("*.sql")))


def read_query(file: Path) -> AnalystQuery:
    """One question. Raises ValueError for a header that cannot be read."""
    lines = file.read_text(encoding="utf-8").splitlines()
    length = next((at for at, line in enumerate(lines) if not line.startswith(_MARK)), len(lines))
    header = dict(line.removeprefix(_MARK).split(": ", 1) for line in lines[:length])
    if not _KEYS.issuperset(header) or not set(_NEEDED) <= set(header):
        raise ValueError(
            f"{file.name}: the header needs {', '.join(_NEEDED)} and knows only {', '.join(sorted(_KEYS))}"
        )
    return AnalystQuery(
        name=file.stem,
        question=header["question"],
        shapes=tuple(shape.strip() for shape in header["shape"].split(",")),
        expect=Ending(header["expect"]),
        dialect=header["dialect"],
        sql="\n".join(lines[length:]) + "\n",
        code=header.get("code", ""),
        parameters=json.loads(header.get("parameters", "[]")),
    )


def ask(lab: GuardLab, query: AnalystQuery, subject: str = "researcher-a") -> QueryResult:
    """The question put to the guard, in its own dialect and with its values."""
    asked = Asked(query.sql, query.dialect, query.parameters)
    return answer_query(lab.guard, Caller(subject, "gi-bleed", "test"), asked)


def ending_of(result: QueryResult) -> Ending:
    """How it ended: withheld columns make an answer partial, suppressed cells do not."""
    if result.verdict is Verdict.REFUSED:
        return Ending.REFUSED
    withheld = any(NOT_RELEASED in note for note in result.flags.values())
    return Ending.PARTIAL if withheld else Ending.ANSWERED
