"""`sde extract`: build, adopt, refresh, show, list and retire extracts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from governance.applications.offered import publish_offer
from governance.cohort import Cohort, parse_condition
from governance.commands.presenting import Json
from governance.extracts import read_manifest
from governance.refusal import Refusal
from governance.registry import current_extract, list_extracts, operator
from governance.settings import load_settings
from governance.store import open_store
from intake.commands.extract_tables import show_extracts, show_refreshed, show_report
from intake.commands.watching import progress_bar
from intake.cut.ledger import Step
from intake.cut.people import PeopleLedger
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.refresh import Outcome, refresh_extracts
from intake.cut.regional import RegionSource, newest_region
from intake.cut.retiring import retire_extracts
from intake.cut.source import AdoptedDatabase, SourceMaker
from intake.keys import forbid_dumps
from intake.offering import region_offer
from intake.sources import find_gibleed

app = typer.Typer(no_args_is_help=True, help="Bring data in: build a project's read-only extract.")

Slug = Annotated[str, typer.Argument(metavar="PROJECT", help="slug of the project; its grants say what is copied")]


@app.command()
def build(project: Slug, as_json: Json = False) -> None:
    """Cut the project's extract from the newest version of the region: granted tables, columns, days and codes of its
    cohort, without what opt-outs close for its purpose, under the project's own pseudonyms."""
    settings = load_settings()
    try:
        _build(project, RegionSource(settings, newest_region(open_store(settings))), None, as_json=as_json)
    except Refusal as refusal:
        if as_json:  # the keeper puts the reason on record
            typer.echo(json.dumps(refusal.as_dict()))
        raise


@app.command()
def offer() -> None:
    """Publish what may be applied for: the catalogue and the feeds. The keeper does it too."""
    changed = publish_offer(open_store(load_settings()), actor=operator(), offer=region_offer())
    typer.echo("Published." if changed else "Published already.")


@app.command()
def adopt(
    project: Slug,
    source: Annotated[
        Path, typer.Argument(help="OMOP database: a DuckDB file, a folder of CSV or Parquet files, or a zip of these")
    ],
    cohort: Annotated[
        list[str] | None,
        typer.Option(help="only people with such a row: table.column=id,id (repeat for AND)"),
    ] = None,
    born_after: Annotated[int | None, typer.Option(help="only people born after this year")] = None,
    opt_outs: Annotated[str, typer.Option(help="how opt-outs were applied to the source, in a sentence (needed)")] = "",
    as_json: Json = False,
) -> None:
    """Make an existing OMOP database the project's extract: granted tables and columns only, people re-keyed with the
    project's key, source values and free text dropped, every row accounted for."""
    people = Cohort(tuple(map(parse_condition, cohort or ())), born_after)
    _build(project, AdoptedDatabase(source, opt_outs), people, as_json=as_json)


@app.command()
def refresh(
    projects: Annotated[
        list[str] | None, typer.Argument(metavar="[PROJECT]...", help="these; every live project cut from the region")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build extracts of live projects again where the region, opt-outs, grants or cohort have changed since, and say
    why. A project that fails keeps the extract it has, and the others go on."""
    settings = load_settings()
    forbid_dumps()
    with progress_bar("reading the source") as progress:
        found = refresh_extracts(settings, open_store(settings), projects or (), actor=operator(), progress=progress)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
    elif found:
        show_refreshed(found)
    else:
        typer.echo("No live project has an extract cut from the region.")
    failed = [one.project for one in found if one.outcome is Outcome.FAILED]
    if failed:
        raise Refusal("refresh-failed", f"Not refreshed: {', '.join(failed)}.", "Each line above says why.")


@app.command()
def show(project: Slug, as_json: Json = False) -> None:
    """The extract in force: where it comes from, people, rows, every table and what happened at each step."""
    settings = load_settings()
    with open_store(settings).reading() as session:
        current = current_extract(session, project)
    if current is None:
        raise Refusal("no-extract", f"{project} has no extract yet.", f"Build one: sde extract build {project}")
    manifest = read_manifest(settings.folder.extracts / current.folder)
    if as_json:
        typer.echo(json.dumps(manifest))
        return
    steps = tuple(Step(**step) for step in manifest["steps"])
    ledger = PeopleLedger(**manifest["people_ledger"]) if "people_ledger" in manifest else None
    show_report(
        ExtractReport(project, current.folder, current.sha256, current.people, current.rows, (), (), steps, ledger)
    )


@app.command("list")
def list_all(
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="one project; all of them if left out")
    ] = None,
    as_json: Json = False,
) -> None:
    """Every extract on record: in force, kept or destroyed, and what it was cut from."""
    with open_store(load_settings()).reading() as session:
        views = list_extracts(session, project)
    if as_json:
        typer.echo(json.dumps([asdict(view) for view in views], default=str))
    elif views:
        show_extracts(views)
    else:
        typer.echo("There are no extracts.")


@app.command()
def retire(
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="destroy all that a project which is not live has left")
    ] = None,
) -> None:
    """Destroy extracts that are kept no longer (setting extracts_kept) and those of closed projects."""
    settings = load_settings()
    for folder in retire_extracts(settings, open_store(settings), project, actor=operator()):
        typer.echo(f"Destroyed {folder}.")


@app.command("gibleed-path")
def gibleed_path() -> None:
    """Print where the demo's GiBleed OMOP database is."""
    typer.echo(str(find_gibleed()))


def _build(project: str, source: SourceMaker, cohort: Cohort | None, *, as_json: bool) -> None:
    settings = load_settings()
    order = ExtractOrder(project, source, cohort)
    forbid_dumps()
    with progress_bar("reading the source") as progress:
        report = build_extract(settings, open_store(settings), order, actor=operator(), progress=progress)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        show_report(report)
