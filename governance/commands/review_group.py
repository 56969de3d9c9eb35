"""`sde review-group`: who sits in it, by which rule it votes, who answers for the sources."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.applications.kinds import MemberKind, OnRefusal
from governance.commands.presenting import Json, day_option, open_register, say, show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="The review group: members, rule, contributing controllers.")

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="Whole subject of the person.")]


@app.command()
def appoint(
    subject: Subject,
    kind: Annotated[MemberKind, typer.Option(help="As what they sit in it.")],
    until: Annotated[date, day_option("Last day.")],
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
) -> None:
    """Appoint a member."""
    from governance.applications import group
    from governance.registry import operator

    group.appoint_member(open_register(), actor=operator(), subject=subject, kind=kind, until=until, starts=starts)
    say(f"Appointed {subject} until {until}.")


@app.command()
def withdraw(subject: Subject) -> None:
    """End somebody's appointment."""
    from governance.applications import group
    from governance.registry import operator

    group.withdraw_member(open_register(), actor=operator(), subject=subject)
    say(f"Withdrawn: {subject}.")


@app.command("list")
def list_members(as_json: Json = False) -> None:
    """Everybody who sits or sat in it."""
    from governance.applications import group

    with open_register().reading() as session:
        rows = group.list_members(session)
    columns = ("subject", "name", "kind", "starts", "until", "in_force")
    show_rows(rows, columns, as_json=as_json, nothing="Nobody sits in the review group.")


@app.command()
def rule(as_json: Json = False) -> None:
    """The rule in force."""
    from governance.applications.rule import current_rule

    with open_register().reading() as session:
        version, held = current_rule(session)
    if not as_json:
        say(f"Version {version}{' (built in)' if not version else ''}")
    show_one(held, as_json=as_json)


@app.command()
def propose(
    least_votes: Annotated[int, typer.Option(help="Fewer are no quorum.")] = 4,
    kind: Annotated[list[MemberKind] | None, typer.Option(help="Kinds that must vote; all if left out.")] = None,
    public_percent: Annotated[int, typer.Option(help="At least so much of the votes is public members'.")] = 50,
    approve_percent: Annotated[int, typer.Option(help="So much of the votes approves; 100: unanimous.")] = 100,
    colleagues_vote: Annotated[
        bool, typer.Option(help="Whether members of organisations that take part vote.")
    ] = False,
    on_refusal: Annotated[OnRefusal, typer.Option(help="What follows a controller's refusal.")] = OnRefusal.BLOCK,
) -> None:
    """Put a rule forward; a data steward who is somebody else confirms it."""
    from governance.applications.rule import ReviewRule, propose_rule
    from governance.registry import operator

    kinds = tuple(kind) if kind else tuple(MemberKind)
    wanted = ReviewRule(least_votes, kinds, public_percent, approve_percent, colleagues_vote, on_refusal)
    version = propose_rule(open_register(), actor=operator(), rule=wanted)
    say(f"Proposed version {version}. It is in force once somebody else confirms it.")


@app.command()
def confirm(version: Annotated[int, typer.Argument(metavar="VERSION", help="As `propose` said.")]) -> None:
    """Put a proposed rule in force; never by who proposed it."""
    from governance.applications.rule import confirm_rule
    from governance.registry import operator

    confirm_rule(open_register(), actor=operator(), version=version)
    say(f"Version {version} is in force for rounds opened from now on.")


@app.command()
def controllers(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the feed.")],
    organisation: Annotated[list[str] | None, typer.Option(help="Registered organisation; repeat for more.")] = None,
) -> None:
    """Say who answers for a source, in place of those before; nobody if none is named."""
    from governance.applications import controllers as held
    from governance.registry import operator

    named = tuple(organisation or ())
    held.set_source_controllers(open_register(), actor=operator(), source=source, organisations=named)
    say(f"{source}: {', '.join(named) or 'nobody'}.")


@app.command()
def delegate(
    organisation: Annotated[str, typer.Argument(metavar="ORGANISATION", help="The contributing controller.")],
    subject: Subject,
    until: Annotated[date, day_option("Last day.")],
) -> None:
    """Let somebody decide for a contributing controller."""
    from governance.applications import controllers as held
    from governance.registry import operator

    held.appoint_delegate(open_register(), actor=operator(), organisation=organisation, subject=subject, until=until)
    say(f"{subject} decides for {organisation} until {until}.")
