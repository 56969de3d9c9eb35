"""The ledger of a cut: what became of every row of every table. Promise: it adds up, or nothing is built.

For data stewards only: how many rows of a table belong to people who opted out is told to no researcher.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.refusal import Refusal


@dataclass(frozen=True)
class Step:
    """One line: `rows_in = rows_out + dropped`; the next line of the same table goes on with `rows_out`."""

    step: str
    table: str
    rows_in: int
    rows_out: int
    dropped: int
    why: str


@dataclass(frozen=True)
class Sorted:
    """What one pass over a table says of its rows, each counted once.

    Attributes:
        others: rows of people outside the cohort, or of nobody.
        opted_out: rows that may not be used, by reason.
        outside_days, outside_codes: rows that no grant admits, by what they miss.
        kept: the rest.
    """

    others: int = 0
    opted_out: Mapping[str, int] = field(default_factory=dict)
    outside_days: int = 0
    outside_codes: int = 0
    kept: int = 0


OTHERS = "rows of other people, or of nobody, stay out"
OPTED_OUT = "rows that may not be used for this purpose"
MERGED = "several feeds' rows of one person become one"
DAYS, CODES = "rows outside the granted days", "rows outside the granted codes"


def table_steps(table: str, rows_in: int, sorted_rows: Sorted, merged: int, rows_out: int) -> list[Step]:
    """The lines of a table about people.

    Args:
        table: its name.
        rows_in: rows counted in the source, apart from the pass that sorted them.
        sorted_rows: what that pass said.
        merged: rows that went up in another of the same person.
        rows_out: rows counted in the extract.

    Raises Refusal `ledger-mismatch` unless every row is accounted for.
    """
    dropped = [("people", sorted_rows.others, OTHERS)]
    dropped += [(f"opt-out {kind}", rows, OPTED_OUT) for kind, rows in sorted_rows.opted_out.items()]
    dropped += [
        ("merge", merged, MERGED),
        ("days", sorted_rows.outside_days, DAYS),
        ("codes", sorted_rows.outside_codes, CODES),
    ]
    steps, rows = [], rows_in
    for name, count, why in dropped:
        if count or name == "people":
            steps.append(Step(name, table, rows, rows - count, count, why))
            rows -= count
    if rows != rows_out or rows_out != sorted_rows.kept or any(count < 0 for _, count, _ in dropped):
        raise ledger_mismatch(table)
    return steps


def ledger_mismatch(table: str) -> Refusal:
    """What is said when rows are lost or made."""
    return Refusal("ledger-mismatch", f"Rows of {table} do not add up: nothing was built.", "Report this.")


def final_rows(steps: list[Step] | tuple[Step, ...]) -> dict[str, int]:
    """Rows of each table in the extract."""
    return {step.table: step.rows_out for step in steps}
