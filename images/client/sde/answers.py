"""A protected answer: a pandas DataFrame that knows which of its cells were suppressed, and its receipt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    import polars as pl

MARK = "[suppressed]"
SUPPRESSED_FIELD = b"sde.suppressed"
_WHOLE = (pd.Int64Dtype, pd.UInt64Dtype)


class Answer(pd.DataFrame):
    """What `sde.sql` returns. Use it as any DataFrame; a suppressed cell is missing (NA) and shown as [suppressed].

    Attributes:
        receipt: identifier of the proof of which policy made this answer; give it to output checkers.
        flags: column -> why its values are not what the SQL says on its face.
        suppressed_rows, suppressed_cells: how much was hidden.
        suppressed: DataFrame of booleans in the answer's original shape, True where a cell was hidden.
    """

    _metadata = ["_arrow", "receipt", "flags", "profile", "suppressed_rows", "suppressed_cells", "suppressed"]
    _arrow: pa.Table | None = None
    receipt: str = ""
    flags: dict[str, str] = {}
    profile: str = ""
    suppressed_rows: int = 0
    suppressed_cells: int = 0
    suppressed: pd.DataFrame | None = None

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame  # what you compute from an answer is an ordinary table

    @classmethod
    def from_arrow(cls, table: pa.Table, facts: dict[str, Any], query: str) -> Answer:
        """From the guard's Arrow table and its facts (receipt, flags, suppressed)."""
        answer = cls(_whole_numbers_stay(table))
        counts = facts.get("suppressed", {})
        hidden = {field.name: _hidden_rows(field) for field in table.schema}
        mask = pd.DataFrame(
            {name: [row in rows for row in range(table.num_rows)] for name, rows in hidden.items()}, dtype=bool
        )
        for name, value in {
            "_arrow": table.replace_schema_metadata({b"sde": json.dumps(facts).encode()}),
            "receipt": facts.get("receipt", ""),
            "flags": facts.get("flags", {}),
            "profile": facts.get("policy_version", ""),
            "suppressed_rows": counts.get("rows", 0),
            "suppressed_cells": counts.get("cells", 0),
            "suppressed": mask,
        }.items():
            object.__setattr__(answer, name, value)
        answer.attrs["sde_receipt"] = answer.receipt
        answer.attrs["sde_sql"] = query
        return answer

    def to_arrow(self) -> pa.Table:
        """The answer as an Arrow table; suppressed cells are null, listed in each field's metadata."""
        if self._arrow is None:
            raise ValueError("this table is no longer an answer of the guard")
        return self._arrow

    def to_polars(self) -> pl.DataFrame:
        """The answer as a polars DataFrame; suppressed cells are null."""
        import polars as pl

        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _repr_html_(self) -> str:
        return self._marked().to_html(na_rep="", max_rows=60, notebook=True) + f"<p><small>{self._note()}</small></p>"

    def __repr__(self) -> str:
        return f"{self._marked().to_string(max_rows=60, na_rep='')}\n{self._note()}"

    def _marked(self) -> pd.DataFrame:
        shown = pd.DataFrame(self)
        for name in shown.columns[[isinstance(kind, _WHOLE) for kind in shown.dtypes]]:
            column = shown[name]
            shown[name] = column.astype(object).where(column.notna(), "")  # pandas would write <NA>
        if self.suppressed is None or self.suppressed.shape != shown.shape or not self.suppressed.to_numpy().any():
            return shown
        return shown.astype(object).where(~self.suppressed.to_numpy(), MARK)

    def _note(self) -> str:
        hidden = f"{self.suppressed_rows} rows and {self.suppressed_cells} cells suppressed"
        flags = "".join(f"; {column}: {reason}" for column, reason in self.flags.items())
        return f"{len(self)} rows · {hidden} · {self.profile} · receipt {self.receipt[:12]}{flags}"


def _whole_numbers_stay(table: pa.Table) -> pd.DataFrame:
    """The table in pandas. Whole numbers of which one is missing stay whole (pandas would make 8507.0 of 8507)."""
    frame = table.to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_integer(column.type) and column.null_count:
            frame[name] = pd.array(column.to_pylist(), dtype="Int64" if column.type != pa.uint64() else "UInt64")
    return frame


def _hidden_rows(field: pa.Field) -> frozenset[int]:
    return frozenset(json.loads((field.metadata or {}).get(SUPPRESSED_FIELD, b"[]")))
