"""`sde project output`: what a project's application says will be published. Egress requests name one of it."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows

app = typer.Typer(no_args_is_help=True, help="Outputs that a project's application lists; egress requests name one.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Short name of the project.")]


@app.command()
def add(
    slug: Slug,
    title: Annotated[str, typer.Option(help="What it is, e.g. `Table 2: rates by age and sex`.")],
    description: Annotated[str, typer.Option(help="What it shows and where it will be published.")] = "",
) -> None:
    """Add an intended output to the project's list."""
    from governance import registry

    number = registry.add_intended_output(
        open_register(), actor=registry.operator(), slug=slug, title=title, description=description
    )
    say(f"Added intended output {number} to {slug}.")


@app.command()
def withdraw(
    slug: Slug,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in `sde project output list`.")],
) -> None:
    """Take an intended output off the list. Requests that named it keep its name."""
    from governance import registry

    registry.withdraw_intended_output(open_register(), actor=registry.operator(), slug=slug, number=number)
    say(f"Withdrew intended output {number} of {slug}.")


@app.command("list")
def list_outputs(slug: Slug, as_json: Json = False) -> None:
    """The intended outputs of a project."""
    from governance import registry

    with open_register().reading() as session:
        rows = registry.list_intended_outputs(session, slug)
    columns = ("number", "title", "description", "added_at")
    show_rows(rows, columns, as_json=as_json, nothing="The project lists no intended outputs.")
