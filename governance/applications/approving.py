"""The approval: an application becomes a project, or changes one. The story is to be read top to bottom.

Promise: project, members, grants, papers, outputs, cohort, conditions and the order for its extract come in one
transaction or not at all; the version approved is the one voted for, agreed to and read, by its digest (SATRE 1.2.02);
whatever changed since refuses it; approving again what is approved changes nothing.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from governance.applications.amending import amend_project, without_tables
from governance.applications.answering import closed_tables
from governance.applications.answers import Answers, digest_of, read_answers
from governance.applications.drafting import gaps_of
from governance.applications.kinds import Kind, Outcome
from governance.applications.making import add_members, add_outputs, give_grants, make_project, put_cohort
from governance.applications.moving import Fact, move
from governance.applications.orders import place_order
from governance.applications.papers import record_papers
from governance.applications.parts import check_chair, current_version, load_application
from governance.applications.rounds import count, is_conflicted, newest_round
from governance.applications.states import APPROVED, Action, State, check_state
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import find_project
from governance.store import Store
from governance.store.applications import Application, ApplicationVersion, ProjectCondition
from governance.store.review import ReviewRound

TARGETS = {Outcome.APPROVE: State.APPROVED, Outcome.APPROVE_WITH_CONDITIONS: State.APPROVED_WITH_CONDITIONS}


def approve(store: Store, *, actor: str, application: str, digest: str) -> str:
    """Make or change the project as it was voted for; returns its slug. `digest` is of the version that the chair has
    read. Tables of a source that no controller agreed to are left out, where the rule of the round says so.

    Raises Refusal `no-such-application`, `own-application`, `chair-only`, `conflict-declared`, `wrong-state`,
    `version-changed`, `minutes-not-signed`, `no-quorum`, `controllers-missing`, `changed-since`.
    """
    with store.transaction() as session:
        row = load_application(session, application)
        check_chair(session, actor, row)
        if State(row.state) in APPROVED and row.approved_digest == digest and row.project_slug is not None:
            return row.project_slug
        check_state(State(row.state), Action.APPROVE)
        version, held = _check_voted(session, row, actor, digest)
        gaps = gaps_of(session, row)
        if gaps:
            raise Refusal("changed-since", f"Not as it was voted for: {gaps[0].message}", "The chair sends it back.")
        closed = closed_tables(session, row)
        answers = without_tables(read_answers(version.document), closed)
        slug = _write(session, row, answers, actor)
        _finish(session, row, held, slug, actor, digest, closed)
        return slug


def _check_voted(session: Session, row: Application, actor: str, digest: str) -> tuple[ApplicationVersion, ReviewRound]:
    """The version and the round that voted for exactly it, counted once more."""
    version, held = current_version(session, row), newest_round(session, row)
    same = held is not None and digest == version.digest == held.digest == digest_of(version.document)
    if held is None or not same or version.submitted_at is None:
        raise Refusal("version-changed", "This is not the version that was voted for.", "Read it again.")
    if is_conflicted(session, held, actor):
        raise Refusal("conflict-declared", "You declared a conflict in this round.", "Another chair approves.")
    if held.signed_at is None:
        raise Refusal("minutes-not-signed", "The minutes are not signed yet.", "The chair signs them first.")
    counted = count(session, row, held)
    if counted.outcome is None or not counted.outcome.is_approval or counted.outcome.value != held.outcome:
        lacks = "; ".join(counted.missing) or "the votes have changed"
        raise Refusal("no-quorum", f"The votes do not carry it any more: {lacks}.", "Ask the group again.")
    return version, held


def _write(session: Session, row: Application, answers: Answers, actor: str) -> str:
    """Project and all that belongs to it, and the order where there is something to build."""
    if row.kind == Kind.PROJECT:
        project = make_project(session, answers, actor=actor, application=row.id)
        add_members(session, project, answers.people, actor=actor)
        give_grants(session, project, answers.data, actor=actor)
        add_outputs(session, project, answers.outputs, actor=actor)
        put_cohort(session, project, answers.cohort, actor=actor)
        build = True
    else:
        project = find_project(session, row.project_slug or "")
        build = amend_project(session, project, answers, actor=actor, application=row.id)
    record_papers(session, project, row, answers, actor=actor)
    if build:
        place_order(session, actor=actor, project=project.slug, application=row.id)
    return project.slug


def _finish(
    session: Session,
    row: Application,
    held: ReviewRound,
    slug: str,
    actor: str,
    digest: str,
    closed: frozenset[str],
) -> None:
    row.project_slug, row.approved_digest, row.approved_by, row.approved_at = slug, digest, actor, now()
    mine = ProjectCondition.round_id == held.id
    session.execute(update(ProjectCondition).where(mine).values(project_slug=slug))
    facts: dict[str, Fact] = {"digest": digest, "round": held.number, "left_out": ",".join(sorted(closed))}
    move(session, row, Action.APPROVE, TARGETS[Outcome(held.outcome)], actor=actor, **facts)
