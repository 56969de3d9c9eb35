"""`sde key`: the keys of pseudonymisation; lists, rotates, destroys, and verifies what was destroyed. Shows no key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance.commands.presenting import Json, say, show_one, show_rows
from governance.refusal import Refusal

app = typer.Typer(no_args_is_help=True, help="Keys of pseudonymisation: list, rotate, destroy, verify a certificate.")

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="slug of the project")]


@app.command("list")
def list_keys(
    project: Annotated[str | None, typer.Argument(metavar="PROJECT", help="one project; all if left out")] = None,
    as_json: Json = False,
) -> None:
    """Every key ever made: whose, which generation, its public id, and whether it is still there."""
    from governance.settings import load_settings
    from intake.keys import key_store

    rows = key_store(load_settings()).records(project)
    columns = ("project", "domain", "generation", "key_id", "made_at", "held")
    show_rows(rows, columns, as_json=as_json, nothing="There are no keys.")


@app.command()
def rotate(project: Project) -> None:
    """Make the project's next keys. The next extract has other pseudonyms; the extract in force stays as it is."""
    from governance.registry import operator
    from governance.settings import load_settings
    from governance.store import open_store
    from intake.keys import key_store
    from intake.keys.ending import rotate_keys

    settings = load_settings()
    made = rotate_keys(open_store(settings), key_store(settings), project, actor=operator())
    for record in made:
        say(f"{record.domain}: generation {record.generation}, id {record.key_id}")
    say("The keys before stay until the next extract is in force.")


@app.command()
def destroy(
    project: Project,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask; it cannot be undone")] = False,
) -> None:
    """Destroy a closed project's keys for good, and write a signed certificate of it."""
    from governance.registry import operator
    from governance.settings import load_settings
    from governance.store import open_store
    from intake.keys import key_store
    from intake.keys.ending import destroy_keys

    settings = load_settings()
    if not yes:
        typer.confirm(f"Nobody will ever be able to make {project}'s pseudonyms again. Destroy its keys?", abort=True)
    keys = key_store(settings)
    file = destroy_keys(settings, open_store(settings), keys, project, actor=operator())
    say(f"Destroyed the keys of {project}. Certificate: {file}")


@app.command("verify-certificate")
def verify_certificate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="the certificate")],
    public_key: Annotated[
        str, typer.Option(metavar="HEX", help="of the gateway that signed it; by default this gateway's own")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check a certificate of destruction, with no gateway running and, given the public key, on any machine."""
    from intake.keys.certificate import verify

    try:
        written = file.read_bytes()
    except OSError:
        raise Refusal("certificate-unreadable", "This is no certificate of destruction.", "Check the file.") from None
    certificate = verify(written, public_key or _own_public_key())
    show_one(certificate, as_json=as_json)
    if not as_json:
        say("OK: signed, and as it was signed.")


@app.command("public-key")
def public_key() -> None:
    """Print this gateway's public key: give it to those who verify certificates elsewhere."""
    say(_own_public_key())


def _own_public_key() -> str:
    from governance.audit import public_key
    from governance.settings import load_settings

    try:
        return public_key(load_settings().folder.keys / "audit-signing.pem")
    except (OSError, ValueError):
        raise Refusal(
            "signing-key-missing", "There is no audit-signing key here.", "Give the gateway's --public-key."
        ) from None
