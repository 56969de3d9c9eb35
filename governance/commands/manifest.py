"""`sde manifest`: take in, and write, the manifests of another environment (`xlscsde.nhs.uk/v1`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows

app = typer.Typer(no_args_is_help=True, help="Projects, members and data sources as xlscsde.nhs.uk/v1 manifests.")


@dataclass(frozen=True)
class SourceRow:
    """One data source as it is shown."""

    name: str
    title: str
    kind: str
    publisher: str
    project: str


@app.command("import")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, one document or several.", dir_okay=False)],
    purpose: Annotated[str, typer.Option(help="Purpose of projects whose manifest names none.")] = "local_research",
    profile: Annotated[str, typer.Option(help="Their disclosure profile.")] = "nhs-sde",
    people: Annotated[str, typer.Option(help="What usernames are here: `subject` or `address`.")] = "subject",
) -> None:
    """Take in a file whole, or nothing of it. New projects are drafts until their approvals are on record."""
    from governance import registry
    from governance.manifests import Names, Terms, import_manifest, read_manifest
    from governance.registry.validation import check_word

    names = check_word(Names, people, "kind of username")
    manifest = read_manifest(file.read_bytes())
    taken = import_manifest(
        open_register(), manifest, actor=registry.operator(), terms=Terms(purpose=purpose, profile=profile), names=names
    )
    for note in manifest.notes:
        say(f"note: {note}")
    say(f"Made or changed: {taken.projects} projects, {taken.members} memberships, {taken.sources} data sources.")


@app.command("export")
def write_out(
    to: Annotated[Path, typer.Option(help="File to write; `-` writes to standard output.")] = Path("-"),
    project: Annotated[list[str] | None, typer.Option(help="Only this project; may be given again.")] = None,
) -> None:
    """Write projects, live memberships and data sources as one YAML file."""
    from governance.manifests import export_manifest
    from governance.settings import load_settings

    with open_register().reading() as session:
        text = export_manifest(session, load_settings(), project or ())
    if str(to) == "-":
        typer.echo(text, nl=False)
    else:
        to.write_text(text)
        say(f"Wrote {to}.")


@app.command("sources")
def list_sources(as_json: Json = False) -> None:
    """The data sources on record."""
    from sqlalchemy import select

    from governance.store.sources import DataSource

    with open_register().reading() as session:
        rows = [
            SourceRow(row.name, row.title, row.kind, row.publisher, row.project_slug or "")
            for row in session.scalars(select(DataSource).order_by(DataSource.name))
        ]
    show_rows(rows, ("name", "title", "kind", "publisher", "project"), as_json=as_json, nothing="None is on record.")
