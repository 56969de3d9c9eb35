"""`sde grant`: which tables and columns of its extract a project may name."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.commands.presenting import Json, open_register, say, show_rows
from governance.roles import ALL_TABLES

app = typer.Typer(no_args_is_help=True, help="Say which tables and columns a project may name.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The project.")]
AllTables = Annotated[bool, typer.Option("--all-tables", help="Every table of the project's extract.")]
Table = Annotated[str | None, typer.Option(help="One table.")]


@app.command()
def add(
    slug: Slug,
    all_tables: AllTables = False,
    table: Table = None,
    columns: Annotated[str, typer.Option(help="Only these columns of it, comma-separated.")] = "",
) -> None:
    """Grant every table, one table, or some columns of one table. Grants add up."""
    from governance import registry

    which = _which(all_tables, table)
    names = [name.strip() for name in columns.split(",") if name.strip()]
    registry.grant_table(open_register(), actor=registry.operator(), slug=slug, table=which, columns=names)
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
    show_rows(rows, ("project", "table", "columns", "granted_at"), as_json=as_json, nothing="Nothing is granted.")


def _which(all_tables: bool, table: str | None) -> str:
    if all_tables == (table is not None):
        raise typer.BadParameter("say either --all-tables or --table T")
    return ALL_TABLES if table is None else table


def _text(which: str) -> str:
    return "every table" if which == ALL_TABLES else which
