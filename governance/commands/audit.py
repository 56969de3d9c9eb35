"""`sde audit`: prove the audit chain offline, read its newest events."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance.commands import alarms
from governance.commands.presenting import Json, open_register, say, show_rows
from governance.refusal import Refusal

if TYPE_CHECKING:
    from governance.audit import ChainReport

PROGRESS = 200_000  # events between two words of progress
app = typer.Typer(no_args_is_help=True, help="Verify the audit chain, read and export it; the monitoring's alarms.")
app.add_typer(alarms.app, name="alarms")


@dataclass(frozen=True)
class EventView:
    """One event as it is shown."""

    seq: int
    at: datetime
    event: str
    actor: str
    project: str | None
    detail: str


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="An export to verify instead of the register.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Public key (PEM) that verifies the export.")] = None,
    as_json: Json = False,
) -> None:
    """Check every event, every signed day and the signed head; needs no running gateway, and for an export no register.

    Exit code 1, and the first broken event's name, if the chain does not hold.
    """
    report = _verify_register() if file is None else _verify_export(file, key)
    if as_json:
        say(json.dumps({"holds": report.holds, **asdict(report)}))
    elif report.holds:
        say(
            f"OK: {report.events} events, unbroken, signed to the last."
            if not report.unsigned
            else f"OK: {report.events} events, unbroken; the newest {report.unsigned} are not signed yet."
        )
    else:
        name = f" ({report.broken_event})" if report.broken_event else ""
        say(f"BROKEN at event {report.broken_seq}{name}: {report.reason}. {report.events} events before it hold.")
    if not report.holds:
        raise typer.Exit(1)


def _verify_register() -> ChainReport:
    from governance.audit import verify_chain

    store = open_register()
    with store.reading() as session:
        return verify_chain(session, store.audit_head, store.signing_key)


def _verify_export(file: Path, key: Path | None) -> ChainReport:
    from governance.audit import read_public_key, verify_export

    if key is None:
        raise Refusal("key-missing", "An export is verified with the public key.", "Name it with --key.")
    with _readable(key).open("rb") as pem, _readable(file).open(encoding="utf-8", errors="replace") as lines:
        return verify_export(lines, read_public_key(pem.read()))


def _readable(file: Path) -> Path:
    if not file.is_file():
        raise Refusal("no-such-file", "A file that was named is not there.", "Check its name.")
    return file


@app.command("public-key")
def public_key_command() -> None:
    """The public half of the audit-signing key (PEM), for those who verify."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from governance.audit.signed_head import load_signing_key

    key = open_register().signing_key
    assert key is not None
    pem = load_signing_key(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    say(pem.decode().strip())


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="File to write: JSON lines, 0600.")],
) -> None:
    """Write the whole chain with its signed days and head as JSON lines, to be verified anywhere."""
    from governance.audit import export_lines

    store = open_register()
    spare = to.with_name(f".{to.name}.{os.getpid()}")
    events = -1  # the first line is none
    try:
        with (
            store.reading() as session,
            os.fdopen(os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out,
        ):
            for line in export_lines(session, store.audit_head):
                out.write(line + "\n")
                events += 1
                if events and events % PROGRESS == 0:
                    typer.echo(f"{events:,} events", err=True)
            out.flush()
            os.fsync(out.fileno())
        spare.replace(to)
    finally:
        spare.unlink(missing_ok=True)
    say(f"{events} events written to {to}. Verify: sde audit verify {to} --key PUBLIC.PEM")


@app.command()
def days() -> None:
    """Sign each day that is over and not signed yet; the running gateway does so by itself."""
    from governance.audit import sign_days
    from governance.clock import today

    store = open_register()
    assert store.audit_head is not None
    assert store.signing_key is not None
    with store.reading() as session:
        signed = sign_days(session, store.audit_head, store.signing_key, today())
    say(f"{len(signed)} days signed{f', to {signed[-1].day}' if signed else ''}.")


@app.command()
def tail(
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many of the newest events.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """The newest events, oldest of them first."""
    from sqlalchemy import select

    from governance.store.audit_log import AuditEvent

    with open_register().reading() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(number)).all()
    rows = [EventView(row.seq, row.at, row.event, row.actor, row.project, row.detail) for row in reversed(newest)]
    if as_json:
        for row in rows:
            say(json.dumps({**asdict(row), "at": row.at.isoformat(), "detail": _read_detail(row.detail)}))
        return
    show_rows(rows, ("seq", "at", "event", "actor", "project", "detail"), as_json=False, nothing="No events.")


def _read_detail(detail: str) -> object:
    try:
        return json.loads(detail)
    except ValueError:  # somebody changed it: `sde audit verify` will say so
        return detail
