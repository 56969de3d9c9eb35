"""`sde region`: build the linked, harmonised region, and look at its versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.commands.presenting import Json, open_register, say, show_rows
from governance.registry import operator
from governance.registry.regions import list_regions
from governance.settings import load_settings
from intake.commands.watching import progress_bar
from intake.region import RegionReport, build_foreign, build_region

app = typer.Typer(no_args_is_help=True, help="The region: everybody's records, linked and harmonised, in versions.")


@app.command()
def build(as_json: Json = False) -> None:
    """Link and harmonise every accepted delivery, check the result, and put it in force as a new version."""
    with progress_bar("reading deliveries") as progress:
        report = build_region(load_settings(), open_register(), actor=operator(), progress=progress)
    if as_json:
        say(json.dumps(asdict(report)))
    else:
        _show(report)


@app.command()
def foreign(feed: Annotated[str, typer.Argument(help="name of a feed whose people are not the region's")]) -> None:
    """Harmonise what was accepted of a foreign feed into OMOP tables that a project can adopt."""
    with progress_bar("reading deliveries") as progress:
        report = build_foreign(load_settings(), open_register(), feed, actor=operator(), progress=progress)
    say(f"{report.harmonised.people:,} people, {report.harmonised.rows:,} rows in {report.folder}")
    say(f'Give it to a project: sde extract adopt PROJECT {report.folder} --opt-outs "..."')


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """Every version, the one in force first."""
    with open_register().reading() as session:
        rows = list_regions(session)
    columns = ("id", "created_at", "people", "rows", "deliveries")
    show_rows(rows, columns, as_json=as_json, nothing="The region has not been built yet: sde region build")


def _show(report: RegionReport) -> None:
    made = report.harmonised
    table = Table(title=f"Region {report.version}: {made.people:,} people, {made.rows:,} rows")
    for heading in ("feed", "table", "staged", "replaced", "unlinked", "left out", "used", "unmapped"):
        table.add_column(heading, justify="left" if heading in ("feed", "table") else "right")
    for line in made.ledger:
        numbers = (line.staged, line.superseded, line.unlinked, line.left_out, line.out, line.unmapped)
        table.add_row(line.feed, line.table, *(f"{number:,}" for number in numbers))
    console = Console()
    console.print(table)
    warned = [result for result in report.conformance.results if result.outcome != "pass"]
    console.print(f"{len(report.conformance.results)} checks, {len(warned)} warnings.")
