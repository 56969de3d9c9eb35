"""The applicant's own acts: start, save, submit, withdraw. Promise: a draft may be saved at any time with anything
missing; a version that was submitted is never written again; nothing incomplete is submitted.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from governance.access import check_member_in_force
from governance.applications.answers import Answers, read_answers
from governance.applications.baseline import project_answers, project_digest
from governance.applications.complete import Problem, find_problems
from governance.applications.difference import check_renewal
from governance.applications.form import FIELDS
from governance.applications.kinds import Kind
from governance.applications.moving import move, note, open_application
from governance.applications.parts import (
    check_applicant,
    check_registered,
    current_version,
    is_service,
    load_application,
    no_such_application,
)
from governance.applications.states import EDITABLE, Action, State, check_state, wrong_state
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.validation import check_word
from governance.store import Store
from governance.store.applications import Application, ApplicationVersion

ID_BYTES = 8
#: Saves of one person within so long share a version.
ONE_SITTING = timedelta(minutes=10)


@dataclass(frozen=True)
class Saved:
    """What a save left: the version, its digest, and what still stands in the way of submitting."""

    version: int
    digest: str
    problems: tuple[Problem, ...]


def start_application(
    store: Store, *, actor: str, applicant: str, kind: str = Kind.PROJECT.value, project: str = ""
) -> str:
    """Begin an empty application, or one to change or renew a project as it stands now; returns its id.

    Raises Refusal `unknown-kind`, `not-registered`, `person-suspended`, `not-your-own`, `no-such-project`, and those
    of check_member_in_force for a project that is not the applicant's.
    """
    word = check_word(Kind, kind, "kind")
    with store.transaction() as session:
        if actor != applicant and not is_service(actor):
            raise Refusal("not-your-own", "Everybody applies for themselves.", "Leave it to the applicant.")
        check_registered(session, applicant)
        answers, base = Answers(), ""
        if word is not Kind.PROJECT:
            check_member_in_force(session, applicant, project)
            answers, base = project_answers(session, project), project_digest(session, project)
        moment = now()
        row = Application(id=secrets.token_hex(ID_BYTES), kind=word.value, applicant=applicant, version=1)
        row.project_slug = project if word is not Kind.PROJECT else None
        row.created_at = row.changed_at = row.moved_at = moment
        open_application(session, row, actor=actor, applicant=applicant)
        _add_version(session, row, 1, answers, base, actor)
        return row.id


def save_answers(store: Store, *, actor: str, application: str, values: Mapping[str, Any]) -> Saved:
    """Answer some fields anew (None or empty: take the answer away) and keep all others.

    Raises Refusal `no-such-application`, `wrong-state`, `unknown-field`, `bad-answer` (its `where` names the field).
    """
    with store.transaction() as session:
        row = load_application(session, application)
        check_applicant(session, actor, row)
        if State(row.state) not in EDITABLE:
            raise wrong_state(State(row.state), Action.SAVE)
        held = current_version(session, row)
        answers = read_answers(held.document).with_values(values)
        if answers.digest != held.digest:
            held = _write_version(session, row, held, answers, actor)
            fields = ",".join(sorted(values))
            note(session, row, "application.saved", actor=actor, version=held.number, digest=held.digest, fields=fields)
        return Saved(held.number, held.digest, _problems(session, row, held, answers))


def find_gaps(session: Session, *, actor: str, application: str) -> tuple[Problem, ...]:
    """What stands in the way of submitting. Raises Refusal `no-such-application`."""
    row = session.get(Application, application)
    if row is None:
        raise no_such_application()
    check_applicant(session, actor, row)
    return gaps_of(session, row)


def gaps_of(session: Session, row: Application) -> tuple[Problem, ...]:
    """The same for an approval, which has checked who asks."""
    held = current_version(session, row)
    return _problems(session, row, held, read_answers(held.document))


def submit_application(store: Store, *, actor: str, application: str) -> Saved:
    """Hand the newest version in, if nothing is missing; from now on it is never changed.

    Raises Refusal `no-such-application`, `wrong-state`, `incomplete` (`find_gaps` says what).
    """
    with store.transaction() as session:
        row = load_application(session, application)
        check_applicant(session, actor, row)
        check_state(State(row.state), Action.SUBMIT)
        held = current_version(session, row)
        if held.submitted_at is not None:  # answered without a change: the same answers as a version of their own
            held = _add_version(session, row, held.number + 1, read_answers(held.document), held.base, actor)
        problems = _problems(session, row, held, read_answers(held.document))
        if problems:
            raise Refusal(
                "incomplete", f"The application is not complete: {len(problems)} to mend.", problems[0].message
            )
        held.submitted_at = now()
        move(session, row, Action.SUBMIT, State.SUBMITTED, actor=actor, version=held.number, digest=held.digest)
        return Saved(held.number, held.digest, ())


def withdraw_application(store: Store, *, actor: str, application: str) -> None:
    """End it; it stays on record. Raises Refusal `no-such-application`, `wrong-state`."""
    with store.transaction() as session:
        row = load_application(session, application)
        check_applicant(session, actor, row)
        move(session, row, Action.WITHDRAW, State.WITHDRAWN, actor=actor)


def _problems(session: Session, row: Application, held: ApplicationVersion, answers: Answers) -> tuple[Problem, ...]:
    found = find_problems(session, answers, Kind(row.kind))
    if row.kind == Kind.PROJECT or row.project_slug is None:
        return found
    before = project_answers(session, row.project_slug)
    if held.base != project_digest(session, row.project_slug):
        stale = "The project was changed since this was begun."
        found += (Problem("title", stale, "Withdraw this and begin anew from the project as it is."),)
    if row.kind == Kind.RENEWAL:  # what a renewal cannot change was approved as it is
        found = tuple(one for one in found if FIELDS[one.field.partition("[")[0]].renewable)
    return found + check_renewal(before, answers, Kind(row.kind))


def _write_version(
    session: Session, row: Application, held: ApplicationVersion, answers: Answers, actor: str
) -> ApplicationVersion:
    """In the version of this sitting, else in a new one."""
    same_sitting = held.saved_by == actor and now() - held.opened_at <= ONE_SITTING
    begun_with = held.number == 1 and held.base  # the project as it was: what the amendment is held against
    if held.submitted_at is not None or begun_with or not same_sitting:
        return _add_version(session, row, held.number + 1, answers, held.base, actor)
    held.document, held.digest, held.saved_at = answers.write(), answers.digest, now()
    row.changed_at = held.saved_at
    return held


def _add_version(
    session: Session, row: Application, number: int, answers: Answers, base: str, actor: str
) -> ApplicationVersion:
    moment = now()
    version = ApplicationVersion(
        application_id=row.id,
        number=number,
        document=answers.write(),
        digest=answers.digest,
        base=base,
        saved_by=actor,
        opened_at=moment,
        saved_at=moment,
    )
    session.add(version)
    row.version, row.changed_at = number, moment
    session.flush()
    return version
