"""`sde airlock`: serve the airlock; list and show its requests, and what is stuck; bring files in, for operators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from egress.commands.calibration import app as calibration
from egress.directions import Direction, Purpose
from egress.states import State
from governance.commands.presenting import Json, open_register, say, show_one, show_rows

app = typer.Typer(
    no_args_is_help=True, help="The airlock: serve it, list and show egress requests, find what is stuck."
)

app.add_typer(calibration, name="calibration")

COLUMNS = ("id", "direction", "project", "author", "title", "state", "turn", "files", "changed_at", "due_at")
IMPORT_COLUMNS = (
    "project",
    "folder",
    "name",
    "size",
    "brought_by",
    "approved_by",
    "purpose",
    "landed_at",
    "found",
    "sha256",
)
STUCK_COLUMNS = ("request", "project", "state", "since", "why", "words")
MONTH_COLUMNS = (
    "month",
    "direction",
    "answered",
    "approved",
    "returned",
    "rejected",
    "median_hours",
    "slow_hours",
    "first_turns",
    "first_time",
    "referred",
    "overridden",
)
FILE_COLUMNS = ("name", "kind", "size", "media_type", "cells", "reviews", "fails", "sha256")


@app.command()
def serve() -> None:
    """Run the airlock's service on its private socket (`sde up` does this). Ctrl-C stops it."""
    from egress.service.serve import serve as serve_airlock  # the web framework, which the others need not load
    from governance.settings import load_settings

    serve_airlock(load_settings())


@app.command("list")
def list_all(
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only this project.")] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only requests in this state.")] = None,
    direction: Annotated[Direction | None, typer.Option(help="Only what goes out, or only what comes in.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="At most this many.")] = 1_000,
    as_json: Json = False,
) -> None:
    """Requests in both directions, last changed first."""
    from egress.operator_view import list_requests

    with open_register().reading() as session:
        way = direction.value if direction else None
        rows = list_requests(session, project, state.value if state else None, most, way)
    show_rows(rows, COLUMNS, as_json=as_json, nothing="There are no requests.")


@app.command()
def bring(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What is to be brought in.")],
    project: Annotated[str, typer.Option("--project", "-p", help="Into which project's workspaces.")],
    author: Annotated[str, typer.Option(help="The member who brings it: they answer for it.")],
    purpose: Annotated[Purpose, typer.Option(help="What the files are.")],
    context: Annotated[str, typer.Option(help="What they are for, and where they come from.")],
    title: Annotated[str, typer.Option(help="A few words, for lists and for the folder's name.")] = "",
) -> None:
    """Bring files in on behalf of a member: checked at once, then reviewed as if sent from a browser."""
    from egress.airlock import Airlock
    from egress.drafting import Description
    from egress.handing_in import hand_in
    from governance.registry import operator
    from governance.settings import load_settings

    airlock = Airlock(open_register(), load_settings())
    said = Description(title=title, context=context, purpose=purpose.value)
    who = operator()
    request, state = hand_in(airlock, operator=who, author=author, project=project, description=said, files=files)
    say(f"Request {request} is {state.words}.")


@app.command("imports")
def list_imports(
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only this project.")] = None,
    as_json: Json = False,
) -> None:
    """What was brought in and is there, each file hashed again. Exit code 1 if one is missing or was changed."""
    from egress.landed import Found, list_landed
    from governance.settings import load_settings

    with open_register().reading() as session:
        rows = list_landed(session, load_settings().folder, project)
    show_rows(rows, IMPORT_COLUMNS, as_json=as_json, nothing="Nothing was brought in.")
    if any(row.found is not Found.AS_APPROVED for row in rows):
        raise typer.Exit(1)


@app.command()
def stuck(as_json: Json = False) -> None:
    """Requests that do not go on by themselves, and what mends it; longest waiting first."""
    from egress.watch import find_stuck

    with open_register().reading() as session:
        rows = find_stuck(session)
    show_rows(rows, STUCK_COLUMNS, as_json=as_json, nothing="Nothing is stuck.")


@app.command("statistics")
def show_statistics(as_json: Json = False) -> None:
    """How the airlock serves its people, by month: turnaround, first-time acceptance, reasons, load. Counts only."""
    from egress.statistics import statistics

    with open_register().reading() as session:
        found = statistics(session)
    if as_json:
        show_one(found, as_json=True)
        return
    show_rows(found.months, MONTH_COLUMNS, as_json=False, nothing="Nothing was answered yet.")
    say("")
    show_rows(found.reasons, ("month", "check", "turns"), as_json=False, nothing="Nothing came back yet.")
    say("")
    show_rows(found.load, ("month", "checker", "turns"), as_json=False, nothing="Nobody has voted yet.")


@app.command()
def show(request: Annotated[str, typer.Argument(help="Id of the request.")], as_json: Json = False) -> None:
    """One request: where it is, its files by hash, its release. Never a file's content, a vote or a comment."""
    from egress.operator_view import show_request

    with open_register().reading() as session:
        detail = show_request(session, request)
    show_one(detail, as_json=as_json)
    if not as_json:
        say("")
        show_rows(detail.files, FILE_COLUMNS, as_json=False, nothing="It has no files.")
