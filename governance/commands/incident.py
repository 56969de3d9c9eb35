"""`sde incident`: what went wrong after something had left, for administrators."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_one, show_rows
from governance.registry.incidents import IncidentState

app = typer.Typer(no_args_is_help=True, help="Incidents: list, show, add notes, close.")

COLUMNS = ("id", "kind", "state", "project", "request", "opened_by", "opened_at", "closed_at")
NOTE_COLUMNS = ("written_at", "author", "text")
Id = Annotated[str, typer.Argument(metavar="ID", help="The incident.")]
Text = Annotated[str, typer.Option(help="What was found or done. Never a person's data.")]


@app.command("list")
def list_all(
    state: Annotated[IncidentState | None, typer.Option(help="Only open or closed ones.")] = None, as_json: Json = False
) -> None:
    """Incidents, newest first."""
    from governance.registry import operator
    from governance.registry.incidents import list_incidents

    with open_register().reading() as session:
        rows = list_incidents(session, actor=operator(), state=state)
    show_rows(rows, COLUMNS, as_json=as_json, nothing="There are no incidents.")


@app.command()
def show(incident: Id, as_json: Json = False) -> None:
    """One incident with its notes."""
    from governance.registry import operator
    from governance.registry.incidents import show_incident

    with open_register().reading() as session:
        view = show_incident(session, actor=operator(), incident=incident)
    show_one(view, as_json=as_json)
    if not as_json:
        say("")
        show_rows(view.notes, NOTE_COLUMNS, as_json=False, nothing="It has no notes.")


@app.command()
def note(incident: Id, text: Text) -> None:
    """Add what was found or done; nothing that was written is ever changed."""
    from governance.registry import operator
    from governance.registry.incidents import add_note

    add_note(open_register(), actor=operator(), incident=incident, text=text)
    say(f"Noted on {incident}.")


@app.command()
def close(incident: Id, text: Text) -> None:
    """Close an incident, with what was done about it."""
    from governance.registry import operator
    from governance.registry.incidents import close_incident

    close_incident(open_register(), actor=operator(), incident=incident, text=text)
    say(f"Closed {incident}.")
