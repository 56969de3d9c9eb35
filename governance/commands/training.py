"""`sde training`: courses taken; an expired one stops all access of the person."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands import courses
from governance.commands.presenting import Json, day_option, open_register, say, show_rows

app = typer.Typer(no_args_is_help=True, help="Record the training people have taken.")
app.add_typer(courses.app, name="course")


@app.command()
def record(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Who took it.")],
    course: Annotated[str, typer.Option(help="The course's code; a newer record of the same course replaces it.")],
    expires: Annotated[date | None, day_option("Last day on which it counts; the course's term if left out.")] = None,
    taken: Annotated[date | None, day_option("When it was taken; today if left out.")] = None,
    certificate: Annotated[str, typer.Option(help="Number of the certificate, if there is one.")] = "",
    issuer: Annotated[str, typer.Option(help="The trusted third party whose certificate it is.")] = "",
) -> None:
    """Record a course taken, or its renewal."""
    from governance import registry

    ends = registry.record_training(
        open_register(),
        actor=registry.operator(),
        subject=subject,
        course=course,
        expires=expires,
        certificate=certificate,
        issuer=issuer,
        taken=taken,
    )
    say(f"Recorded {course.strip()} for {subject}, valid up to and including {ends}.")


@app.command()
def withdraw(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Whose record.")],
    course: Annotated[str, typer.Option(help="The course's code.")],
    reason: Annotated[str, typer.Option(help="Why it does not count.")],
) -> None:
    """Take back the newest record of a course that proved wrong; the one before it counts again."""
    from governance import registry

    registry.withdraw_training(
        open_register(), actor=registry.operator(), subject=subject, course=course, reason=reason
    )
    say(f"Withdrew {course.strip()} of {subject}.")


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
