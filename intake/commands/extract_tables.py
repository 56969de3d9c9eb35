"""How `sde extract` shows what was built: tables for people. Counts of opted-out rows are for data stewards, who are
the ones that can run this command.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from governance.registry.extracts import ExtractView
from intake.cut.pipeline import ExtractReport
from intake.cut.refresh import Refreshed

WIDTH_OF_FILES = 160


def show_report(report: ExtractReport) -> None:
    """The people, and every step of every table."""
    console = _console()
    table = Table(title=f"Extract of {report.project}: {report.people:,} people, {report.rows:,} rows")
    for heading in ("step", "table", "rows in", "rows out", "dropped", "why"):
        table.add_column(heading, justify="right" if "rows" in heading or heading == "dropped" else "left")
    for step in report.steps:
        numbers = (f"{step.rows_in:,}", f"{step.rows_out:,}", f"{step.dropped:,}")
        table.add_row(step.step, step.table, *numbers, step.why)
    console.print(table)
    ledger = report.people_ledger
    if ledger is not None:
        out = "".join(f", {count:,} {kind}" for kind, count in ledger.opted_out.items())
        console.print(
            f"People: {ledger.known:,} known, {ledger.others:,} others{out}, {ledger.chosen:,} in the extract"
        )
    if report.missing:
        console.print(f"Granted, but not in the source: {', '.join(report.missing)}")
    if report.destroyed:
        console.print(f"Kept no longer: {', '.join(report.destroyed)}")


def show_extracts(views: Sequence[ExtractView]) -> None:
    """What is on record."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("project", "state", "folder", "origin", "people", "rows", "region", "opt-outs", "built"):
        table.add_column(heading, justify="right" if heading in ("people", "rows") else "left")
    for view in views:
        counts = (f"{view.people:,}", f"{view.rows:,}")
        label = view.opt_out_version.partition("/")[0]
        built = f"{view.created_at:%Y-%m-%d %H:%M}"
        table.add_row(view.project, view.state, view.folder, view.origin, *counts, view.region_version, label, built)
    _console().print(table)


def show_refreshed(found: Sequence[Refreshed]) -> None:
    """One line a project."""
    for one in found:
        rows = "" if one.report is None else f" ({one.report.people:,} people, {one.report.rows:,} rows)"
        _console().print(f"{one.project}: {one.outcome}, {one.why}{rows}", highlight=False, soft_wrap=True)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_FILES)
