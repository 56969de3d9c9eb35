"""`sde grant`: which tables, columns, days, codes and people a project's extracts are cut to."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from governance.cohort import Cohort, Sex, parse_condition, write_cohort
from governance.commands.presenting import Json, open_register, parse_day, say, show_rows
from governance.roles import ALL_TABLES

app = typer.Typer(no_args_is_help=True, help="Say what a project may name, and of whom.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The project.")]
AllTables = Annotated[bool, typer.Option("--all-tables", help="Every table of the project's extract.")]


def _day(name: str, help_text: str) -> Any:
    return typer.Option(name, parser=parse_day, metavar="YYYY-MM-DD", help=help_text)


Table = Annotated[str | None, typer.Option(help="One table.")]


@app.command()
def add(
    slug: Slug,
    all_tables: AllTables = False,
    table: Table = None,
    columns: Annotated[str, typer.Option(help="Only these columns of it, comma-separated.")] = "",
    starts: Annotated[date | None, _day("--from", "Only rows from this day on.")] = None,
    ends: Annotated[date | None, _day("--to", "Only rows up to this day.")] = None,
    codes: Annotated[str, typer.Option(help="Only rows with one of these concept ids, comma-separated.")] = "",
) -> None:
    """Grant every table, one table, or some columns, days or codes of one table. Grants add up, row by row. Days and
    codes are what the next extract is cut to."""
    from governance import registry

    which = _which(all_tables, table)
    names = _split(columns)
    registry.grant_table(
        open_register(),
        actor=registry.operator(),
        slug=slug,
        table=which,
        columns=names,
        starts=starts,
        ends=ends,
        codes=_codes(codes),
    )
    say(f"{slug} may now name {', '.join(names) + ' of ' if names else ''}{_text(which)}.")


@app.command()
def revoke(slug: Slug, all_tables: AllTables = False, table: Table = None) -> None:
    """Withdraw every grant of a table (or the one of all tables), from the next query on."""
    from governance import registry

    which = _which(all_tables, table)
    registry.revoke_grant(open_register(), actor=registry.operator(), slug=slug, table=which)
    say(f"Revoked {slug}'s grant of {_text(which)}.")


@app.command("list")
def list_grants(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="One project; all of them if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Grants in force. No columns named means every column."""
    from governance.registry import views

    with open_register().reading() as session:
        rows = views.list_grants(session, slug)
    show_rows(
        rows,
        ("project", "table", "columns", "starts", "ends", "codes", "granted_at"),
        as_json=as_json,
        nothing="Nothing is granted.",
    )


@app.command()
def cohort(
    slug: Slug,
    condition: Annotated[
        list[str] | None, typer.Option(help="Only people with such a row: table.column=id,id (repeat for AND).")
    ] = None,
    born_after: Annotated[int | None, typer.Option(help="Only people born after this year.")] = None,
    born_before: Annotated[int | None, typer.Option(help="Only people born before this year.")] = None,
    sex: Annotated[Sex | None, typer.Option(help="Only people of this sex.")] = None,
    registered: Annotated[bool, typer.Option("--registered", help="Only people on a general practice's list.")] = False,
    everybody: Annotated[bool, typer.Option("--everybody", help="Take the cohort back: everybody again.")] = False,
) -> None:
    """Say which people the project's next extract holds, or show it if nothing else is said."""
    from governance import registry

    wanted = Cohort(tuple(map(parse_condition, condition or ())), born_after, born_before, sex, registered)
    if everybody and wanted != Cohort():
        raise typer.BadParameter("say either --everybody or who")
    if everybody:
        registry.clear_cohort(open_register(), actor=registry.operator(), slug=slug)
    elif wanted != Cohort():
        registry.set_cohort(open_register(), actor=registry.operator(), slug=slug, cohort=wanted)
    with open_register().reading() as session:
        held = registry.project_cohort(session, slug)
    say(f"{slug}: {'everybody' if held == Cohort() else write_cohort(held)}.")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _codes(text: str) -> list[int]:
    if not all(part.isascii() and part.isdigit() for part in _split(text)):
        raise typer.BadParameter("codes are concept ids: whole numbers, comma-separated")
    return [int(part) for part in _split(text)]


def _which(all_tables: bool, table: str | None) -> str:
    if all_tables == (table is not None):
        raise typer.BadParameter("say either --all-tables or --table T")
    return ALL_TABLES if table is None else table


def _text(which: str) -> str:
    return "every table" if which == ALL_TABLES else which
