"""`sde link`: who is linked how, and a steward's word on it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.registry import operator
from governance.settings import load_settings
from governance.store import open_store
from intake.linkage import stewarding
from intake.linkage.decisions import Decision
from intake.linkage.rules import DECIDED, NOBODY, RULES

app = typer.Typer(no_args_is_help=True, help="See how people are linked, and correct links. No command shows a fact.")

FeedName = Annotated[str, typer.Argument(help="name of the feed")]
Reference = Annotated[int, typer.Argument(help="reference of the identity, as `sde link find` shows it")]
PersonId = Annotated[int, typer.Argument(help="id of a person of the spine")]
Reason = Annotated[str, typer.Option(help="why, in words, without an identifier")]
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]
_NAMES = {DECIDED: "steward", NOBODY: "nobody"} | {rule.rank: rule.name for rule in RULES}


@app.command()
def status(as_json: AsJson = False) -> None:
    """People, and identities by feed and rank, of the spine in force."""
    report, decisions = stewarding.link_status(load_settings())
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"decisions": decisions}))
        return
    people = f"{report.people:,} people, {report.newcomers:,} of them known by no practice, {report.merged:,} merged"
    table = Table(title=f"{people}; {decisions:,} decisions in force")
    ranks = sorted(_NAMES)
    for heading in ("feed", *(f"{rank} {_NAMES[rank]}" for rank in ranks)):
        table.add_column(heading, justify="left" if heading == "feed" else "right")
    counts = {(each.feed, each.rank): each.identities for each in report.ranks}
    for feed in dict.fromkeys(each.feed for each in report.ranks):
        table.add_row(feed, *(f"{counts.get((feed, rank), 0):,}" for rank in ranks))
    console = Console()
    console.print(table)
    for refused in report.refused:
        console.print(f"refused in {refused.feed}, {refused.reason}: {refused.identities:,}", highlight=False)


@app.command()
def explain(feed: FeedName, reference: Reference, as_json: AsJson = False) -> None:
    """Why an identity is linked as it is: the rule, and which facts agree."""
    _show((stewarding.explain_link(load_settings(), feed, reference),), as_json=as_json)


@app.command()
def find(as_json: AsJson = False) -> None:
    """Every identity of the holder of an NHS number, which is asked for (or read from standard input). Audited."""
    number = typer.prompt("NHS number", hide_input=True, err=True)  # never an argument: others see those
    settings = load_settings()
    _show(stewarding.find_links(settings, open_store(settings), number, actor=operator()), as_json=as_json)


@app.command()
def correct(feed: FeedName, reference: Reference, person: PersonId, reason: Reason) -> None:
    """Decide that an identity is this person, whatever the rules find."""
    settings = load_settings()
    decided = stewarding.correct_link(
        settings, open_store(settings), feed, reference, person, reason=reason, actor=operator()
    )
    _tell(decided)


@app.command()
def split(feed: FeedName, reference: Reference, reason: Reason) -> None:
    """Decide that an identity is not the person it is linked to."""
    settings = load_settings()
    _tell(stewarding.split_link(settings, open_store(settings), feed, reference, reason=reason, actor=operator()))


@app.command()
def merge(person: PersonId, into: PersonId, reason: Reason) -> None:
    """Decide that two people are one, known by the second's id; opt-outs on any of their numbers count."""
    settings = load_settings()
    _tell(stewarding.merge_people(settings, open_store(settings), person, into, reason=reason, actor=operator()))


@app.command()
def withdraw(decision: Annotated[int, typer.Argument(help="number of the decision")]) -> None:
    """Let a decision count no longer."""
    settings = load_settings()
    _tell(stewarding.withdraw(settings, open_store(settings), decision, actor=operator()))


def _tell(decision: Decision) -> None:
    state = "withdrawn" if decision.withdrawn else "recorded"
    typer.echo(f"Decision {decision.number} ({decision.kind}) is {state}. It counts from the next `sde region build`.")


def _show(views: tuple[stewarding.LinkView, ...], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(view) for view in views]))
        return
    table = Table()
    for heading in ("feed", "reference", "person", "rule", "confidence", "agree", "differ", "refused"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("reference", "person"))  # typed again
    for view in views:
        person = "nobody" if view.person_id is None else str(view.person_id)
        lists = (", ".join(words) for words in (view.agree, view.differ, view.refused))
        rule = f"{view.rank} {_NAMES[view.rank]}"
        table.add_row(view.feed, str(view.person_ref), person, rule, f"{view.confidence:.4f}", *lists)
    Console().print(table)
