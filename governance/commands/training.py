"""`sde training`: courses taken; an expired one stops all access of the person."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands.presenting import Json, day_option, open_register, say, show_rows

app = typer.Typer(no_args_is_help=True, help="Record the training people have taken.")


@app.command()
def record(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Who took it.")],
    course: Annotated[str, typer.Option(help="The course's name; a newer record of the same course replaces it.")],
    expires: Annotated[date, day_option("Last day on which it counts.")],
    certificate: Annotated[str, typer.Option(help="Number of the certificate, if there is one.")] = "",
) -> None:
    """Record a course taken, or its renewal."""
    from governance import registry

    registry.record_training(
        open_register(),
        actor=registry.operator(),
        subject=subject,
        course=course,
        expires=expires,
        certificate=certificate,
    )
    say(f"Recorded {course.strip()} for {subject}, valid up to and including {expires}.")


@app.command("list")
def list_training(
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="One person; everybody if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Training on record, oldest first."""
    from governance.registry import views

    with open_register().reading() as session:
        rows = views.list_training(session, subject)
    columns = ("subject", "course", "expires", "certificate", "in_force")
    show_rows(rows, columns, as_json=as_json, nothing="No training is on record.")
