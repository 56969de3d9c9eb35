"""Feasibility: before applying, somebody registered asks how many people there are, in protected words. The portal
writes the question into the register; the query guard answers it there.
"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Query
from fastapi.responses import HTMLResponse, Response

from governance.feasibility import (
    TABLES,
    Question,
    Search,
    Sex,
    Wish,
    ask,
    check_may_ask,
    find_question,
    list_questions,
    questions_left,
)
from governance.refusal import Refusal
from hub.portal.forms import CountForm, SearchForm, ValuesNow, read_form
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, redirect

PAGE = "/feasibility"
PATIENCE = 8.0  # seconds that a form waits for its answer; after that the page says that it waits
LOOK_SECONDS = 0.2
AGES = tuple(range(0, 100, 10))
LARGEST = 2**31 - 1

Number = Annotated[int, Query(ge=0, le=LARGEST)]


def feasibility(portal: PortalNow, visit: VisitNow, search: Number = 0) -> HTMLResponse:
    """The forms for a protected count before applying, and what was asked before."""
    return _page(portal, visit, search=search)


def search_concepts(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Look for concepts by words of their names."""
    try:
        form = read_form(SearchForm, values)
        number = ask(portal.store, subject=visit.subject, wish=Search(form.table, form.words))
    except Refusal as refusal:
        return _page(portal, visit, Kept("search", refusal, values))
    _wait(portal, visit, number)
    answer = redirect(PAGE)
    answer.headers["Location"] += f"?search={number}#count"
    return answer


def count_people(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Ask how many people there are, in protected words."""
    try:
        ticked = [name.removeprefix("concept-") for name in values if name.startswith("concept-")]
        plain = {name: value for name, value in values.items() if not name.startswith("concept-")}
        form = read_form(CountForm, plain)
        wish = Wish(
            form.table,
            _concepts(f"{form.concepts},{','.join(ticked)}"),
            form.first_year or 0,
            form.last_year or 0,
            _sex(form.sex),
            form.age_from,
            form.age_below,
        )
        number = ask(portal.store, subject=visit.subject, wish=wish)
    except Refusal as refusal:
        return _page(portal, visit, Kept("count", refusal, values))
    _wait(portal, visit, number)
    return redirect(PAGE)


def _concepts(text: str) -> tuple[int, ...]:
    parts = [part for part in text.replace(",", " ").split() if part]
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise Refusal("bad-wish", "A concept is a whole number.", "Look for it by its name.", "concepts")
    return tuple(sorted({int(part) for part in parts}))


def _sex(word: str) -> Sex:
    try:
        return Sex(word)
    except ValueError:
        raise Refusal("bad-wish", "Sex is one of the list.", "Choose from the list.", "sex") from None


def _wait(portal: Portal, visit: Visit, number: int) -> None:
    """Until the guard has answered, or for as long as people wait for a page. Runs in a thread."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with portal.store.reading() as session:
            if find_question(session, visit.subject, number).state != "waiting":
                return
        time.sleep(LOOK_SECONDS)


def _page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT, *, search: int = 0) -> HTMLResponse:
    closed: Refusal | None = None
    found: Question | None = None
    with portal.store.reading() as session:
        try:
            check_may_ask(session, visit.subject)
            if search:
                found = find_question(session, visit.subject, search)
        except Refusal as refusal:
            closed = refusal
        asked, left = list_questions(session, visit.subject), questions_left(session, visit.subject)
    return portal.render(
        visit,
        "feasibility.html",
        title="How many people are there?",
        section="applications",
        kept=kept,
        closed=closed,
        found=found,
        asked=asked,
        left=left,
        tables=TABLES,
        ages=AGES,
    )
