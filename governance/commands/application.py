"""`sde application`: write, hand in and read applications. Nobody votes, agrees or approves here: these are acts of the
person who is signed in, and of nobody in their name.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from governance.applications.kinds import Kind
from governance.commands.presenting import Json, day_option, open_register, say, show_one, show_rows
from governance.refusal import Refusal

app = typer.Typer(no_args_is_help=True, help="Applications for projects: write, hand in, look after, read.")

Id = Annotated[str, typer.Argument(metavar="APPLICATION", help="Id of the application, as `list` shows it.")]
Answers = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON file: field of the form -> answer.", dir_okay=False)
]


@app.command()
def start(
    applicant: Annotated[str, typer.Option("--for", help="Subject of the person who applies.")],
    kind: Annotated[Kind, typer.Option(help="A new project, or to change or renew one.")] = Kind.PROJECT,
    project: Annotated[str, typer.Option(help="Short name of the project to change or renew.")] = "",
) -> None:
    """Begin an application in somebody's name; prints its id."""
    from governance.applications import drafting
    from governance.registry import operator

    store = open_register()
    say(drafting.start_application(store, actor=operator(), applicant=applicant, kind=kind, project=project))


@app.command()
def save(application: Id, file: Answers, as_json: Json = False) -> None:
    """Put answers into a draft, a few or all of them; what the file does not name stays."""
    from governance.applications import drafting
    from governance.registry import operator

    saved = drafting.save_answers(
        open_register(), actor=operator(), application=application, values=_read_answers(file)
    )
    show_rows(saved.problems, ("field", "message", "remedy"), as_json=as_json, nothing="Saved. Nothing is missing.")


@app.command()
def check(application: Id, as_json: Json = False) -> None:
    """Everything that stands in the way of handing it in."""
    from governance.applications import drafting
    from governance.registry import operator

    with open_register().reading() as session:
        problems = drafting.find_gaps(session, actor=operator(), application=application)
    show_rows(problems, ("field", "message", "remedy"), as_json=as_json, nothing="Nothing is missing.")


@app.command()
def submit(application: Id) -> None:
    """Hand it in."""
    from governance.applications import drafting
    from governance.registry import operator

    saved = drafting.submit_application(open_register(), actor=operator(), application=application)
    say(f"Submitted version {saved.version}, {saved.digest}.")


@app.command()
def withdraw(application: Id) -> None:
    """End it; it stays on record."""
    from governance.applications import drafting
    from governance.registry import operator

    drafting.withdraw_application(open_register(), actor=operator(), application=application)
    say("Withdrawn.")


@app.command()
def ask(application: Id, question: Annotated[str, typer.Option(help="For the applicant.")]) -> None:
    """Give a submitted application back with a question."""
    from governance.applications import triage
    from governance.registry import operator

    triage.ask_applicant(open_register(), actor=operator(), application=application, question=question)
    say("Asked.")


@app.command()
def accept(application: Id, meets: Annotated[date, day_option("Day of the meeting.")]) -> None:
    """Put a submitted application before the review group."""
    from governance.applications import triage
    from governance.registry import operator

    number = triage.accept_for_review(open_register(), actor=operator(), application=application, meets_on=meets)
    say(f"Round {number} is open.")


@app.command("list")
def list_all(state: Annotated[str, typer.Option(help="Only those in this state.")] = "", as_json: Json = False) -> None:
    """Every application, newest change first."""
    from governance.applications import views
    from governance.registry import operator

    with open_register().reading() as session:
        rows = views.list_applications(session, actor=operator(), state=state)
    columns = ("id", "kind", "state", "title", "applicant", "project", "move")
    show_rows(rows, columns, as_json=as_json, nothing="There are no applications.")


@app.command()
def show(application: Id, as_json: Json = False) -> None:
    """One application with its answers, rounds, controllers and conditions."""
    from governance.applications import views
    from governance.registry import operator

    with open_register().reading() as session:
        detail = views.show_application(session, actor=operator(), application=application)
    if as_json:
        show_one(detail, as_json=True)
        return
    show_one(detail.view, as_json=False)
    for change in detail.changes:
        say(f"  {change}")
    show_rows(
        detail.needs, ("title", "organisation", "answer", "until"), as_json=False, nothing="No controller is asked."
    )


@app.command()
def orders(
    retry: Annotated[int | None, typer.Option(metavar="N", help="Put this failed order back.")] = None,
    as_json: Json = False,
) -> None:
    """Extracts that approvals ordered, and how far they are."""
    from governance.applications import orders as ordered
    from governance.registry import operator

    store = open_register()
    if retry is not None:
        ordered.retry_order(store, actor=operator(), number=retry)
    with store.reading() as session:
        rows = ordered.list_orders(session)
    columns = ("number", "project", "state", "tries", "reason", "changed_at")
    show_rows(rows, columns, as_json=as_json, nothing="Nothing was ordered.")


def _read_answers(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict):
        raise Refusal("bad-file", "The file is no JSON object.", "Write field: answer; see the form's page.", file.name)
    return told
