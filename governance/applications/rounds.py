"""Rounds of the review group: declarations of interests, votes, the conclusion. Promise: nobody votes who has not
declared to be free of conflicts, or who is named in the application; a vote is for one digest; a round without its
quorum concludes nothing.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.applications.answers import read_answers
from governance.applications.group import member_kind
from governance.applications.kinds import MemberKind, Outcome
from governance.applications.moving import Fact, move, note, say
from governance.applications.parts import (
    check_chair,
    check_member,
    current_version,
    homes_of,
    involved,
    load_application,
)
from governance.applications.rule import CountedVote, ReviewRule, Tally, current_rule, read_rule, tally
from governance.applications.states import Action, State, check_state
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.validation import check_text_names_nobody, check_word
from governance.store import Store
from governance.store.applications import Application, ApplicationVersion, ProjectCondition
from governance.store.review import ReviewDeclaration, ReviewRound, ReviewVote

ASKED = "asked"  # outcome of a round that ended with a question to the applicant
TARGETS = {
    Outcome.APPROVE: State.WITH_CONTROLLERS,
    Outcome.APPROVE_WITH_CONDITIONS: State.WITH_CONTROLLERS,
    Outcome.RESUBMIT: State.RESUBMIT,
    Outcome.REJECT: State.REJECTED,
}


def open_round(
    session: Session, application: Application, version: ApplicationVersion, *, meets_on: date, actor: str
) -> int:
    """Begin the next round in the caller's transaction; returns its number."""
    rule_version, rule = current_rule(session)
    mine = ReviewRound.application_id == application.id
    number = (session.scalar(select(func.max(ReviewRound.number)).where(mine)) or 0) + 1
    session.add(
        ReviewRound(
            application_id=application.id,
            number=number,
            version=version.number,
            digest=version.digest,
            rule_version=rule_version,
            rule=rule.write(),
            meets_on=meets_on,
            opened_by=actor,
            opened_at=now(),
        )
    )
    session.flush()
    return number


def newest_round(session: Session, application: Application) -> ReviewRound | None:
    """The round opened last."""
    mine = select(ReviewRound).where(ReviewRound.application_id == application.id)
    return session.scalars(mine.order_by(ReviewRound.number.desc()).limit(1)).first()


def end_round(session: Session, application: Application, *, actor: str) -> None:
    """End the open round with a question instead of an outcome."""
    held = open_one(session, application)
    held.outcome, held.concluded_by, held.concluded_at = ASKED, actor, now()


def open_one(session: Session, application: Application) -> ReviewRound:
    """The open round. Raises Refusal `no-open-round`."""
    held = newest_round(session, application)
    if held is None or held.concluded_at is not None:
        raise Refusal("no-open-round", "No round of this application is open.", "Open it again to see where it is.")
    return held


def declare_interest(store: Store, *, actor: str, application: str, conflicted: bool, reason: str = "") -> None:
    """Say whether one has a conflict in the open round. A conflict ends one's vote, needs a reason, and is not taken
    back in this round.

    Raises Refusal `no-such-application`, `wrong-state`, `own-application`, `bad-name`, `conflict-declared`.
    """
    said = check_text_names_nobody(reason, "reason") if conflicted or reason.strip() else ""
    with store.transaction() as session:
        row = load_application(session, application)
        check_member(session, actor, row)
        check_state(State(row.state), Action.CONCLUDE)
        held = open_one(session, row)
        if is_conflicted(session, held, actor):
            raise Refusal(
                "conflict-declared", "You declared a conflict in this round.", "Leave the vote to the others."
            )
        moment = now()
        session.add(
            ReviewDeclaration(round_id=held.id, subject=actor, conflicted=conflicted, reason=said, declared_at=moment)
        )
        for vote in _live_votes(session, held) if conflicted else ():
            if vote.subject == actor:
                vote.replaced_at = moment
        note(session, row, "application.declared", actor=actor, round=held.number, conflicted=conflicted)


def vote(store: Store, *, actor: str, application: str, decision: str, reason: str, digest: str) -> None:
    """Vote, or vote anew, for the version that one has read, named by its digest.

    Raises Refusal `no-such-application`, `wrong-state`, `own-application`, `unknown-decision`, `bad-name`,
    `not-declared`, `conflict-declared`, `colleague-cannot-vote`, `version-changed`.
    """
    word, said = check_word(Outcome, decision, "decision"), check_text_names_nobody(reason, "reason")
    with store.transaction() as session:
        row = load_application(session, application)
        kind = check_member(session, actor, row)
        check_state(State(row.state), Action.CONCLUDE)
        held = open_one(session, row)
        check_may_vote(session, row, held, actor)
        if digest != held.digest or digest != current_version(session, row).digest:
            raise Refusal("version-changed", "This is not the version before the group.", "Read it again, then vote.")
        moment = now()
        for before in _live_votes(session, held):
            if before.subject == actor:
                before.replaced_at = moment
        session.add(
            ReviewVote(
                round_id=held.id,
                subject=actor,
                kind=kind.value,
                decision=word.value,
                reason=said,
                digest=digest,
                voted_at=moment,
            )
        )
        facts = {"round": held.number, "decision": word.value, "kind": kind.value, "digest": digest}
        note(session, row, "application.voted", actor=actor, **facts)


def check_may_vote(session: Session, application: Application, held: ReviewRound, subject: str) -> None:
    """That somebody has declared to be free of conflicts, and is no colleague where the rule leaves these out. Raises
    Refusal `not-declared`, `conflict-declared`, `colleague-cannot-vote`."""
    said = _declarations(session, held).get(subject)
    if said is None:
        raise Refusal("not-declared", "You have not declared your interests in this round.", "Declare them first.")
    if said:
        raise Refusal("conflict-declared", "You declared a conflict in this round.", "Leave the vote to the others.")
    if not read_rule(held.rule).colleagues_vote and is_colleague(session, application, subject):
        raise Refusal(
            "colleague-cannot-vote", "Your organisation takes part in this application.", "Leave the vote to others."
        )


def is_colleague(session: Session, application: Application, subject: str) -> bool:
    """Whether somebody is of an organisation that takes part, or of the applicant's or a named person's."""
    answers = read_answers(current_version(session, application).document)
    theirs = set(answers.organisations)
    for one in answers.subjects | {application.applicant}:
        theirs |= homes_of(session, one)
    return bool(homes_of(session, subject) & theirs)


def is_conflicted(session: Session, held: ReviewRound, subject: str) -> bool:
    """Whether somebody declared a conflict in the round."""
    return bool(_declarations(session, held).get(subject))


def count(session: Session, application: Application, held: ReviewRound) -> Tally:
    """The votes that count now: of members still sitting as that kind, who declared no conflict, are not named in the
    application, for the digest before the group."""
    rule, apart = read_rule(held.rule), involved(session, application)
    votes = [
        CountedVote(one.subject, MemberKind(one.kind), Outcome(one.decision))
        for one in _live_votes(session, held)
        if one.digest == held.digest and one.subject not in apart and _counts(session, application, held, rule, one)
    ]
    return tally(rule, votes)


def _counts(session: Session, application: Application, held: ReviewRound, rule: ReviewRule, one: ReviewVote) -> bool:
    sits = held.concluded_at is not None or member_kind(session, one.subject) == one.kind
    free = _declarations(session, held).get(one.subject) is False
    return sits and free and (rule.colleagues_vote or not is_colleague(session, application, one.subject))


def conclude_round(store: Store, *, actor: str, application: str, digest: str, words: str = "") -> Outcome:
    """Decide as the votes have it: the chair, who has no say beyond a vote. `words` are for the applicant, needed where
    it goes back or is rejected.

    Raises Refusal `no-such-application`, `wrong-state`, `chair-only`, `own-application`, `conflict-declared`,
    `version-changed`, `no-quorum`, `no-conditions`, `bad-name`.
    """
    with store.transaction() as session:
        row = load_application(session, application)
        check_chair(session, actor, row)
        check_state(State(row.state), Action.CONCLUDE)
        held = open_one(session, row)
        if is_conflicted(session, held, actor):
            raise Refusal("conflict-declared", "You declared a conflict in this round.", "Another chair concludes it.")
        if digest != held.digest or digest != current_version(session, row).digest:
            raise Refusal("version-changed", "This is not the version before the group.", "Read it again.")
        counted = count(session, row, held)
        if counted.outcome is None:
            raise Refusal("no-quorum", f"There is no quorum. Missing: {'; '.join(counted.missing)}.", "Wait for votes.")
        _check_conditions(session, held, counted.outcome)
        if not counted.outcome.is_approval:
            say(session, row, actor=actor, text=words)
        held.outcome, held.concluded_by, held.concluded_at = counted.outcome.value, actor, now()
        facts: dict[str, Fact] = {
            "round": held.number,
            "outcome": held.outcome,
            "votes": len(counted.votes),
            "digest": held.digest,
        }
        move(session, row, Action.CONCLUDE, TARGETS[counted.outcome], actor=actor, **facts)
        return counted.outcome


def _check_conditions(session: Session, held: ReviewRound, outcome: Outcome) -> None:
    written = session.scalar(select(func.count()).where(ProjectCondition.round_id == held.id)) or 0
    if outcome is Outcome.APPROVE_WITH_CONDITIONS and not written:
        raise Refusal("no-conditions", "The group asks for conditions, and none is written.", "Write them first.")
    if outcome is Outcome.APPROVE and written:
        raise Refusal("conditions-unvoted", "Nobody voted for the conditions.", "Take them back, or vote anew.")


def _live_votes(session: Session, held: ReviewRound) -> list[ReviewVote]:
    live = (ReviewVote.round_id == held.id, ReviewVote.replaced_at.is_(None))
    return list(session.scalars(select(ReviewVote).where(*live).order_by(ReviewVote.id)))


def _declarations(session: Session, held: ReviewRound) -> dict[str, bool]:
    """Subject -> conflicted; a conflict once declared stays one."""
    rows = session.scalars(
        select(ReviewDeclaration).where(ReviewDeclaration.round_id == held.id).order_by(ReviewDeclaration.id)
    )
    said: dict[str, bool] = {}
    for row in rows:
        said[row.subject] = said.get(row.subject, False) or row.conflicted
    return said
