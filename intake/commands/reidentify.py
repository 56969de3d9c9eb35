"""`sde reidentify`: sealed requests to learn who stands behind a pseudonym. Promise: passphrases and pseudonyms are
read from the terminal or standard input, never from the arguments, which other users of the machine can see.
"""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.commands.presenting import Json, say, show_rows
from governance.refusal import Refusal

if TYPE_CHECKING:
    from governance.settings import Settings
    from governance.store import Store

app = typer.Typer(no_args_is_help=True, help="Re-identification: ask, approve, refuse, answer; closed by default.")

LISTED = (
    *("id", "project", "state", "people", "requested_by", "clinician", "keyholders", "approved_by"),
    *("legal_ground", "purpose", "expires_at"),
)
RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="id of the request")]
As = Annotated[str, typer.Option("--as", metavar="SUBJECT", help="for whom")]
KeyFile = Annotated[Path, typer.Option("--key", metavar="FILE", help="your own key file")]


@app.command()
def enrol(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="a keyholder or clinician")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="new file for the private half")],
) -> None:
    """Make somebody's own key: the private half into FILE under their passphrase, the public half on record."""
    from governance.registry import operator
    from governance.registry.sealing_keys import enrol_sealing_key
    from intake.reidentification import make_own_key

    _, store = _open()
    own = make_own_key(key, subject, _new_passphrase())
    try:
        shown = enrol_sealing_key(store, actor=operator(), subject=subject, public_key=own.public_bytes)
    except BaseException:
        key.unlink()
        raise
    say(f"Enrolled {subject}. Fingerprint: {shown}. Keep {key} and its passphrase apart.")


@app.command()
def request(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="slug of the project")],
    requested_by: As,
    clinician: Annotated[str, typer.Option(metavar="SUBJECT", help="who treats them and is to be told")],
    ground: Annotated[str, typer.Option(help="legal ground; see docs/how-to/re-identification.md")],
    purpose: Annotated[str, typer.Option(help="why, in a sentence, naming nobody")],
    keyholder: Annotated[list[str] | None, typer.Option(metavar="SUBJECT", help="two, if there are more")] = None,
) -> None:
    """Ask who stands behind pseudonyms of a project's extract; they are read from standard input, one a line."""
    from governance.registry import operator
    from intake.reidentification import Question, ask

    settings, store = _open()
    named = tuple(keyholder or ())
    question = Question(project, requested_by, clinician, ground, purpose, _read_pseudonyms(), named)
    say(f"Request {ask(settings, store, question, actor=operator())}: both keyholders decide now.")


@app.command("list")
def list_requests(as_json: Json = False) -> None:
    """Every request and where it stands; what is sealed is not shown."""
    from governance.registry.reidentification import expire_requests
    from governance.registry.reidentification_views import list_requests

    _, store = _open()
    expire_requests(store)
    with store.reading() as session:
        rows = list_requests(session)
    show_rows(rows, LISTED, as_json=as_json, nothing="Nobody has asked.")


@app.command()
def approve(request: RequestId, key: KeyFile) -> None:
    """A keyholder's yes, given with their own key and passphrase."""
    from intake.reidentification import approve as approve_it
    from intake.reidentification import open_own_key

    settings, store = _open()
    state = approve_it(settings, store, request, open_own_key(key, _passphrase()))
    say(f"Request {request} is {state.words}.")


@app.command()
def refuse(
    request: RequestId,
    subject: As,
    reason: Annotated[str, typer.Option(help="why, naming nobody")],
) -> None:
    """A keyholder's no; one is enough."""
    from governance.registry import operator
    from governance.registry.reidentification import refuse_request

    _, store = _open()
    refuse_request(store, actor=operator(), subject=subject, request_id=request, reason=reason)
    say(f"Refused request {request}.")


@app.command()
def withdraw(request: RequestId, subject: As) -> None:
    """Take a request back: who asked, or a data steward."""
    from governance.registry import operator
    from governance.registry.reidentification import withdraw_request

    _, store = _open()
    withdraw_request(store, actor=operator(), subject=subject, request_id=request)
    say(f"Withdrew request {request}.")


@app.command()
def answer(request: RequestId, key: KeyFile, as_json: Json = False) -> None:
    """Tell the named clinician, once, on this terminal. The request has ended by then; nothing is kept."""
    from intake.reidentification import answer as answer_it
    from intake.reidentification import open_own_key

    settings, store = _open()
    told = answer_it(settings, store, request, open_own_key(key, _passphrase())).told
    if as_json:
        say(json.dumps([{"person_id": one.pseudonym, "nhs_number": one.nhs_number} for one in told]))
        return
    for one in told:
        say(f"{one.pseudonym}  {one.nhs_number or 'may not be told'}")


def _open() -> tuple[Settings, Store]:
    from governance.settings import load_settings
    from governance.store import open_store

    settings = load_settings()
    return settings, open_store(settings)


def _passphrase(prompt: str = "Passphrase: ") -> str:
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")


def _new_passphrase() -> str:
    first = _passphrase("New passphrase: ")
    if sys.stdin.isatty() and _passphrase("Again: ") != first:
        raise Refusal("passphrases-differ", "The two passphrases are not the same.", "Try again.")
    return first


def _read_pseudonyms() -> tuple[int, ...]:
    if sys.stdin.isatty():
        typer.echo("person_id values, one a line; end with Ctrl-D:", err=True)
    words = sys.stdin.read(10_000).split()
    if not all(word.isascii() and word.isdigit() and len(word) <= 19 for word in words):
        raise Refusal("bad-pseudonym", "A pseudonym is a whole number.", "Give person_id values, one a line.")
    return tuple(map(int, words))
