"""`sde register`: a copy of the public register of data uses as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.portal.public.formats import Format

app = typer.Typer(no_args_is_help=True, help="The public register of data uses.")


@app.callback()
def main() -> None:
    """Keeps `export` a command of its own while it is the only one."""


@app.command()
def export(
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="A folder that is not there yet, or empty.")],
    kind: Annotated[Format, typer.Option("--format", help="html brings the other two with it.")] = Format.HTML,
) -> None:
    """Write what the public pages show into a folder, for a web server elsewhere."""
    from governance.data_uses.told import read_told
    from governance.settings import load_settings
    from governance.store import open_store
    from hub.portal.public.copy import make_files, write_copy

    settings = load_settings()
    store = open_store(settings)
    try:
        with store.reading() as session:
            told = read_told(session)
    finally:
        store.close()
    write_copy(make_files(told, kind, settings.public_contact), to)
    typer.echo(f"Wrote {len(told.uses)} data uses to {to}.")
