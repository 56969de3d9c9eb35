"""`sde project approve` and its like: what a project stands on, and which of it is required."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from governance.commands.presenting import Json, day_option, open_register, say, show_rows
from governance.roles import ApprovalKind, Purpose

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The project.")]
Kind = Annotated[ApprovalKind, typer.Option(help="What kind of approval.")]
Reference = Annotated[str, typer.Option(help="Its number or title, by which it is known.")]


def approve(
    slug: Slug,
    kind: Kind,
    reference: Reference,
    party: Annotated[str, typer.Option(help="The sponsor, or the controller an agreement is with.")] = "",
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
    until: Annotated[date | None, day_option("Last day; none means no end.")] = None,
    note: Annotated[str, typer.Option(help="What a stranger would ask.")] = "",
) -> None:
    """Record an approval of a project, or its renewal. When any of them ends, all work in the project does.

    A project is a draft until all that its purpose needs is on record: then `sde project set SLUG --status active`.
    """
    from governance import registry

    approval = registry.Approval(kind, reference, party, starts, until, note)
    registry.record_approval(open_register(), actor=registry.operator(), slug=slug, approval=approval)
    say(f"Recorded {kind.value.replace('_', ' ')} {reference} of {slug}, {f'until {until}' if until else 'no end'}.")


def disapprove(slug: Slug, kind: Kind, reference: Reference, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Take an approval back, from now on."""
    from governance import registry

    registry.withdraw_approval(
        open_register(), actor=registry.operator(), slug=slug, kind=kind, reference=reference, reason=reason
    )
    say(f"Withdrew {kind.value.replace('_', ' ')} {reference} of {slug}.")


def approvals(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="One project; all of them if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Approvals of projects, and whether each is in force; what is required and missing is listed too."""
    from governance.registry import standing_views

    with open_register().reading() as session:
        rows = standing_views.list_approvals(session, slug)
    columns = ("project", "kind", "party", "reference", "starts", "until", "state", "note")
    show_rows(rows, columns, as_json=as_json, nothing="There are no approvals.")


def require(
    kind: Annotated[ApprovalKind, typer.Argument(help="What kind of approval.")],
    purpose: Annotated[
        list[Purpose] | None, typer.Option(help="Projects of this purpose need it; repeat for more; none: nobody.")
    ] = None,
) -> None:
    """Say which projects need an approval of this kind. It counts at every gate at once."""
    from governance import registry

    registry.require_approval(open_register(), actor=registry.operator(), kind=kind, purposes=purpose or ())
    say(f"{kind.value} is needed by: {', '.join(purpose or ()) or 'no project'}.")
