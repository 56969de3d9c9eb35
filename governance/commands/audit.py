"""`sde audit`: prove the audit chain offline, read its newest events."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows

app = typer.Typer(no_args_is_help=True, help="Verify the audit chain and read its newest events.")


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
def verify(as_json: Json = False) -> None:
    """Check every event and the signed head; needs no running gateway.

    Exit code 1, and the first broken event's name, if the chain does not hold.
    """
    from governance.audit import verify_chain

    store = open_register()
    with store.reading() as session:
        report = verify_chain(session, store.audit_head, store.signing_key)
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
