"""`sde project public`: what the public register says of a project, and where its results can be read."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands.presenting import Json, day_option, open_register, say, show_rows

app = typer.Typer(no_args_is_help=True, help="What the public register says of a project; `sde register export`.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Short name of the project.")]


@app.command()
def describe(
    slug: Slug,
    benefit: Annotated[str, typer.Option(help="Who is better off, and how, in plain words.")] = "",
    legal_basis: Annotated[str, typer.Option(help="What the law allows it by.")] = "",
    organisation: Annotated[list[str] | None, typer.Option(help="Who takes part; once for each.")] = None,
    sponsor: Annotated[str, typer.Option(help="The organisation that answers for it.")] = "",
    funder: Annotated[str, typer.Option(help="Who pays.")] = "",
) -> None:
    """Say anew what everybody can read of a project. What is left out is empty from then on."""
    from governance import registry

    told = registry.Publication(benefit, legal_basis, tuple(organisation or ()), sponsor, funder)
    registry.describe_project(open_register(), actor=registry.operator(), slug=slug, publication=told)
    say(f"Described {slug} for the public register.")


@app.command()
def add(
    slug: Slug,
    title: Annotated[str, typer.Option(help="What it is called, e.g. the title of a paper.")],
    link: Annotated[str, typer.Option(help="Where everybody can read it (https).")],
    on: Annotated[date, day_option("Day on which it was published.")],
) -> None:
    """Tell the public where something of a project can be read."""
    from governance import registry

    number = registry.add_published(
        open_register(), actor=registry.operator(), slug=slug, title=title, link=link, published_on=on
    )
    say(f"Added publication {number} to {slug}.")


@app.command()
def withdraw(
    slug: Slug,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Its number in `sde project public list`.")],
) -> None:
    """Take a link off the public register."""
    from governance import registry

    registry.withdraw_published(open_register(), actor=registry.operator(), slug=slug, number=number)
    say(f"Withdrew publication {number} of {slug}.")


@app.command("list")
def list_all(slug: Slug, as_json: Json = False) -> None:
    """What of a project can be read by everybody."""
    from governance import registry

    with open_register().reading() as session:
        rows = registry.list_published(session, slug)
    columns = ("number", "title", "link", "published_on")
    show_rows(rows, columns, as_json=as_json, nothing="Nothing of the project is published.")
