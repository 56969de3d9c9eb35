"""`sde airlock calibration`: plant a made output for an output checker; what planted requests showed."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, show_one, show_rows

app = typer.Typer(
    no_args_is_help=True, help="Made outputs that are planted for output checkers, and what came of them."
)

PLANT_COLUMNS = ("request", "project", "shown_author", "item", "leaks", "planted_at", "ends_at", "votes", "right")
SCORE_COLUMNS = ("checker", "leaks_not_approved", "harmless_approved")


@app.command()
def plant(
    checker: Annotated[str, typer.Argument(help="Subject of the output checker.")],
    item: Annotated[str, typer.Option(help="Name of the made output in the library. Else one is drawn.")] = "",
    as_json: Json = False,
) -> None:
    """Plant one request now, in a project that this checker may review; its other checkers are shown it too."""
    from egress.airlock import Airlock
    from egress.calibration.planting import plant as plant_one
    from governance.registry import operator
    from governance.settings import load_settings

    settings = load_settings()
    every = settings.calibration_every
    airlock = Airlock(open_register(), settings)
    show_one(plant_one(airlock, actor=operator(), checker=checker, item=item, every=every or 10), as_json=as_json)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """Planted requests, newest first: under whose name they are shown, how many voted, how many of those rightly."""
    from egress.calibration.results import plants

    with open_register().reading() as session:
        rows = plants(session)
    show_rows(rows, PLANT_COLUMNS, as_json=as_json, nothing="Nothing was planted.")


@app.command()
def results(as_json: Json = False) -> None:
    """By checker: leaks that were not approved (sensitivity), harmless outputs that were (specificity)."""
    from egress.calibration.results import scores, spoken

    with open_register().reading() as session:
        rows = scores(session)
    if as_json:
        show_rows(rows, (), as_json=True, nothing="")
        return
    show_rows([spoken(row) for row in rows], SCORE_COLUMNS, as_json=False, nothing="Nobody has voted on one yet.")


@app.command()
def library(as_json: Json = False) -> None:
    """The made outputs: their names, whether they leak, and what is planted in each."""
    from egress.calibration.library import listed

    show_rows(listed(), ("name", "leaks", "title", "told"), as_json=as_json, nothing="")
