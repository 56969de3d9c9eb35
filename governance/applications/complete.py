"""Whether an application can be decided: every gap at once, each with its field and what to do. Promise: nothing that
the catalogue, the register or the gates would refuse later passes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from governance.applications.answers import Answers, WantedTable
from governance.applications.fields import Shape
from governance.applications.form import FIELDS
from governance.applications.kinds import Kind
from governance.applications.offered import Offer, current_offer
from governance.catalogue import CatalogueTable, TableKind
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.validation import SLUG, check_text_names_nobody
from governance.roles import ApprovalKind, Mode, ProjectRole, Role
from governance.standing import read_rules
from governance.store.people import Organisation, Person
from governance.store.projects import Project

LONGEST_YEARS = 5
#: Shown to the public or kept for good: no number as long as somebody's NHS number.
NAMES_NOBODY = ("why", "lay_summary", "public_benefit")


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `field`: of the form, with the row in brackets, e.g. `data[2].columns`."""

    field: str
    message: str
    remedy: str


def find_problems(session: Session, answers: Answers, kind: Kind) -> tuple[Problem, ...]:
    """Everything that stands in the way of submitting, in the order of the form."""
    found = [*_missing(answers), *_texts(answers), *_papers(session, answers), *_people(session, answers)]
    try:
        found += _data(current_offer(session), answers)
    except Refusal as refusal:
        found.append(Problem("data", refusal.message, refusal.remedy))
    found += [*_use(answers), *_period(answers, kind)]
    if kind is Kind.PROJECT:
        found += _slug(session, answers)
    order = list(FIELDS)
    return tuple(sorted(found, key=lambda one: order.index(one.field.partition("[")[0].partition(".")[0])))


def _missing(answers: Answers) -> Iterator[Problem]:
    for field in FIELDS.values():
        value = getattr(answers, field.name)
        if field.required and value in (None, "", ()):
            yield Problem(field.name, f"{field.label}: not answered yet.", field.help)
        for number, row in enumerate(value if field.shape is Shape.ROWS else (), start=1):
            for inner in field.fields:
                if inner.required and getattr(row, inner.name) in (None, "", ()):
                    yield Problem(
                        f"{field.name}[{number}].{inner.name}", f"{inner.label}: not answered yet.", inner.help
                    )


def _texts(answers: Answers) -> Iterator[Problem]:
    for name in NAMES_NOBODY:
        if text := getattr(answers, name):
            try:
                check_text_names_nobody(text, FIELDS[name].label)
            except Refusal as refusal:
                yield Problem(name, refusal.message, refusal.remedy)


def _papers(session: Session, answers: Answers) -> Iterator[Problem]:
    for name in ("legal_basis_until", "dpia_until", "ethics_until"):
        last: date | None = getattr(answers, name)
        if last is not None and last < today():
            yield Problem(name, f"{FIELDS[name].label}: that day has passed.", "Renew it first.")
    needed = ApprovalKind.ETHICS in read_rules(session).required_approvals(answers.purpose)
    if needed and answers.purpose and not answers.ethics_reference:
        message = "Projects of this purpose need an ethics approval."
        yield Problem("ethics_reference", message, "Give its reference and last day.")
    elif not answers.ethics_reference and not answers.ethics_not_needed:
        yield Problem("ethics_not_needed", "There is no ethics approval and no reason.", "Give one of the two.")
    if answers.ethics_reference and answers.ethics_until is None:
        yield Problem("ethics_until", "The ethics approval has no last day.", "Give the day it ends on.")


def _people(session: Session, answers: Answers) -> Iterator[Problem]:
    for name in answers.organisations:
        if session.get(Organisation, name) is None:
            yield Problem("organisations", f"Not registered: {name}.", "Ask the service desk to register it.")
    named = [person.subject for person in answers.people]
    for number, person in enumerate(answers.people, start=1):
        where = f"people[{number}].subject"
        held = session.get(Person, person.subject) if person.subject else None
        if person.subject and held is None:
            yield Problem(where, "Nobody of this subject is registered.", "Check every character of it.")
        if held is not None and Role.OUTPUT_CHECKER in {one.role for one in held.roles}:
            yield Problem(where, "An output checker cannot be a member of a project.", "Choose somebody else.")
        if person.subject and named.count(person.subject) > 1:
            yield Problem(where, "This person is named twice.", "Keep one row.")
    if answers.people and ProjectRole.PRINCIPAL_INVESTIGATOR not in {person.role for person in answers.people}:
        yield Problem("people", "There is no principal investigator.", "Give one person that role.")


def _data(offer: Offer, answers: Answers) -> Iterator[Problem]:
    for number, wish in enumerate(answers.data, start=1):
        where = f"data[{number}]"
        table = offer.catalogue.tables.get(wish.table)
        if table is None and wish.table:
            yield Problem(f"{where}.table", f"The catalogue has no table {wish.table}.", "Choose one of the catalogue.")
        if table is not None:
            yield from _columns(where, table, wish)
        if wish.starts and wish.ends and wish.ends < wish.starts:
            yield Problem(f"{where}.ends", "The last day is before the first.", "Change one of them.")
    if answers.data and not any(
        table.kind is TableKind.PRIVATE for wish in answers.data if (table := offer.catalogue.tables.get(wish.table))
    ):
        yield Problem("data", "No table about people is wanted.", "Name the tables that the question needs.")
    try:
        cohort = answers.cohort
    except Refusal as refusal:
        yield Problem("cohort_conditions", refusal.message, refusal.remedy)
        return
    for condition in cohort.conditions:
        held = offer.catalogue.tables.get(condition.table)
        if held is None or condition.column not in held.columns:
            name = f"{condition.table}.{condition.column}"
            yield Problem("cohort_conditions", f"The catalogue has no {name}.", "Choose one of the catalogue.")


def _columns(where: str, table: CatalogueTable, wish: WantedTable) -> Iterator[Problem]:
    if not wish.columns and table.kind is TableKind.PRIVATE:
        yield Problem(
            f"{where}.columns", "Columns of a table about people are named one by one.", "Name each with its reason."
        )
    seen: set[str] = set()
    for number, column in enumerate(wish.columns, start=1):
        if not column.justification:
            yield Problem(
                f"{where}.columns[{number}].justification", "This column has no reason.", "Say what it is for."
            )
        if column.name not in table.columns:
            yield Problem(
                f"{where}.columns[{number}].name", f"{table.name} has no column {column.name}.", "See the catalogue."
            )
        if column.name in seen:
            yield Problem(f"{where}.columns[{number}].name", "This column is named twice.", "Keep one.")
        seen.add(column.name)


def _use(answers: Answers) -> Iterator[Problem]:
    if answers.mode == Mode.RECORD_LEVEL and not answers.mode_reason:
        yield Problem("mode_reason", "Records are asked for without a reason.", "Say why counts do not do.")
    titles = [output.title.casefold() for output in answers.outputs]
    if len(set(titles)) < len(titles):
        yield Problem("outputs", "Two intended outputs have one title.", "Name them apart.")


def _period(answers: Answers, kind: Kind) -> Iterator[Problem]:
    starts, ends = answers.starts, answers.ends
    if starts is None or ends is None:
        return
    if ends < starts:
        yield Problem("ends", "The last day is before the first.", "Change one of them.")
    elif ends > starts + timedelta(days=366 * LONGEST_YEARS) and kind is Kind.PROJECT:
        yield Problem("ends", f"A project lasts at most {LONGEST_YEARS} years.", "Ask for a renewal later.")
    if ends < today():
        yield Problem("ends", "The last day has passed.", "Choose a later one.")


def _slug(session: Session, answers: Answers) -> Iterator[Problem]:
    slug = answers.slug
    if not slug:
        return
    if not SLUG.fullmatch(slug):
        yield Problem("slug", "The short name has another form.", FIELDS["slug"].help)
    elif session.get(Project, slug) is not None:
        yield Problem("slug", "There is a project of this short name already.", "Choose another.")
