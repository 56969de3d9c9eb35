"""`sde member`: who works in which project, until when."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands.presenting import Json, day_option, open_register, say, show_rows
from governance.roles import ProjectRole

app = typer.Typer(no_args_is_help=True, help="Say who works in which project, until when.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The project.")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="The person.")]


@app.command()
def add(
    slug: Slug,
    subject: Subject,
    role: Annotated[ProjectRole, typer.Option(help="What they are in the project.")] = ProjectRole.RESEARCHER,
    until: Annotated[date | None, day_option("Last day; the project's own if left out.")] = None,
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
) -> None:
    """Make a person a member, or renew their membership with new dates."""
    from governance import registry
    from governance.registry import views

    store = open_register()
    if until is None:
        with store.reading() as session:
            until = views.show_project(session, slug).ends
    registry.add_member(
        store, actor=registry.operator(), slug=slug, subject=subject, role=role, until=until, starts=starts
    )
    say(f"{subject} is a member of {slug} up to and including {until}.")


@app.command()
def remove(slug: Slug, subject: Subject) -> None:
    """End a membership now; an open workspace loses its connection at once."""
    from governance import registry

    registry.remove_member(open_register(), actor=registry.operator(), slug=slug, subject=subject)
    say(f"{subject} is no longer a member of {slug}.")


@app.command("list")
def list_members(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="One project; all of them if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Memberships that were not removed, and whether they are in force."""
    from governance.registry import views

    with open_register().reading() as session:
        rows = views.list_members(session, slug)
    columns = ("project", "subject", "name", "role", "starts", "until", "state")
    show_rows(rows, columns, as_json=as_json, nothing="There are no members.")
