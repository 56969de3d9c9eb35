"""`sde satre`: the scorecard against SATRE, with the evidence of a test run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance.commands.presenting import say

app = typer.Typer(help="Write the scorecard against SATRE (CSV and HTML).")


@app.callback(invoke_without_command=True)
def satre(
    results: Annotated[
        Path | None, typer.Option(help="Test results (JUnit), as `make test` leaves them in .tests.xml.")
    ] = None,
    to: Annotated[Path, typer.Option(help="Folder to write satre.csv and satre.html into.")] = Path(),
) -> None:
    """Every statement with its score and evidence. Without results of a test run nothing counts as met."""
    from governance.satre import NO_RESULTS, draw_card, read_results, read_statements, score

    found = NO_RESULTS if results is None else read_results(results)
    lines = score(read_statements(), found)
    to.mkdir(parents=True, exist_ok=True)
    for name, text in zip(("satre.csv", "satre.html"), draw_card(lines, found), strict=True):
        (to / name).write_text(text)
    met = sum(line.score == 2 for line in lines)
    say(f"{met} of {len(lines)} statements met, by {found.source}: {to / 'satre.csv'}, {to / 'satre.html'}.")
