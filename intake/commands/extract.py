"""`sde extract`: build, adopt and show extracts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as ProgressBar
from rich.table import Table

from governance.extracts import read_manifest
from governance.refusal import Refusal
from governance.registry import current_extract, operator
from governance.settings import load_settings
from governance.store import open_store
from intake.cut.cohort import Cohort, parse_condition
from intake.cut.copying import Step
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.source import AdoptedDatabase
from intake.sources import find_gibleed

app = typer.Typer(no_args_is_help=True, help="Bring data in: build a project's read-only extract.")


@app.command()
def adopt(
    project: Annotated[str, typer.Argument(help="slug of the project; its grants say what is copied")],
    source: Annotated[Path, typer.Argument(help="OMOP database: a DuckDB file or a folder of CSV or Parquet files")],
    cohort: Annotated[
        list[str] | None,
        typer.Option(help="only people with such a row: table.column=id,id (repeat for AND)"),
    ] = None,
    born_after: Annotated[int | None, typer.Option(help="only people born after this year")] = None,
    opt_outs: Annotated[str, typer.Option(help="how opt-outs were applied to the source, in a sentence (needed)")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Make an existing OMOP database the project's extract: granted tables and columns only, people re-keyed with the
    project's key, source values and free text dropped, every row accounted for."""
    settings = load_settings()
    order = ExtractOrder(
        project, AdoptedDatabase(source, opt_outs), Cohort(tuple(map(parse_condition, cohort or ())), born_after)
    )
    with ProgressBar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the source", total=None)
        report = build_extract(
            settings,
            open_store(settings),
            order,
            actor=operator(),
            progress=lambda what, done, total: bar.update(task, description=what, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        _show(report)


@app.command()
def show(
    project: Annotated[str, typer.Argument(help="slug of the project")],
    as_json: Annotated[bool, typer.Option("--json", help="print the manifest as JSON")] = False,
) -> None:
    """The extract in force: where it comes from, people, rows, every table and what happened at each step."""
    settings = load_settings()
    with open_store(settings).reading() as session:
        current = current_extract(session, project)
    if current is None:
        raise Refusal("no-extract", f"{project} has no extract yet.", f"Build one: sde extract adopt {project} FILE")
    manifest = read_manifest(settings.folder.extracts / current.folder)
    if as_json:
        typer.echo(json.dumps(manifest))
        return
    steps = tuple(Step(**step) for step in manifest["steps"])
    _show(ExtractReport(project, current.folder, current.sha256, current.people, current.rows, (), (), steps))


@app.command("gibleed-path")
def gibleed_path() -> None:
    """Print where the demo's GiBleed OMOP database is."""
    typer.echo(str(find_gibleed()))


def _show(report: ExtractReport) -> None:
    table = Table(title=f"Extract of {report.project}: {report.people:,} people, {report.rows:,} rows")
    for heading in ("step", "table", "rows in", "rows out", "dropped", "why"):
        table.add_column(heading, justify="right" if "rows" in heading or heading == "dropped" else "left")
    for step in report.steps:
        numbers = (f"{step.rows_in:,}", f"{step.rows_out:,}", f"{step.dropped:,}")
        table.add_row(step.step, step.table, *numbers, step.why)
    console = Console()
    console.print(table)
    if report.missing:
        console.print(f"Granted, but not in the source: {', '.join(report.missing)}")
