"""What a caller asks: a text, the dialect it is written in, and values for its parameters.

It only carries: dialect and values are judged where the text is read (`policy.reading`), inside the story of the
query, so that a refusal of either has its event and receipt like any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

PLAIN_DIALECT = "duckdb"


@dataclass(frozen=True)
class Asked:
    """One question.

    Attributes:
        sql: the text, any text at all.
        dialect: name of the SQL dialect.
        parameters: values by name (`:name`, `$name`, `@name`) or in order (`?`, `$1`). Text, numbers, truth values,
            None, dates, lists of these for IN; over JSON a date is `{"date": "2020-01-31"}` or `{"timestamp": ...}`.
    """

    sql: str
    dialect: str = PLAIN_DIALECT
    parameters: Mapping[str, Any] | Sequence[Any] = ()

    @property
    def for_receipt(self) -> str:
        """The text for the proof: the SQL as it was sent, then dialect and parameters as comments, each on one line."""
        lines = [self.sql]
        if self.dialect != PLAIN_DIALECT:
            lines.append(f"-- dialect: {json.dumps(self.dialect)}")
        if self.parameters:
            lines.append(f"-- parameters: {_written(self.parameters)}")
        return "\n".join(lines)


def _written(parameters: Any) -> str:
    try:
        return json.dumps(parameters, default=_plain, skipkeys=True)
    except (ValueError, RecursionError):  # lists in themselves, or a thousand deep: they are refused anyway
        return json.dumps("not shown")


def _plain(value: Any) -> Any:
    """Dates in the form they have over JSON; of anything else only its type, since it will be refused anyway."""
    if isinstance(value, datetime):
        return {"timestamp": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Mapping):
        return dict(value)
    return type(value).__name__
