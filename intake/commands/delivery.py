"""`sde delivery`: land the feeds' files, look at what came, decide what the rule held."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_one, show_rows
from governance.refusal import Refusal
from governance.registry import operator
from governance.registry.deliveries import DeliveryState, DeliveryView, find_delivery, list_deliveries
from governance.settings import load_settings
from intake.commands.watching import progress_bar
from intake.feeds import find_feed
from intake.landing.delivery import DeliveryReport, end_delivery, land_delivery, report_of, resume_delivery
from intake.landing.inbox import find_deliveries
from intake.landing.ledger import TableLedger

app = typer.Typer(no_args_is_help=True, help="Land the feeds' deliveries: check, stage, quarantine, accept or reject.")

Id = Annotated[str, typer.Argument(metavar="DELIVERY", help="its id, as `sde delivery list` shows it")]
Reason = Annotated[str, typer.Option("--reason", help="why, in a few words; no data value")]


@app.command()
def land(
    feed: Annotated[str, typer.Argument(help="name of the feed")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="folders or files: CSV, CSV.GZ, Parquet")],
    as_json: Json = False,
) -> None:
    """Take files of a feed in, check every row, stage the good ones and accept the delivery, or hold it for a steward.

    The same files land once. A landing that was interrupted goes on where it stopped when it is called again.
    """
    settings = load_settings()
    with progress_bar("landing") as progress:
        report = land_delivery(settings, open_register(), find_feed(feed), paths, actor=operator(), progress=progress)
    _show(report, as_json=as_json)


@app.command()
def collect(
    inbox: Annotated[
        Path, typer.Argument(help="folder with a folder for each feed: its files, or one for each delivery")
    ],
) -> None:
    """Land everything in an inbox, one delivery after the other. What was landed before changes nothing.

    One that cannot be landed does not stop the others; the command fails at the end.
    """
    settings, store, refused = load_settings(), open_register(), 0
    for feed, folder in find_deliveries(inbox):
        try:
            with progress_bar("landing") as progress:
                report = land_delivery(settings, store, feed, [folder], actor=operator(), progress=progress)
            say(f"{report.delivery.id}: {report.delivery.state} ({report.delivery.reason}).")
        except Refusal as refusal:
            refused += 1
            say(f"{feed.name}, {folder.name}: {refusal}")
    if refused:
        raise Refusal("not-all-landed", f"{refused} deliveries could not be landed.", "The lines above say why.")


@app.command()
def resume(delivery: Id, as_json: Json = False) -> None:
    """Finish a landing that was interrupted."""
    with progress_bar("landing") as progress:
        report = resume_delivery(load_settings(), open_register(), delivery, actor=operator(), progress=progress)
    _show(report, as_json=as_json)


@app.command("list")
def list_all(
    feed: Annotated[str | None, typer.Option(help="only this feed's")] = None,
    as_json: Json = False,
) -> None:
    """Every delivery, oldest first."""
    with open_register().reading() as session:
        rows = list_deliveries(session, feed)
    columns = ("id", "feed", "state", "received_at", "rows_in", "rows_kept", "rows_quarantined", "reason")
    show_rows(rows, columns, as_json=as_json, nothing="Nothing has been delivered.")


@app.command()
def show(delivery: Id, as_json: Json = False) -> None:
    """One delivery: where it stands, and its rows by table."""
    settings, store = load_settings(), open_register()
    with store.reading() as session:
        view = find_delivery(session, delivery)
    if view.summary == "{}":
        show_one(view, as_json=as_json)
    else:
        _show(report_of(settings, store, delivery), as_json=as_json, landing=False)


@app.command()
def report(delivery: Id) -> None:
    """Print where the delivery's quality page is (written anew if it is not there)."""
    say(str(report_of(load_settings(), open_register(), delivery).page))


@app.command()
def accept(delivery: Id, reason: Reason) -> None:
    """Let the rows of a held delivery count."""
    _end(delivery, DeliveryState.ACCEPTED, reason)


@app.command()
def reject(delivery: Id, reason: Reason) -> None:
    """Refuse a held delivery; its files are removed."""
    _end(delivery, DeliveryState.REJECTED, reason)


@app.command()
def withdraw(delivery: Id, reason: Reason) -> None:
    """Take an accepted delivery back: from the next building of the region on its rows do not count."""
    _end(delivery, DeliveryState.WITHDRAWN, reason)


@app.command()
def discard(delivery: Id, reason: Reason) -> None:
    """Give up a landing that was not finished; its files are removed and may be landed again."""
    _end(delivery, DeliveryState.DISCARDED, reason)


def _end(delivery: str, state: DeliveryState, reason: str) -> None:
    view = end_delivery(load_settings(), open_register(), delivery, state, actor=operator(), reason=reason)
    say(f"{view.id} is {view.state}.")


def _show(report: DeliveryReport, *, as_json: bool, landing: bool = True) -> None:
    if as_json:
        show_one(report.delivery, as_json=True)
        return
    view: DeliveryView = report.delivery
    if report.again and landing:
        say(f"These files are on record already, as {view.id}; nothing was changed.")
    say(f"{view.id}: {view.state} ({view.reason}).")
    rows: list[TableLedger] = list(report.ledger.tables)
    columns = ("table", "rows_in", "rows_kept", "rows_quarantined", "rows_duplicate")
    show_rows(rows, columns, as_json=False, nothing="No table was checked.")
    say(f"Quality page: {report.page}")
