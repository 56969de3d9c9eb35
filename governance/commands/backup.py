"""`sde backup` and `sde restore`. Promise: whole or not at all; keys never lie in a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance.commands.presenting import say
from governance.refusal import Refusal

app = typer.Typer()
restore_app = typer.Typer()
LEFT_OUT = (
    "Not in it: keys, deliveries and linked data, extracts' rows, homes and shared folders (copy those by snapshots)."
)
Passphrase = Annotated[Path | None, typer.Option("--passphrase-file", help="File whose first line is the passphrase.")]


@app.command()
def backup(
    to: Annotated[Path, typer.Option("--to", help="A new folder.")],
    keys_to: Annotated[
        Path | None, typer.Option("--keys-to", help="A new file elsewhere for the keys, sealed.")
    ] = None,
    passphrase_file: Passphrase = None,
) -> None:
    """Copy the register, its proofs, settings and the airlock's files into a new folder; the gateway may run."""
    from governance.backup import make_backup
    from governance.settings import load_settings

    passphrase = _passphrase(passphrase_file) if keys_to is not None else b""
    made = make_backup(load_settings(), to, keys_to=keys_to, passphrase=passphrase, say=_progress)
    say(f"{made.rows} rows with {made.events} audit events and {made.files} files in {made.folder}.")
    say(LEFT_OUT if keys_to is None else f"{LEFT_OUT} Keys, sealed: {keys_to}. Keep them apart from it.")


@restore_app.command()
def restore(
    source: Annotated[Path, typer.Option("--from", help="The backup's folder.")],
    keys: Annotated[Path, typer.Option("--keys", help="The sealed keys, or a folder with the keys as they are.")],
    passphrase_file: Passphrase = None,
) -> None:
    """Put a backup back into an empty state folder (SDE_STATE), and an empty database where SDE_REGISTER_URL names one.

    Every hash, the signature and the audit chain are proven before anything takes its place.
    """
    from governance.backup import restore_backup
    from governance.settings import load_settings

    passphrase = b"" if keys.is_dir() else _passphrase(passphrase_file)
    state = load_settings().folder.root
    events = restore_backup(source, state, keys, passphrase, _progress)
    say(f"Restored to {state}: {events} audit events hold. Build the extracts again before projects go on.")


def _passphrase(file: Path | None) -> bytes:
    from governance.backup.sealing import read_passphrase

    if file is None:
        raise Refusal("passphrase-missing", "Sealed keys need a passphrase.", "Name its file with --passphrase-file.")
    return read_passphrase(file)


def _progress(text: str) -> None:
    typer.echo(text, err=True)
