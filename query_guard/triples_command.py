"""Command-line front of the search for three-set combinations: `sde guard search-triples`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.clock import today
from governance.disclosure import PROFILES
from governance.registry import operator
from governance.settings import load_settings
from governance.store import open_store
from query_guard.differencing.triples import TripleReport, read_cuts, search_triples

#: The strictest profile's: projects of all profiles share a cut.
THRESHOLD = max(profile.threshold for profile in PROFILES.values())


def search_triples_command(
    days: Annotated[int, typer.Option(help="only with an answer of the last so many days (UTC); 0 = all")] = 2,
    seconds: Annotated[float, typer.Option(help="the longest the search of one data cut may take")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Search the answers for three that together single people out, on every data cut; run it every night.

    What is found is in the audit log as `query.alarm`, code `triple-found`, with the receipts. Exit code 1 if anything
    was found that somebody should look at.
    """
    store = open_store(load_settings())
    since = today() - timedelta(days=days - 1) if days > 0 else None
    reports = [
        search_triples(store, cut, threshold=THRESHOLD, actor=operator(), since=since, seconds=seconds)
        for cut in read_cuts(store)
    ]
    if as_json:
        typer.echo(json.dumps([asdict(report) | {"alarm": report.is_alarming} for report in reports]))
    else:
        Console().print(_as_table(reports))
    if any(report.is_alarming for report in reports):
        raise typer.Exit(1)


def _as_table(reports: list[TripleReport]) -> Table:
    shown = Table("data cut", "cells", "near sums", "exact sums", "complete", "look at receipts")
    for report in reports:
        first = "; ".join(" + ".join(receipt[:8] for receipt in triple.receipts) for triple in report.triples[:3])
        counts = (report.cells, report.near, report.exact)
        shown.add_row(report.cut[:12], *map(str, counts), "yes" if report.complete else "no", first)
    return shown
