"""What becomes of one query: the result handed to every front (service, batch), answered or refused alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pyarrow as pa

from governance.refusal import Refusal


class Verdict(StrEnum):
    """How a query ended."""

    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass(frozen=True)
class QueryResult:
    """One query's end. Times in milliseconds.

    Attributes:
        verdict: `answered` or `refused`; a refusal carries no table.
        refusal: why not, or None.
        table: the protected answer; suppressed cells are null and listed in each field's `sde.suppressed` metadata.
        suppressed_rows, suppressed_cells: how much of the answer was hidden.
        numbers: how many numbers about people were published for it; what it costs of the release budget. Being
            stopped while it ran costs too.
        flags: output column -> why some of its cells are hidden or changed.
        receipt: id of the QueryReceipt, empty if none could be written.
        policy_version: profile and version that judged it.
        plan_ms, execute_ms, total_ms: deciding, both engines, everything.
    """

    verdict: Verdict
    refusal: Refusal | None = None
    table: pa.Table | None = None
    suppressed_rows: int = 0
    suppressed_cells: int = 0
    numbers: int = 0
    flags: dict[str, str] = field(default_factory=dict)
    receipt: str = ""
    profile: str = ""
    policy_version: str = ""
    plan_ms: float = 0.0
    execute_ms: float = 0.0
    total_ms: float = 0.0

    @property
    def code(self) -> str:
        """The refusal's code, empty for an answer."""
        return self.refusal.code if self.refusal else ""

    @property
    def message(self) -> str:
        """What a person reads about a refusal: the reason and the remedy."""
        return f"{self.refusal.message} {self.refusal.remedy}".strip() if self.refusal else ""
