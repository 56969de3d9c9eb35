"""`sde airlock`: serve the airlock; list and show egress requests for operators."""

from __future__ import annotations

from typing import Annotated

import typer

from egress.states import State
from governance.commands.presenting import Json, open_register, say, show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="The airlock: serve it, list and show egress requests.")

COLUMNS = ("id", "project", "author", "title", "state", "turn", "files", "changed_at")
FILE_COLUMNS = ("name", "kind", "size", "media_type", "reviews", "fails", "sha256")


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
    as_json: Json = False,
) -> None:
    """Egress requests, last changed first."""
    from egress.operator_view import list_requests

    with open_register().reading() as session:
        rows = list_requests(session, project, state.value if state else None)
    show_rows(rows, COLUMNS, as_json=as_json, nothing="There are no egress requests.")


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
