"""`sde doctor`: what is in force on this machine, and what is weaker than it should be."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")] = False) -> None:
    """Say what isolation, limits and versions are in force. Exit code 1 if something is broken.

    Changes nothing: it starts one trial sandbox on a temporary folder and ends it.
    """
    from rich.console import Console

    from governance.settings import load_settings
    from hub.doctor import Finding, Verdict, examine

    colours = {Verdict.OK: "green", Verdict.WEAKER: "yellow", Verdict.BROKEN: "red"}
    console = Console(soft_wrap=True, highlight=False)

    def show(finding: Finding) -> None:
        if as_json:
            typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
            return
        console.print(f"{finding.verdict:<7}", style=colours[finding.verdict], end="")
        console.print(f"{finding.check:<13} {finding.what}", markup=False)
        if finding.remedy:
            console.print(" " * 21 + finding.remedy, markup=False, style="dim")

    findings = []
    for finding in examine(load_settings()):
        findings.append(finding)
        show(finding)
    if any(finding.verdict is Verdict.BROKEN for finding in findings):
        raise typer.Exit(1)
