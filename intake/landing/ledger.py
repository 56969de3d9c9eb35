"""What a landing found, in counts: for each table the rows and why some are not staged; and its JSON for the register.

Promise: in = kept + quarantined + duplicate for every table, or there is no ledger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from governance.refusal import Refusal


@dataclass(frozen=True)
class Finding:
    """So many rows have this reason in this column (empty: the whole row)."""

    column: str
    reason: str
    rows: int


@dataclass(frozen=True)
class TableLedger:
    """One table of one delivery.

    Attributes:
        rows_in: rows and unreadable lines of its files.
        rows_kept, rows_quarantined, rows_duplicate: add up to it.
        faults: why rows are in quarantine; a row may have several.
        warnings: what is odd about rows that were kept.
        missing: column -> kept rows without a value there.
        months: "2026-01" -> kept rows of that month.
        nhs_numbers: "valid", "invalid", "missing" -> kept rows.
    """

    table: str
    rows_in: int
    rows_kept: int
    rows_quarantined: int
    rows_duplicate: int
    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    missing: Mapping[str, int] | None = None
    months: Mapping[str, int] | None = None
    nhs_numbers: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_kept + self.rows_quarantined + self.rows_duplicate:
            raise Refusal("ledger-mismatch", f"Rows of {self.table} do not add up: nothing was staged.", "Report this.")


@dataclass(frozen=True)
class DeliveryLedger:
    """All tables of one delivery, by name."""

    tables: tuple[TableLedger, ...]

    def total(self, field: str) -> int:
        """The sum of a count over the tables."""
        return sum(int(getattr(table, field)) for table in self.tables)

    @property
    def quarantine_share(self) -> float:
        """Of all rows that came in."""
        return self.total("rows_quarantined") / max(1, self.total("rows_in"))

    @property
    def spoilt_tables(self) -> tuple[str, ...]:
        """Tables of which more than half is in quarantine: a small one would not show in the share of the whole."""
        return tuple(table.table for table in self.tables if 2 * table.rows_quarantined > table.rows_in)

    def to_json(self) -> str:
        """For the register."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> DeliveryLedger:
        """As `to_json` wrote it; of an empty document: no tables."""
        return cls(tuple(_read_table(table) for table in json.loads(text).get("tables", ())))


def _read_table(table: dict[str, Any]) -> TableLedger:
    faults = tuple(Finding(**finding) for finding in table.pop("faults"))
    warnings = tuple(Finding(**finding) for finding in table.pop("warnings"))
    return TableLedger(**table, faults=faults, warnings=warnings)
