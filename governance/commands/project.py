"""`sde project`: approved purposes with dates."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from governance.commands import approving, intended, published
from governance.commands.presenting import Json, day_option, open_register, say, show_one, show_rows
from governance.refusal import Refusal
from governance.roles import Mode, ProjectStatus, Purpose

app = typer.Typer(no_args_is_help=True, help="Create projects and change them; list what they mean to publish.")

Slug = Annotated[
    str, typer.Argument(metavar="SLUG", help="Short name: lowercase words joined by hyphens, at most 30 characters.")
]
PROFILE_HELP = "Disclosure profile: nhs-sde, opensafely, hes or sacro."
BUDGET_HELP = (
    "Release budget: cells each member may be told a day (UTC); 20000 unless set. Counts from the next query on."
)
TERMINALS_HELP = "Whether workspaces started from now on have a terminal. A terminal reaches no more than a notebook."

SENSITIVE_HELP = (
    "Whether its sources are sensitive: three output checkers must then approve every release, and the controller's"
    " delegate decides last."
)
app.add_typer(intended.app, name="output")
for _name, _command in (
    ("approve", approving.approve),
    ("disapprove", approving.disapprove),
    ("approvals", approving.approvals),
    ("require", approving.require),
):
    app.command(_name)(_command)
app.add_typer(published.app, name="public")


@app.command()
def create(
    slug: Slug,
    title: Annotated[str, typer.Option(help="What people call it.")],
    purpose: Annotated[Purpose, typer.Option(help="Why data is used; decides which opt-outs apply.")],
    ends: Annotated[date, day_option("Last day.")],
    starts: Annotated[date | None, day_option("First day; today if left out.")] = None,
    mode: Annotated[Mode, typer.Option(help="Protected aggregates only, or rows by explicit grant.")] = Mode.AGGREGATE,
    profile: Annotated[str, typer.Option(help=PROFILE_HELP)] = "nhs-sde",
) -> None:
    """Create a project, as a draft: it becomes active once its approvals are recorded. It has no data and no members
    until they are granted and added."""
    from governance import registry

    registry.create_project(
        open_register(),
        actor=registry.operator(),
        slug=slug,
        title=title,
        purpose=purpose,
        mode=mode,
        profile=profile,
        starts=starts,
        ends=ends,
    )
    say(
        f"Created {slug}, until {ends}, as a draft. `sde project approvals {slug}` says what is missing; record it with"
    )
    say(f"sde project approve {slug} ..., then: sde project set {slug} --status active")
    say(f"Beside that: sde grant add {slug} ... and sde member add {slug} ...")


@app.command("set")
def change(
    slug: Slug,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    summary: Annotated[str | None, typer.Option(help="Summary for the public.")] = None,
    purpose: Annotated[Purpose | None, typer.Option(help="Why data is used.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="Protected aggregates only, or rows by explicit grant.")] = None,
    profile: Annotated[str | None, typer.Option(help=PROFILE_HELP)] = None,
    budget_cells: Annotated[int | None, typer.Option(metavar="N", help=BUDGET_HELP)] = None,
    terminals: Annotated[bool | None, typer.Option("--terminals/--no-terminals", help=TERMINALS_HELP)] = None,
    sensitive: Annotated[bool | None, typer.Option("--sensitive/--not-sensitive", help=SENSITIVE_HELP)] = None,
    status: Annotated[ProjectStatus | None, typer.Option(help="Suspend, resume or close; closed is for good.")] = None,
    starts: Annotated[date | None, day_option("First day.")] = None,
    ends: Annotated[date | None, day_option("Last day.")] = None,
) -> None:
    """Change a project. Suspending, closing or ending it cuts off its open workspaces at once."""
    from governance import registry

    given = {
        "title": title,
        "lay_summary": summary,
        "purpose": purpose,
        "mode": mode,
        "profile": profile,
        "budget_cells": budget_cells,
        "terminals": terminals,
        "sensitive": sensitive,
        "status": status,
        "starts": starts,
        "ends": ends,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    registry.change_project(open_register(), actor=registry.operator(), slug=slug, **changes)
    say(f"Changed {slug}: {', '.join(changes)}.")


@app.command("list")
def list_projects(as_json: Json = False) -> None:
    """Every project, current and past."""
    from governance.registry import views

    with open_register().reading() as session:
        rows = views.list_projects(session)
    columns = ("slug", "title", "purpose", "mode", "profile", "ends", "state")
    show_rows(rows, columns, as_json=as_json, nothing="There are no projects.")


@app.command()
def show(slug: Slug, as_json: Json = False) -> None:
    """One project."""
    from governance.registry import views

    with open_register().reading() as session:
        view = views.show_project(session, slug)
    show_one(view, as_json=as_json)


@app.command()
def close(slug: Slug, reason: Annotated[str, typer.Option(help="Why; kept and certified.")]) -> None:
    """Close a project for good: members leave, workspaces end and are archived, extracts and keys are destroyed."""
    from governance.applications.closing import order_close
    from governance.registry import operator

    order_close(open_register(), actor=operator(), slug=slug, reason=reason)
    say(f"Ordered. `sde project close-out {slug}` shows how far it is.")


@app.command("close-out")
def close_out(
    slug: Slug,
    certificate: Annotated[Path | None, typer.Option(help="Write the signed certificate into this file.")] = None,
    page: Annotated[Path | None, typer.Option(help="Write it as an HTML page for people.")] = None,
    as_json: Json = False,
) -> None:
    """How far a close-out is, and its certificate."""
    from governance.applications.close_page import certificate_page
    from governance.applications.closing import show_close_out

    with open_register().reading() as session:
        view = show_close_out(session, slug)
    if (certificate or page) and not view.certificate:
        raise Refusal("not-certified", f"Not done yet: {', '.join(view.missing)}.", "Wait for the next round.")
    if certificate is not None:
        certificate.write_text(view.certificate, encoding="utf-8")
    if page is not None:
        page.write_text(certificate_page(view.certificate, json.loads(view.certificate)["certificate"]), "utf-8")
    show_one(view, as_json=as_json)


@app.command("verify-close")
def verify_close(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The certificate of a close-out.")],
    key: Annotated[str, typer.Option("--public-key", metavar="HEX", help="Of the gateway that signed it.")],
) -> None:
    """Check a certificate of a close-out on any machine, with no gateway running."""
    from governance.applications.closing import verify_certificate

    try:
        written = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        written = ""
    said = verify_certificate(written, key)
    say(f"OK: {said['project']} was closed, signed, and as it was signed.")


@app.command()
def archived(
    slug: Slug,
    where: Annotated[str, typer.Option(help="Where the archive is, read-only, and the SHA-256 of its list of files.")],
) -> None:
    """Say that a closed project's workspaces were archived by hand, where containers' volumes hold them."""
    from governance.applications.closing import Part, certify_close, record_part
    from governance.registry import operator
    from governance.registry.validation import check_name
    from governance.settings import load_settings

    store, facts = open_register(), {"by_hand": check_name(where, "place")}
    record_part(store, actor=operator(), slug=slug, part=Part.WORKSPACES, facts=facts)
    certify_close(load_settings(), store, actor=operator(), slug=slug)
    say("Recorded.")
