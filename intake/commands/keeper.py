"""`sde keeper`: what the keeper looks after, what it warns of, and a round by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.registry.keeper import DutyView, list_duties
from governance.settings import load_settings
from governance.store import open_store
from intake.keeper.duties import DUTIES
from intake.keeper.ground import Duty, Ground
from intake.keeper.round import do_round

app = typer.Typer(no_args_is_help=True, help="The keeper: duties that are done without anybody asking.")

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def show(as_json: AsJson = False) -> None:
    """Each duty: how often it is due, how it ended last, and what somebody should look at."""
    with open_store(load_settings()).reading() as session:
        known = {duty.name: duty for duty in list_duties(session)}
    if as_json:
        typer.echo(json.dumps([_row(duty, known.get(duty.name)) for duty in DUTIES], default=str))
        return
    table = Table("duty", "due", "state", "since", "what it does")
    for duty in DUTIES:
        view = known.get(duty.name)
        since = f"{view.changed_at:%Y-%m-%d %H:%M} UTC" if view else ""
        table.add_row(duty.name, duty.pace.value, view.state if view else "not yet", since, duty.about)
    console = Console()
    console.print(table)
    for view in known.values():
        for warning in view.warnings:
            console.print(f"{view.name}: {warning.message} {warning.remedy} ({warning.code})", markup=False)


@app.command(name="round")
def round_() -> None:
    """Do every duty that is due now. Refused while the gateway's own keeper does a round."""
    settings = load_settings()
    do_round(Ground(settings, open_store(settings)))
    show()


def _row(duty: Duty, view: DutyView | None) -> dict[str, object]:
    known = asdict(view) if view else {"state": "not yet", "warnings": ()}
    return {"name": duty.name, "due": duty.pace.value, "about": duty.about, **known}
