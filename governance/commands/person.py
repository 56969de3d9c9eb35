"""`sde person`: people, their roles, their organisation's agreement."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands.presenting import Json, day_option, open_register, say, show_one, show_rows
from governance.refusal import Refusal
from governance.roles import Role

app = typer.Typer(no_args_is_help=True, help="Register people, give roles, suspend and restore.")

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="The identity provider's immutable claim, as it stands.")
]


@app.command()
def add(
    subject: Subject,
    name: Annotated[str, typer.Option(help="The person's name.")],
    organisation: Annotated[str, typer.Option(help="The organisation; it is registered too if it is new.")],
) -> None:
    """Register a person. They can do nothing until training is recorded and they are a member or hold a role."""
    from governance import registry

    store, actor = open_register(), registry.operator()
    try:
        registry.add_person(store, actor=actor, subject=subject, name=name, organisation=organisation)
    except Refusal as refusal:
        if refusal.code != "no-such-organisation":
            raise
        registry.add_organisation(store, actor=actor, name=organisation)
        say(f"Registered the organisation {organisation.strip()}, without an end to its agreement.")
        registry.add_person(store, actor=actor, subject=subject, name=name, organisation=organisation)
    say(f"Registered {subject}. Next: sde training record {subject} --course ... --expires ...")


@app.command("list")
def list_people(as_json: Json = False) -> None:
    """Everybody registered, and whether their approval is in force."""
    from governance.registry import views

    with open_register().reading() as session:
        rows = views.list_people(session)
    columns = ("subject", "name", "organisation", "roles", "projects", "state")
    show_rows(rows, columns, as_json=as_json, nothing="Nobody is registered.")


@app.command()
def show(subject: Subject, as_json: Json = False) -> None:
    """One person."""
    from governance.registry import views

    with open_register().reading() as session:
        view = views.show_person(session, subject)
    show_one(view, as_json=as_json)


@app.command("sign-out")
def sign_out(subject: Subject) -> None:
    """End a person's sessions in every browser. They may sign in again; their workspaces go on running."""
    from governance import registry

    registry.end_sessions(open_register(), actor=registry.operator(), subject=subject)
    say(f"Signed {subject} out of every browser.")


@app.command()
def suspend(subject: Subject) -> None:
    """End all access of a person at once."""
    from governance import registry

    registry.suspend_person(open_register(), actor=registry.operator(), subject=subject)
    say(f"Suspended {subject}; open workspaces lost their connection.")


@app.command()
def restore(subject: Subject) -> None:
    """Lift a suspension."""
    from governance import registry

    registry.restore_person(open_register(), actor=registry.operator(), subject=subject)
    say(f"Restored {subject}.")


@app.command()
def role(
    subject: Subject,
    role: Annotated[Role, typer.Argument(help="The service role.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the role away instead of giving it.")] = False,
) -> None:
    """Give a person a service role, or withdraw it. Members of projects cannot become output checkers."""
    from governance import registry

    act = registry.withdraw_role if withdraw else registry.give_role
    act(open_register(), actor=registry.operator(), subject=subject, role=role)
    say(f"{'Withdrew' if withdraw else 'Gave'} {role.value} {'from' if withdraw else 'to'} {subject}.")


@app.command()
def organisation(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The organisation's name.")],
    until: Annotated[date | None, day_option("Last day of the agreement; none means no end.")] = None,
) -> None:
    """Set the last day of an organisation's newest agreement; one that has passed ends its people's access. For a
    renewal with dates of its own see `sde organisation agree`."""
    from governance import registry

    registry.renew_agreement(open_register(), actor=registry.operator(), name=name, until=until)
    say(f"The agreement of {name.strip()} {f'ends on {until}' if until else 'has no end date'}.")


@app.command()
def affiliate(
    subject: Subject,
    organisation: Annotated[str, typer.Argument(metavar="NAME", help="The organisation.")],
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
    until: Annotated[date | None, day_option("Last day; none means no end.")] = None,
) -> None:
    """Say that a person works for an organisation, beside any other. One must be in force, at an organisation with an
    agreement in force."""
    from governance import registry

    registry.record_affiliation(
        open_register(),
        actor=registry.operator(),
        subject=subject,
        organisation=organisation,
        starts=starts,
        until=until,
    )
    say(f"{subject} works for {organisation.strip()}, {f'until {until}' if until else 'without an end'}.")


@app.command()
def leave(
    subject: Subject, organisation: Annotated[str, typer.Argument(metavar="NAME", help="The organisation.")]
) -> None:
    """Say that a person no longer works for an organisation, from now on."""
    from governance import registry

    registry.end_affiliation(open_register(), actor=registry.operator(), subject=subject, organisation=organisation)
    say(f"{subject} no longer works for {organisation.strip()}.")


@app.command()
def address(
    subject: Subject,
    mail: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where notices are mailed to; '' for nowhere.")],
) -> None:
    """Set where a person's notices are mailed to. Without one they read them in the portal only."""
    from governance import registry

    registry.set_mail_address(open_register(), actor=registry.operator(), subject=subject, address=mail)
    say(f"Notices to {subject} are {'mailed' if mail.strip() else 'in the portal only'}.")
