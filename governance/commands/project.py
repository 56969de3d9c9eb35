"""`sde project`: approved purposes with dates."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands import approving, intended, published
from governance.commands.presenting import Json, day_option, open_register, say, show_one, show_rows
from governance.roles import Mode, ProjectStatus, Purpose

app = typer.Typer(no_args_is_help=True, help="Create projects and change them; list what they mean to publish.")

Slug = Annotated[
    str, typer.Argument(metavar="SLUG", help="Short name: lowercase words joined by hyphens, at most 30 characters.")
]
PROFILE_HELP = "Disclosure profile: nhs-sde, opensafely, hes or sacro."
BUDGET_HELP = (
    "Release budget: cells each member may be told a day (UTC); 20000 unless set. Counts from the next query on."
)
TERMINALS_HELP = "Whether workspaces started from now on have a terminal. A terminal reaches no more than a notebook."

SENSITIVE_HELP = (
    "Whether its sources are sensitive: three output checkers must then approve every release, and the controller's"
    " delegate decides last."
)
app.add_typer(intended.app, name="output")
for _name, _command in (
    ("approve", approving.approve),
    ("disapprove", approving.disapprove),
    ("approvals", approving.approvals),
    ("require", approving.require),
):
    app.command(_name)(_command)
app.add_typer(published.app, name="public")


@app.command()
def create(
    slug: Slug,
    title: Annotated[str, typer.Option(help="What people call it.")],
    purpose: Annotated[Purpose, typer.Option(help="Why data is used; decides which opt-outs apply.")],
    ends: Annotated[date, day_option("Last day.")],
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
    mode: Annotated[Mode, typer.Option(help="Protected aggregates only, or rows by explicit grant.")] = Mode.AGGREGATE,
    profile: Annotated[str, typer.Option(help=PROFILE_HELP)] = "nhs-sde",
) -> None:
    """Create a project, as a draft: it becomes active once its approvals are recorded. It has no data and no members
    until they are granted and added."""
    from governance import registry

    registry.create_project(
        open_register(),
        actor=registry.operator(),
        slug=slug,
        title=title,
        purpose=purpose,
        mode=mode,
        profile=profile,
        starts=starts,
        ends=ends,
    )
    say(
        f"Created {slug}, until {ends}, as a draft. `sde project approvals {slug}` says what is missing; record it with"
    )
    say(f"sde project approve {slug} ..., then: sde project set {slug} --status active")
    say(f"Beside that: sde grant add {slug} ... and sde member add {slug} ...")


@app.command("set")
def change(
    slug: Slug,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    summary: Annotated[str | None, typer.Option(help="Summary for the public.")] = None,
    purpose: Annotated[Purpose | None, typer.Option(help="Why data is used.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="Protected aggregates only, or rows by explicit grant.")] = None,
    profile: Annotated[str | None, typer.Option(help=PROFILE_HELP)] = None,
    budget_cells: Annotated[int | None, typer.Option(metavar="N", help=BUDGET_HELP)] = None,
    terminals: Annotated[bool | None, typer.Option("--terminals/--no-terminals", help=TERMINALS_HELP)] = None,
    sensitive: Annotated[bool | None, typer.Option("--sensitive/--not-sensitive", help=SENSITIVE_HELP)] = None,
    status: Annotated[ProjectStatus | None, typer.Option(help="Suspend, resume or close; closed is for good.")] = None,
    starts: Annotated[date | None, day_option("First day.")] = None,
    ends: Annotated[date | None, day_option("Last day.")] = None,
) -> None:
    """Change a project. Suspending, closing or ending it cuts off its open workspaces at once."""
    from governance import registry

    given = {
        "title": title,
        "lay_summary": summary,
        "purpose": purpose,
        "mode": mode,
        "profile": profile,
        "budget_cells": budget_cells,
        "terminals": terminals,
        "sensitive": sensitive,
        "status": status,
        "starts": starts,
        "ends": ends,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    registry.change_project(open_register(), actor=registry.operator(), slug=slug, **changes)
    say(f"Changed {slug}: {', '.join(changes)}.")


@app.command("list")
def list_projects(as_json: Json = False) -> None:
    """Every project, current and past."""
    from governance.registry import views

    with open_register().reading() as session:
        rows = views.list_projects(session)
    columns = ("slug", "title", "purpose", "mode", "profile", "ends", "state")
    show_rows(rows, columns, as_json=as_json, nothing="There are no projects.")


@app.command()
def show(slug: Slug, as_json: Json = False) -> None:
    """One project."""
    from governance.registry import views

    with open_register().reading() as session:
        view = views.show_project(session, slug)
    show_one(view, as_json=as_json)
