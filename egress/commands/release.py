"""`sde release`: prove a release offline, list and show releases, publish the key they are signed with."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_one, show_rows
from governance.refusal import Refusal

app = typer.Typer(no_args_is_help=True, help="Prove releases offline; list and show them; publish their key.")

COLUMNS = ("request", "project", "author", "files", "bytes", "released_at", "recalled")
FILE_COLUMNS = ("name", "size", "sha256", "approved_sha256")
KEY_BYTES = 32


@app.command()
def verify(
    place: Annotated[Path, typer.Argument(metavar="FOLDER|MANIFEST", help="A released folder, or its manifest.")],
    key: Annotated[str, typer.Option(help="Public key: 64 hex digits or a file. Else this gateway's own.")] = "",
    request: Annotated[str, typer.Option(help="Id of the request that it should be a release of.")] = "",
    as_json: Json = False,
) -> None:
    """Check signature, digests, sizes and completeness; needs no gateway, no register and no network.

    A folder is proven whole; a manifest alone is proven genuine. Exit code 1, with a stable code, if anything is wrong.
    """
    from egress.releasing.verification import verify_manifest, verify_release

    trusted = read_key(key) if key else _own_key()
    proof = verify_release(place, trusted, request) if place.is_dir() else verify_manifest(place, trusted)
    say(json.dumps(asdict(proof)) if as_json else str(proof))


@app.command("list")
def list_all(
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only this project.")] = None,
    as_json: Json = False,
) -> None:
    """Releases, newest first."""
    from egress.release_view import list_releases

    with open_register().reading() as session:
        rows = list_releases(session, project)
    show_rows(rows, COLUMNS, as_json=as_json, nothing="Nothing was released.")


@app.command()
def show(request: Annotated[str, typer.Argument(help="Id of the request.")], as_json: Json = False) -> None:
    """One release: where it is, its files with both digests, its links. Never a file's content."""
    from egress.release_view import show_release

    with open_register().reading() as session:
        detail = show_release(session, request)
    show_one(detail, as_json=as_json)
    if not as_json:
        say("")
        show_rows(detail.files, FILE_COLUMNS, as_json=False, nothing="It has no files.")


@app.command("end-links")
def end_links(request: Annotated[str, typer.Argument(help="Id of the request.")]) -> None:
    """End every download link of a release; its author may make new ones, unless it is recalled."""
    from egress.links import revoke_for_all
    from governance.registry import operator

    ended = revoke_for_all(open_register(), actor=operator(), request_id=request)
    say(f"Ended {ended} links.")


@app.command("key")
def show_key(
    pem: Annotated[bool, typer.Option("--pem", help="As PEM, for other tools.")] = False,
) -> None:
    """The public half of the key that signs releases: publish it where your users will look for it."""
    from egress.releasing.signing import public_key, public_pem
    from governance.settings import load_settings

    key = public_key(load_settings().folder.keys)
    say(public_pem(key).rstrip() if pem else key.hex())


def read_key(given: str) -> bytes:
    """A public key from 64 hex digits, or from a file that holds them or a PEM. Raises Refusal `key-unreadable`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        text = given if len(given) == 2 * KEY_BYTES else Path(given).read_text(encoding="ascii").strip()
        if text.startswith("-----"):
            loaded = load_pem_public_key(text.encode())
            raw = loaded.public_bytes_raw() if isinstance(loaded, Ed25519PublicKey) else b""
        else:
            raw = bytes.fromhex(text)
    except (OSError, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise Refusal("key-unreadable", "This is no Ed25519 public key.", "Give 64 hex digits, or a file with a PEM.")
    return raw


def _own_key() -> bytes | None:
    """The key of the gateway on this machine, if there is one; asking must not make one."""
    from egress.releasing.signing import KEY_FILE, public_key
    from governance.settings import load_settings

    keys = load_settings().folder.keys
    return public_key(keys) if (keys / KEY_FILE).is_file() else None
