"""`sde audit alarms`: what the monitoring raised, and its review."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows

app = typer.Typer(
    no_args_is_help=True, help="Alarms of the monitoring: list, look into, close; evaluate the rules now."
)
COLUMNS = ("number", "rule", "about", "project", "events", "at", "state", "looked_by", "closed_by", "note")
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The alarm.")]


@app.command("list")
def list_all(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too, newest first.")] = False,
    as_json: Json = False,
) -> None:
    """What waits for a review, oldest first."""
    from governance.monitoring import list_alarms

    with open_register().reading() as session:
        rows = list_alarms(session, everything=everything)
    show_rows(rows, COLUMNS, as_json=as_json, nothing="No alarm waits.")


@app.command()
def evaluate() -> None:
    """Apply the rules to what came since; the running gateway does so by itself."""
    from governance.monitoring import evaluate as evaluate_rules
    from governance.settings import load_settings

    raised = evaluate_rules(open_register(), load_settings())
    say(f"{len(raised)} alarms raised{': ' + ', '.join(map(str, raised)) if raised else ''}.")


@app.command()
def look(number: Number) -> None:
    """Say that you are looking into it."""
    from governance.monitoring import look_at_alarm
    from governance.registry import operator

    look_at_alarm(open_register(), actor=operator(), number=number)
    say(f"Alarm {number} is being looked into.")


@app.command()
def close(number: Number, note: Annotated[str, typer.Option(help="What was found. Never a person's data.")]) -> None:
    """Close it, with what was found."""
    from governance.monitoring import close_alarm
    from governance.registry import operator

    close_alarm(open_register(), actor=operator(), number=number, note=note)
    say(f"Closed alarm {number}.")
