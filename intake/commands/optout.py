"""`sde optout`: opt-outs on record, the exchange with the national check service, and the steward's report."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.clock import today
from governance.refusal import Refusal
from governance.registry import operator
from governance.registry.deliveries import accepted_deliveries
from governance.settings import load_settings
from governance.store import open_store
from intake.commands.watching import progress_bar
from intake.feeds import region_feeds
from intake.optouts.answering import import_check
from intake.optouts.asking import export_check
from intake.optouts.choice import Choice, Fault, read_choice
from intake.optouts.loading import LoadReport, load_opt_outs, record_choice
from intake.optouts.policy import policies, policy_on
from intake.optouts.refreshing import refresh_from_deliveries
from intake.optouts.report import OptOutReport, make_report, write_page
from intake.optouts.resolving import resolve_lines
from intake.optouts.words import Kind, Status, Use

app = typer.Typer(no_args_is_help=True, help="People's opt-outs and the national check service.")
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="CSV: nhs_number,kind,controller,status,from,to")],
    keep_valid: Annotated[
        bool,
        typer.Option("--keep-valid", help="load the lines that can be read; the others stay unresolved"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load a file of opt-outs, whole or not at all. Loading one twice changes nothing."""
    settings = load_settings()
    with progress_bar("opening the opt-outs") as progress:
        report = load_opt_outs(
            settings, open_store(settings), file, actor=operator(), keep_valid=keep_valid, progress=progress
        )
    _say_load(report, as_json)


@app.command()
def record(
    kind: Annotated[str, typer.Argument(help="type_1, local, gdpr_objection or summary_care_record")],
    status: Annotated[str, typer.Option(help="of a GDPR objection: pending, upheld or declined")] = "",
    controller: Annotated[str, typer.Option(help="of a GDPR objection: whom it is made to")] = "",
    starts: Annotated[str, typer.Option("--from", help="first day, YYYY-MM-DD (default: today)")] = "",
    ends: Annotated[str, typer.Option("--to", help="last day, YYYY-MM-DD (default: until withdrawn)")] = "",
    as_json: AsJson = False,
) -> None:
    """Record one person's opt-out. The NHS number is asked for (or read from standard input), because others can see
    the arguments of a command."""
    _record(kind, controller, status, starts or today().isoformat(), ends, as_json)


@app.command()
def withdraw(
    kind: Annotated[str, typer.Argument(help="type_1, local, gdpr_objection or summary_care_record")],
    controller: Annotated[str, typer.Option(help="of a GDPR objection: whom it was made to")] = "",
    starts: Annotated[str, typer.Option("--from", help="first day without it, YYYY-MM-DD (default: today)")] = "",
    as_json: AsJson = False,
) -> None:
    """Record that a person takes an opt-out back. The NHS number is asked for, as with `record`."""
    _record(kind, controller, Status.WITHDRAWN.value, starts or today().isoformat(), "", as_json)


@app.command()
def resolve(
    reason: Annotated[str, typer.Option(help="what became of the lines, in words")],
) -> None:
    """Say that the lines left over from loads (`load --keep-valid`) have been dealt with. They stay on record."""
    settings = load_settings()
    lines = resolve_lines(settings, open_store(settings), reason=reason, actor=operator())
    typer.echo(f"{lines:,} lines are resolved.")


@app.command("check-export")
def check_export(
    out: Annotated[Path | None, typer.Option(help="where to: a .dat file (default: in the identifiable zone)")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the file of NHS numbers for the national check service. Everybody in the region is asked about."""
    settings = load_settings()
    with progress_bar("opening the opt-outs") as progress:
        request = export_check(settings, open_store(settings), out, actor=operator(), progress=progress)
    if as_json:
        _print({**asdict(request), "file": str(request.file), "asked_at": request.asked_at.isoformat()})
        return
    typer.echo(f"Request {request.number}: {request.numbers:,} NHS numbers in {request.file}")
    if request.left_out:
        typer.echo(f"Left out, because they would spoil the file: {request.left_out:,} invalid numbers (denied).")
    typer.echo("Send it as it is, then: sde optout check-import ANSWER")


@app.command("check-import")
def check_import(
    answer: Annotated[Path, typer.Argument(help="the service's answer, as it came")],
    answered_at: Annotated[
        datetime | None,
        typer.Option(help="when the service answered (UTC); without it, it is believed from the request on"),
    ] = None,
    everybody_opted_out: Annotated[
        bool, typer.Option("--everybody-opted-out", help="an empty answer is meant, and denies everybody")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in the answer to the newest request. It is checked whole before anything changes."""
    settings = load_settings()
    with progress_bar("opening the opt-outs") as progress:
        report = import_check(
            settings,
            open_store(settings),
            answer,
            actor=operator(),
            answered_at=answered_at,
            everybody_opted_out=everybody_opted_out,
            progress=progress,
        )
    moments = {"answered_at": report.answered_at.isoformat(), "believed_until": report.believed_until.isoformat()}
    if as_json:
        _print({**asdict(report), **moments})
        return
    typer.echo(f"Answer to request {report.request}: {report.allowed:,} of {report.asked:,} may be used.")
    typer.echo(f"Believed until {report.believed_until:%Y-%m-%d %H:%M} UTC.")


@app.command()
def refresh(as_json: AsJson = False) -> None:
    """Read Type 1 opt-outs from the GP journals, and organisations' codes, of all accepted deliveries."""
    settings = load_settings()
    store = open_store(settings)
    with store.reading() as session:
        deliveries = accepted_deliveries(session)
    with progress_bar("opening the opt-outs") as progress:
        report = refresh_from_deliveries(settings, store, deliveries, actor=operator(), progress=progress)
    if as_json:
        _print(asdict(report))
        return
    typer.echo(f"Journals: {report.entries:,} entries about Type 1, {report.nobody:,} of nobody known.")
    typer.echo(f"Organisations known: {report.controllers:,}. Version {report.version} is in force.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is in force today: opt-outs by kind, the national answer and what each use loses."""
    settings = load_settings()
    open_store(settings).close()
    with progress_bar("opening the opt-outs") as progress:
        found = make_report(settings, progress=progress)
    if as_json:
        typer.echo(found.as_json())
    else:
        _show(found)


@app.command()
def report(as_json: AsJson = False) -> None:
    """Write the steward's page of counts (`reports/optouts/`)."""
    settings = load_settings()
    open_store(settings).close()
    with progress_bar("opening the opt-outs") as progress:
        found = make_report(settings, progress=progress)
    page = write_page(settings, found)
    typer.echo(found.as_json() if as_json else f"Report: {page}")


@app.command("explain-policy")
def explain_policy(as_json: AsJson = False) -> None:
    """The deny table: which opt-out closes which feed for which use, in the version in force today."""
    policy = policy_on(today())
    if as_json:
        rules = [
            {"kind": rule.kind, "status": rule.status, "feeds": _feeds(rule.feeds, rule.by_controller)}
            | {use.value: use not in rule.closes for use in Use}
            for rule in policy.rules
        ]
        _print({"version": policy.name, "from": policy.starts.isoformat(), "rules": rules})
        return
    table = Table(title=f"Version {policy.name} of {len(policies())}, in force since {policy.starts}")
    for heading in ("opt-out", "status", "feeds", *(use.replace("_", " ") for use in Use)):
        table.add_column(heading)
    for rule in policy.rules:
        answers = ("no" if use in rule.closes else "yes" for use in Use)
        table.add_row(rule.kind.replace("_", " "), rule.status, _feeds(rule.feeds, rule.by_controller), *answers)
    console = Console()
    console.print(table)
    typer.echo("All opt-outs in force count: a feed is open only if none of them closes it. Whoever the national check")
    typer.echo("service has not answered for in time counts as opted out. gp_summary: the Summary Care Record.")


def _record(kind: str, controller: str, status: str, starts: str, ends: str, as_json: bool) -> None:
    settings = load_settings()
    store = open_store(settings)
    number = typer.prompt("NHS number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    choice = read_choice((number.strip().replace(" ", ""), kind, controller, status, starts, ends))
    if isinstance(choice, Fault):
        kinds = ", ".join(kind for kind in Kind if kind is not Kind.NATIONAL)
        raise Refusal("bad-opt-out", f"This cannot be recorded: {choice}.", f"Kinds: {kinds}. Days: YYYY-MM-DD.")
    assert isinstance(choice, Choice)
    _say_load(record_choice(settings, store, choice, actor=operator()), as_json)


def _say_load(report: LoadReport, as_json: bool) -> None:
    if as_json:
        _print(asdict(report))
        return
    typer.echo(f"{report.rows:,} recorded; version {report.version} of the opt-outs is in force.")
    for name, count in report.counts.items():
        typer.echo(f"  {name.replace('_', ' ').replace('.', ', ')}: {count:,}")
    if not report.had_effect:
        typer.echo("It changes nothing: that day this person's opt-outs are as they were. Was the number right?")
    if report.not_in_region:
        typer.echo(f"{report.not_in_region:,} NHS numbers are of nobody in the region yet; they wait for the person.")
    if report.unresolved:
        typer.echo(f"NOT LOADED: {report.unresolved:,} lines. They stay on record until they are corrected and loaded.")


def _show(found: OptOutReport) -> None:
    console = Console()
    until = f", believed until {found.answer_believed_until}" if found.answer_believed_until else ""
    console.print(f"National answer: {found.answer_state}{until}. Deny table: version {found.policy}.")
    counts = Table(title="Opt-outs in force")
    counts.add_column("kind and status")
    counts.add_column("NHS numbers", justify="right")
    for name, count in found.counts.items():
        counts.add_row(name.replace("_", " ").replace(".", ", "), _number(count))
    losses = Table(title="What each use loses")
    for heading in ("use", "people", "lose a feed", "lose all"):
        losses.add_column(heading, justify="left" if heading == "use" else "right")
    for loss in found.losses:
        numbers = (loss.people, loss.lose_some, loss.lose_all)
        losses.add_row(loss.use.replace("_", " "), *map(_number, numbers))
    console.print(counts, losses)


def _number(value: str | int) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _feeds(feeds: tuple[str, ...], by_controller: bool) -> str:
    return "the controller's" if by_controller else ", ".join(feeds) or f"all {len(region_feeds())}"


def _print(value: object) -> None:
    typer.echo(json.dumps(value, default=str))
