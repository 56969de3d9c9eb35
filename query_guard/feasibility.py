"""Answers feasibility questions by the guard's own way, for a person who has no project. Promise: the SQL is written
here from a closed form; what the guard protected is rounded and hidden once more, coarser than for any project.

Differencing is caught where it is for projects: answers on one data cut share one history, whoever asks. A question is
answered on the data of the project `feasibility`, whose purpose leaves out everybody with any opt-out.
"""

from __future__ import annotations

from typing import Any

import structlog

from governance.callers import Caller
from governance.feasibility import SLUG, TABLES, Search, Sex, Wish, check_may_ask, next_waiting, record_answer
from governance.feasibility.questions import Question
from governance.refusal import Refusal
from governance.store import Store
from query_guard.answer import Guard, answer_query
from query_guard.asked import Asked
from query_guard.case import FEASIBILITY_CHANNEL
from query_guard.outcome import QueryResult

FEWEST = 50  # of a count that is told
ROUND_TO = 50
MOST_CONCEPTS_SHOWN = 30
SEXES = {Sex.FEMALE: 8532, Sex.MALE: 8507}  # OMOP concepts
DOMAINS = {
    "condition_occurrence": "Condition",
    "drug_exposure": "Drug",
    "procedure_occurrence": "Procedure",
    "measurement": "Measurement",
    "observation": "Observation",
    "visit_occurrence": "Visit",
}
NOT_ANSWERED = "feasibility-not-answered"

log = structlog.get_logger()


def answer_waiting(guard: Guard) -> int:
    """Answer each question that waits; returns how many. A question that cannot be answered is refused, not kept."""
    answered = 0
    while (question := _next(guard.store)) is not None:
        try:
            answer_one(guard, question)
        except Exception as error:  # fail closed, and go on with the others
            log.error("feasibility.failed", error=type(error).__name__)
            record_answer(guard.store, question.id, answer=None, code=NOT_ANSWERED)
        answered += 1
    return answered


def answer_one(guard: Guard, question: Question) -> None:
    """By the person's standing as of now."""
    try:
        with guard.store.reading() as session:
            check_may_ask(session, question.subject)
        wish = question.wish
        asked = write_search(wish) if isinstance(wish, Search) else write_count(wish, _this_year(guard))
    except Refusal as refusal:
        record_answer(guard.store, question.id, answer=None, code=refusal.code)
        return
    result = answer_query(guard, Caller(question.subject, SLUG, FEASIBILITY_CHANNEL), asked)
    told = _tell(result, isinstance(question.wish, Search))
    record_answer(guard.store, question.id, answer=told, code=result.code or NOT_ANSWERED)


def write_count(wish: Wish, year: int) -> Asked:
    """The question in SQL: names from our own lists, whole numbers, nothing that was typed.

    Args:
        wish: checked by its own making.
        year: of the data, in which ages are counted where the wish ends in none.
    """
    _, concept, day = TABLES[wish.table]
    where = []
    if wish.concepts:
        where.append(f"t.{concept} IN ({', '.join(str(int(one)) for one in wish.concepts)})")
    if wish.first_year:
        where.append(f"t.{day} >= DATE '{int(wish.first_year):04d}-01-01'")
    if wish.last_year:
        where.append(f"t.{day} <= DATE '{int(wish.last_year):04d}-12-31'")
    if wish.sex is not Sex.BOTH:
        where.append(f"p.gender_concept_id = {SEXES[wish.sex]}")
    year = wish.last_year or year
    if wish.age_from:
        where.append(f"p.year_of_birth <= {year - int(wish.age_from)}")
    if wish.age_below:
        where.append(f"p.year_of_birth > {year - int(wish.age_below)}")
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    join = f"{wish.table} AS t JOIN person AS p ON p.person_id = t.person_id"
    return Asked(f"SELECT COUNT(DISTINCT t.person_id) AS people FROM {join}{condition}")


def write_search(search: Search) -> Asked:
    """The concepts whose names hold the words; these are bound, never written into the text."""
    words = "".join(letter for letter in search.words.strip().lower() if letter not in "%_\\")
    sql = (
        "SELECT concept_id, concept_name FROM concept WHERE domain_id = $domain AND standard_concept = 'S' "
        f"AND lower(concept_name) LIKE $words ORDER BY concept_name LIMIT {MOST_CONCEPTS_SHOWN}"
    )
    return Asked(sql, parameters={"domain": DOMAINS[search.table], "words": f"%{words}%"})


def coarser(people: int | None) -> int | None:
    """What is told of a protected count: by fifties; None, for `too few to say`, below fifty or if it was hidden."""
    if people is None or people < FEWEST:
        return None
    return (people + ROUND_TO // 2) // ROUND_TO * ROUND_TO


def _tell(result: QueryResult, is_search: bool) -> dict[str, Any] | None:
    if result.table is None:
        return None
    rows = result.table.to_pylist()
    if is_search:
        return {"concepts": [[int(row["concept_id"]), str(row["concept_name"])] for row in rows]}
    people = rows[0]["people"] if rows else None
    return {"people": coarser(None if people is None else int(people))}


def _next(store: Store) -> Question | None:
    with store.reading() as session:
        return next_waiting(session)


def _this_year(guard: Guard) -> int:
    """Of the data, as queries count it. Raises Refusal `no-extract` and its like."""
    from governance.extracts import load_project_data

    with guard.store.reading() as session:
        return load_project_data(guard.settings, session, SLUG).built_on.year
