"""`sde synth`: make a synthetic region, and answer as the national check service would."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.settings import load_settings
from intake.commands.watching import progress_bar
from intake.synth.check_service import answer_request
from intake.synth.region import RegionMade, RegionOrder, make_region

app = typer.Typer(invoke_without_command=True, help="Make a synthetic region of six feeds, with a truth file.")


@app.callback()
def synth(
    context: typer.Context,
    people: Annotated[int, typer.Option(help="how many people live in the region")] = 20_000,
    seed: Annotated[int, typer.Option(help="the same seed and number of people make the same region")] = 1,
    out: Annotated[Path | None, typer.Option(help="new or empty folder the region is put in")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="all feeds as CSV, not only the small ones")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was made as JSON")] = False,
) -> None:
    """Make six feeds of people who never lived: realistic, dirty, with planted faults and opt-outs, and the truth."""
    if context.invoked_subcommand is not None:
        return
    if out is None:
        raise typer.BadParameter("say where the region is put: --out DIR")
    order = RegionOrder(people, seed, out, csv, load_settings().intake_memory_bytes)
    with progress_bar("opening") as progress:
        made = make_region(order, progress=progress)
    if as_json:
        typer.echo(json.dumps(asdict(made)))
    else:
        _show(made, out)


@app.command()
def answer(
    request: Annotated[Path, typer.Argument(help="request file for the national check service")],
    region: Annotated[Path, typer.Argument(help="folder that `sde synth` made")],
    out: Annotated[Path, typer.Argument(help="new file for the answer")],
) -> None:
    """Answer a request as the national check service would, for a synthetic region."""
    typer.echo(f"{answer_request(request, region, out):,} numbers may be used.")


def _show(made: RegionMade, out: Path) -> None:
    table = Table(title=f"{made.people:,} people, seed {made.seed}, in {out}")
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, rows in made.rows.items():
        table.add_row(name, f"{rows:,}")
    table.add_section()
    table.add_row("all", f"{sum(made.rows.values()):,}")
    table.add_row("faults planted in rows", f"{sum(made.faults.values()):,}")
    Console().print(table)
