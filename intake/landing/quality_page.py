"""The quality page of a delivery: what came, what was kept, why the rest was not, how complete it is.

Promise: counts, names of columns and reasons only; a count under ten is shown as "<10".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from governance.registry.deliveries import DeliveryState, DeliveryView
from intake.feeds import find_feed
from intake.landing.checks import CHECKS, OTHER_REASONS
from intake.landing.ledger import DeliveryLedger, Finding, TableLedger
from intake.landing.survey import WARNINGS
from intake.reporting import SMALLEST, BarPlot, Cell, LinePlot, Section, Table, Text, people, write_report

TONES = {DeliveryState.ACCEPTED: "good", DeliveryState.HELD: "wait", DeliveryState.REJECTED: "stop"}
ENOUGH = 100  # rows
WORDS = {**{check.reason: check.says for check in CHECKS}, **OTHER_REASONS, **WARNINGS}


def write_quality_page(file: Path, delivery: DeliveryView, ledger: DeliveryLedger) -> None:
    """Write (or replace) the page. Raises Refusal `disk-full`."""
    write_report(file, f"Delivery {delivery.id}", list(_sections(delivery, ledger)))


def _sections(delivery: DeliveryView, ledger: DeliveryLedger) -> Iterator[Section]:
    title = find_feed(delivery.feed).title
    tone = TONES.get(DeliveryState(delivery.state), "quiet")
    yield Text("Decision", f"{title}: {delivery.state}. {delivery.reason}", tone)
    yield Table(
        "Rows",
        ("Table", "In", "Kept", "In quarantine", "Repeated keys"),
        tuple(_rows(table) for table in ledger.tables),
        "Every row that came in is kept, in quarantine, or left out because it repeats another one's key.",
    )
    yield _findings("Why rows are in quarantine", ledger, "faults")
    if any(table.faults for table in ledger.tables):
        yield _reasons(ledger)
    yield _findings("Odd, but kept", ledger, "warnings")
    yield from _numbers(ledger)
    yield from _volume(ledger)
    for table in ledger.tables:
        yield _completeness(table)


def _rows(table: TableLedger) -> tuple[Cell, ...]:
    counts = (table.rows_in, table.rows_kept, table.rows_quarantined, table.rows_duplicate)
    return (table.table, *map(people, counts))


def _findings(heading: str, ledger: DeliveryLedger, field: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for table in ledger.tables:
        found: tuple[Finding, ...] = getattr(table, field)
        rows += [
            (table.table, each.column or "the whole row", WORDS.get(each.reason, each.reason), people(each.rows))
            for each in found
        ]
    return Table(heading, ("Table", "Column", "Reason", "Rows"), tuple(rows))


def _reasons(ledger: DeliveryLedger) -> BarPlot:
    totals: dict[str, int] = {}
    for table in ledger.tables:
        for fault in table.faults:
            totals[fault.reason] = totals.get(fault.reason, 0) + fault.rows
    order = sorted(totals, key=lambda reason: -totals[reason])
    return BarPlot("Reasons of quarantine", tuple(order), tuple(totals[reason] for reason in order), "rows")


def _numbers(ledger: DeliveryLedger) -> Iterator[Section]:
    told = [(table.table, table.nhs_numbers) for table in ledger.tables if table.nhs_numbers]
    if told:
        kinds = ("valid", "invalid", "missing")
        rows = tuple((name, *(people(numbers.get(kind, 0)) for kind in kinds)) for name, numbers in told)
        yield Table("NHS numbers", ("Table", *(kind.capitalize() for kind in kinds)), rows)


def _volume(ledger: DeliveryLedger) -> Iterator[Section]:
    told = {table.table: table.months for table in ledger.tables if table.months}
    held = sorted({month for counts in told.values() for month in counts})
    if held:
        months = _all_months(held[0], held[-1])
        lines = {name: tuple(counts.get(month, 0) for month in months) for name, counts in told.items()}
        yield LinePlot("Rows by month", tuple(months), lines, "rows", "By the day of the event.")


def _all_months(first: str, last: str) -> list[str]:
    """Those between too: a month without rows is what the plot should show."""
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(begin, end + 1)]


def _completeness(table: TableLedger) -> BarPlot:
    """In whole per cent, and fewer than ten missing values count as none, so that no few people show in a share."""
    missing = table.missing or {}
    drawn = missing if table.rows_kept >= ENOUGH else {}
    shares = tuple(int(100 - 100 * (count if count >= SMALLEST else 0) / table.rows_kept) for count in drawn.values())
    note = f"Kept rows with a value, in per cent; of fewer than {ENOUGH} rows nothing is drawn."
    return BarPlot(f"Completeness of {table.table}", tuple(drawn), shares, "per cent", note, counts=False)
