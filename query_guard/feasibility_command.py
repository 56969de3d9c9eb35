"""`sde feasibility`: protected counts for a registered person without a project, the same way as the portal's page."""

from __future__ import annotations

from typing import Annotated

import typer

from governance.feasibility import Question, Search, Sex, Wish

app = typer.Typer(no_args_is_help=True, help="Protected counts for somebody who has no project yet.")

Subject = Annotated[str, typer.Option("--as", help="subject of the registered person who asks")]
TABLE_HELP = "condition_occurrence, drug_exposure, procedure_occurrence, measurement, observation or visit_occurrence"
Table = Annotated[str, typer.Option(help=TABLE_HELP)]


@app.command()
def count(
    subject: Subject,
    table: Table,
    concept: Annotated[list[int] | None, typer.Option(help="concept id; once for each; none: any")] = None,
    first_year: Annotated[int, typer.Option(help="0: no bound")] = 0,
    last_year: Annotated[int, typer.Option(help="0: no bound")] = 0,
    sex: Annotated[Sex, typer.Option(help="of whom")] = Sex.BOTH,
    age_from: Annotated[int, typer.Option(help="in tens; 0: no bound")] = 0,
    age_below: Annotated[int, typer.Option(help="in tens; 0: no bound")] = 0,
) -> None:
    """About how many people have such a record; fewer than 50 is all that is said of fewer."""
    wish = Wish(table, tuple(concept or ()), first_year, last_year, sex, age_from, age_below)
    told = _ask(subject, wish)
    typer.echo("fewer than 50" if told.people is None else f"about {told.people:,}")


@app.command()
def search(subject: Subject, table: Table, words: Annotated[str, typer.Argument(help="part of a name")]) -> None:
    """Concepts whose names hold these words."""
    for number, name in _ask(subject, Search(table, words)).concepts:
        typer.echo(f"{number}\t{name}")


def _ask(subject: str, wish: Wish | Search) -> Question:
    """Raises Refusal: of asking, or with the code of what stood in the way of answering."""
    from governance.feasibility import ask, find_question
    from governance.refusal import Refusal
    from governance.settings import load_settings
    from governance.store import open_store
    from query_guard.answer import open_guard
    from query_guard.feasibility import answer_waiting

    settings = load_settings()
    store = open_store(settings)
    try:
        number = ask(store, subject=subject, wish=wish)
        with open_guard(settings, store) as guard:
            answer_waiting(guard)
        with store.reading() as session:
            told = find_question(session, subject, number)
    finally:
        store.close()
    if told.state != "answered":
        raise Refusal(told.code or "feasibility-not-answered", "This was not answered.", "Ask for something else.")
    return told
