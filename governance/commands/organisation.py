"""`sde organisation`: trusted organisations and the agreements with them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands.presenting import Json, day_option, open_register, say, show_rows
from governance.roles import OrganisationKind

app = typer.Typer(no_args_is_help=True, help="Register organisations and the agreements with them.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The organisation's name.")]
Reference = Annotated[str, typer.Option(help="The agreement's number or title, by which it is known.")]


@app.command()
def add(
    name: Name,
    kind: Annotated[OrganisationKind, typer.Option(help="What it is.")],
    reference: Reference,
    country: Annotated[str, typer.Option(help="Where it is.")] = "",
    starts: Annotated[date | None, day_option("First day of the agreement; today if left out.")] = None,
    until: Annotated[date | None, day_option("Last day of the agreement; none means no end.")] = None,
) -> None:
    """Register an organisation with its agreement."""
    from governance import registry

    registry.add_organisation(
        open_register(),
        actor=registry.operator(),
        name=name,
        kind=kind,
        country=country,
        reference=reference,
        agreement_from=starts,
        agreement_until=until,
    )
    say(f"Registered {name.strip()}.")


@app.command("set")
def change(
    name: Name,
    kind: Annotated[OrganisationKind | None, typer.Option(help="What it is.")] = None,
    country: Annotated[str | None, typer.Option(help="Where it is.")] = None,
) -> None:
    """Correct what an organisation is, or where."""
    from governance import registry

    registry.change_organisation(open_register(), actor=registry.operator(), name=name, kind=kind, country=country)
    say(f"Changed {name.strip()}.")


@app.command()
def agree(
    name: Name,
    reference: Reference,
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
    until: Annotated[date | None, day_option("Last day; none means no end.")] = None,
) -> None:
    """Record an agreement or its renewal; one of the same reference is corrected. Without one in force the
    organisation's people can do nothing."""
    from governance import registry

    registry.record_agreement(
        open_register(), actor=registry.operator(), name=name, reference=reference, starts=starts, until=until
    )
    say(f"Recorded agreement {reference} with {name.strip()}, {f'until {until}' if until else 'without an end'}.")


@app.command()
def withdraw(name: Name, reference: Reference) -> None:
    """Take an agreement back, from now on."""
    from governance import registry

    registry.withdraw_agreement(open_register(), actor=registry.operator(), name=name, reference=reference)
    say(f"Withdrew agreement {reference} with {name.strip()}.")


@app.command("list")
def list_organisations(as_json: Json = False) -> None:
    """Every organisation with every agreement, newest first, and whether it is in force."""
    from governance.registry import standing_views

    with open_register().reading() as session:
        rows = standing_views.list_agreements(session)
    columns = ("organisation", "kind", "country", "reference", "starts", "until", "state")
    show_rows(rows, columns, as_json=as_json, nothing="There are no organisations.")
