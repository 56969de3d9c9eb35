"""`sde vocabulary`: load a site's own vocabulary, and say which is in force."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.registry import operator
from governance.settings import load_settings
from governance.store import open_store
from intake.commands.watching import progress_bar
from intake.omop.concepts import vocabulary_in_force
from intake.omop.loading import LoadedVocabulary, load_vocabulary, read_loaded

app = typer.Typer(no_args_is_help=True, help="The vocabularies that codes are mapped with.")
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="folder of the unpacked download: CONCEPT.csv and the others")],
    as_json: AsJson = False,
) -> None:
    """Check a download of the standard vocabularies and put it in force; it counts from the next region on. A file
    LSOA_IMD.csv (lsoa_code, imd_decile) may come with it or alone."""
    settings = load_settings()
    with progress_bar("reading") as progress:
        loaded = load_vocabulary(settings, open_store(settings), folder, actor=operator(), progress=progress)
    _show(loaded, as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Which vocabulary is in force."""
    known = vocabulary_in_force(load_settings())
    short = LoadedVocabulary(known.version, "the short vocabulary of the software", "", {})
    _show(short if known.folder is None else read_loaded(known.folder), as_json=as_json)


def _show(loaded: LoadedVocabulary, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(loaded)))
        return
    table = Table(title=" ".join(filter(None, (f"Vocabulary {loaded.version}", loaded.release))))
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, rows in loaded.rows.items():
        table.add_row(name, f"{rows:,}")
    Console().print(table)
