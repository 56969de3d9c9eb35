"""Command-line front of the guard: `sde guard`."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from governance.callers import Caller
from governance.catalogue import Catalogue
from governance.registry import operator
from governance.settings import load_settings
from governance.store import open_store
from query_guard.triples_command import search_triples_command

app = typer.Typer(no_args_is_help=True, help="The query guard: ask, explain, serve.")

Project = Annotated[str, typer.Option("--project", "-p", help="slug of the project")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def batch(
    project: Project,
    subject: Annotated[str, typer.Option("--as", help="subject of the researcher whose approval is used")],
) -> None:
    """Answer questions from standard input, one JSON object {"id", "sql"} a line; one JSON line out for every line in.

    "dialect" and "parameters" may be added to a line, as in sde.sql(query, params, dialect).

    The very same way to an answer as a researcher's: same approval, policy, suppression, audit event and receipt.
    """
    from query_guard.answer import open_guard
    from query_guard.batch import answer_lines

    settings = load_settings()
    store = open_store(settings)
    caller = Caller(subject=subject, project=project, channel=operator())
    with open_guard(settings, store) as guard:
        for line in answer_lines(guard, caller, sys.stdin.buffer):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


@app.command()
def explain(
    project: Project,
    sql: Annotated[str, typer.Argument(help="the query; without it, standard input")] = "",
    subject: Annotated[str, typer.Option("--as", help="also check this person's approval")] = "",
    dialect: Annotated[str, typer.Option("--dialect", help="duckdb, tsql, postgres or sqlite")] = "duckdb",
    as_json: AsJson = False,
) -> None:
    """What the guard would do with a query: the classification of each relation, the rewritten SQL, the verdict.

    Nothing is read from the data and no receipt is written. Exit code 1 if the query would be refused.
    """
    from query_guard.asked import Asked
    from query_guard.explanation import explain_query, show

    explanation = explain_query(load_settings(), project, Asked(sql or sys.stdin.read(), dialect), subject)
    if as_json:
        typer.echo(json.dumps(explanation.as_dict()))
    else:
        show(explanation, Console(soft_wrap=True))
    if explanation.refusal is not None:
        raise typer.Exit(1)


@app.command()
def tables(project: Project, as_json: AsJson = False) -> None:
    """The tables and columns that a project may name now."""
    from query_guard.case import read_project_scope

    settings = load_settings()
    with open_store(settings).reading() as session:
        catalogue = read_project_scope(settings, session, project).data.catalogue
    if as_json:
        typer.echo(json.dumps(catalogue.as_dict()))
    else:
        Console().print(_as_table(catalogue))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Start both kinds of engine once and say which lock, sandbox and versions are in force. Exit code 1 if not."""
    from query_guard.engine.examination import examine

    findings = examine(load_settings())
    if as_json:
        typer.echo(json.dumps(findings))
        return
    for name, value in findings.items():
        typer.echo(f"{name}: {json.dumps(value)}")


@app.command()
def serve() -> None:
    """Serve the guard's HTTP interface on the state folder's private socket (started by `sde up`)."""
    from query_guard.service.server import serve as run

    run(load_settings())


def _as_table(catalogue: Catalogue) -> Table:
    shown = Table("table", "kind", "column", "type", "use")
    for table in catalogue.tables.values():
        for index, column in enumerate(table.columns.values()):
            first = (table.name, table.kind.value) if index == 0 else ("", "")
            shown.add_row(*first, column.name, column.type, column.use.value)
    return shown


app.command("search-triples")(search_triples_command)
