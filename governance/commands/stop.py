"""`sde stop` and `sde resume`: the kill switch."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows
from governance.roles import StopScope

app = typer.Typer(no_args_is_help=True, help="Stop all egress, a project or a person at once.")
resume_app = typer.Typer(no_args_is_help=True, help="Resume what was stopped; somebody else than who stopped it.")

Reason = Annotated[str, typer.Option(help="Why, in a sentence that names nobody of the data.")]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The project.")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="The person.")]


@app.command("egress")
def stop_egress(reason: Reason) -> None:
    """Nothing leaves: no submission, vote, decision, release, download or link, of anybody."""
    _stop(StopScope.EGRESS, "", reason)
    say("All egress is stopped.")


@app.command("project")
def stop_project(slug: Slug, reason: Reason) -> None:
    """All work in a project ends; its workspaces close within seconds."""
    _stop(StopScope.PROJECT, slug, reason)
    say(f"{slug} is stopped; its open workspaces lost their connection.")


@app.command("person")
def stop_person(subject: Subject, reason: Reason) -> None:
    """All access of a person ends; their workspaces close within seconds."""
    _stop(StopScope.PERSON, subject, reason)
    say(f"{subject} is stopped; open workspaces lost their connection.")


@app.command("list")
def list_stops(as_json: Json = False) -> None:
    """Everything that was ever stopped, what is stopped now first."""
    from governance.registry import standing_views

    with open_register().reading() as session:
        rows = standing_views.view_stops(session)
    columns = ("scope", "target", "reason", "stopped_by", "stopped_at", "resumed_by", "resumed_at")
    show_rows(rows, columns, as_json=as_json, nothing="Nothing was ever stopped.")


@resume_app.command("egress")
def resume_egress(reason: Reason) -> None:
    """Things may leave again, through every check as before."""
    _resume(StopScope.EGRESS, "", reason)
    say("Egress is resumed.")


@resume_app.command("project")
def resume_project(slug: Slug, reason: Reason) -> None:
    """The project's members may open their workspaces again."""
    _resume(StopScope.PROJECT, slug, reason)
    say(f"{slug} is resumed.")


@resume_app.command("person")
def resume_person(subject: Subject, reason: Reason) -> None:
    """The person may sign in and work again."""
    _resume(StopScope.PERSON, subject, reason)
    say(f"{subject} is resumed.")


def _stop(scope: StopScope, target: str, reason: str) -> None:
    from governance import registry

    registry.stop(open_register(), actor=registry.operator(), scope=scope, target=target, reason=reason)


def _resume(scope: StopScope, target: str, reason: str) -> None:
    from governance import registry

    registry.resume(open_register(), actor=registry.operator(), scope=scope, target=target, reason=reason)
