"""How the register's commands open the register, read days and show rows: a table for people, JSON for machines."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from governance.store import Store

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
WIDTH_OF_FILES = 160  # columns, when the output is not a terminal

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of a table.")]


def open_register() -> Store:
    """The register of the settings in force. Raises Refusal `no-register` and what settings raise."""
    from governance.settings import load_settings
    from governance.store import open_store

    return open_store(load_settings())


def parse_day(text: str) -> date:
    """A calendar day, YYYY-MM-DD and nothing else. Raises typer.BadParameter (wrong usage)."""
    try:
        if not DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a date is written YYYY-MM-DD") from None


def day_option(help_text: str) -> Any:
    """An option that takes a calendar day."""
    return typer.Option(parser=parse_day, metavar="YYYY-MM-DD", help=help_text)


def say(text: str) -> None:
    """One line for a person, on stdout."""
    typer.echo(text)


def show_rows(rows: Sequence[DataclassInstance], columns: Sequence[str], *, as_json: bool, nothing: str) -> None:
    """A table of the named fields, or all fields as a JSON array; `nothing` is said of no rows."""
    if as_json:
        say(json.dumps([asdict(row) for row in rows], default=_plain, ensure_ascii=False, indent=2))
    elif not rows:
        say(nothing)
    else:
        _print_table(rows, columns)


def show_one(row: DataclassInstance, *, as_json: bool) -> None:
    """All fields of one thing, one a line, or a JSON object."""
    fields = asdict(row)
    if as_json:
        say(json.dumps(fields, default=_plain, ensure_ascii=False, indent=2))
        return
    width = max(map(len, fields))
    for name, value in fields.items():
        say(f"{name.replace('_', ' '):<{width}}  {_text(value)}")


def _print_table(rows: Sequence[DataclassInstance], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(getattr(row, column))) for column in columns))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_FILES).print(table)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)
