"""`sde training course`: which training there is, whom it is required of, whose certificates are trusted."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows
from governance.roles import Capability

app = typer.Typer(no_args_is_help=True, help="Say which training there is and whom it is required of.")

Code = Annotated[str, typer.Argument(metavar="CODE", help="The course's short name, e.g. safe-researcher.")]
Issuer = Annotated[str, typer.Argument(metavar="ISSUER", help="Who writes the certificates.")]
REQUIRED = "What it is required for; repeat for more. --required-for '' means nothing."


@app.command("set")
def set_course(
    code: Code,
    title: Annotated[str, typer.Option(help="What people call it; needed for a new one.")] = "",
    months: Annotated[int | None, typer.Option(help="How long it holds; 0: each certificate says it.")] = None,
    required_for: Annotated[list[str] | None, typer.Option(help=REQUIRED)] = None,
) -> None:
    """Add a course or change it. It counts at every gate at once: whoever needs it and lacks it is refused."""
    from governance import registry

    wanted = None if required_for is None else [word for word in required_for if word]
    registry.set_course(
        open_register(), actor=registry.operator(), code=code, title=title, months=months, required_for=wanted
    )
    say(f"Set {code}. It may be required for: {', '.join(Capability)}.")


@app.command()
def withdraw(code: Code) -> None:
    """Nothing depends on the course any more."""
    from governance import registry

    registry.withdraw_course(open_register(), actor=registry.operator(), code=code)
    say(f"Withdrew {code}.")


@app.command()
def trust(
    code: Code,
    issuer: Issuer,
    pattern: Annotated[str, typer.Option(help="Regular expression of a whole certificate number.")] = "",
) -> None:
    """Trust a third party's certificates of a course."""
    from governance import registry

    registry.trust_issuer(open_register(), actor=registry.operator(), course=code, name=issuer, pattern=pattern)
    say(f"Certificates of {issuer.strip()} count for {code}.")


@app.command()
def distrust(code: Code, issuer: Issuer) -> None:
    """Take no more of a third party's certificates; those on record stay."""
    from governance import registry

    registry.distrust_issuer(open_register(), actor=registry.operator(), course=code, name=issuer)
    say(f"No more certificates of {issuer.strip()} are taken for {code}.")


@app.command("list")
def list_courses(as_json: Json = False) -> None:
    """Every course in use."""
    from governance.registry import standing_views

    with open_register().reading() as session:
        rows = standing_views.list_courses(session)
    columns = ("code", "title", "months", "required_for", "issuers")
    show_rows(
        rows, columns, as_json=as_json, nothing="There are no courses: nobody needs any training but what they took."
    )
