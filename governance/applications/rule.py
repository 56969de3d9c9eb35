"""The rule of review as data: who must be there, how many votes, how much of them decides. Promise: a rule is in force
only once somebody else than its author confirmed it (SATRE 1.2.01), and a round keeps the rule it began under.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.kinds import MemberKind, OnRefusal, Outcome
from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.roles import Role
from governance.store import Store
from governance.store.review import ReviewRuleVersion

BUILT_IN = 0
MOST_VOTES = 100


@dataclass(frozen=True)
class ReviewRule:
    """A rule.

    Attributes:
        least_votes: fewer are no quorum.
        kinds: of each of these kinds at least one must vote.
        public_percent: at least so much of those who vote are public members.
        approve_percent: so much of the votes approves; 100: unanimous.
        colleagues_vote: whether somebody of an organisation that takes part may vote.
        on_refusal: what follows where a controller refused.
    """

    least_votes: int = 4
    kinds: tuple[MemberKind, ...] = tuple(MemberKind)
    public_percent: int = 50
    approve_percent: int = 100
    colleagues_vote: bool = False
    on_refusal: OnRefusal = OnRefusal.BLOCK

    def write(self) -> str:
        """As the register keeps it."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class CountedVote:
    """One vote that counts."""

    subject: str
    kind: MemberKind
    decision: Outcome


@dataclass(frozen=True)
class Tally:
    """What the votes amount to. `missing`: what the quorum lacks, in words; `outcome` None without a quorum."""

    votes: tuple[CountedVote, ...]
    missing: tuple[str, ...]
    outcome: Outcome | None


def tally(rule: ReviewRule, votes: Sequence[CountedVote]) -> Tally:
    """Count: without a quorum nothing is decided; enough approvals approve, with conditions if any of them asks for
    some; more than half for rejecting rejects; anything else goes back."""
    counted = tuple(votes)
    missing = tuple(_missing(rule, counted))
    return Tally(counted, missing, None if missing else _outcome(rule, counted))


def _missing(rule: ReviewRule, votes: tuple[CountedVote, ...]) -> list[str]:
    kinds = [vote.kind for vote in votes]
    lacks = [f"a vote of the kind {kind.words}" for kind in rule.kinds if kind not in kinds]
    if len(votes) < max(1, rule.least_votes):
        lacks.append(f"votes: {len(votes)} of at least {max(1, rule.least_votes)}")
    if 100 * kinds.count(MemberKind.PUBLIC) < rule.public_percent * len(votes):
        lacks.append(
            f"public members: {kinds.count(MemberKind.PUBLIC)} of {len(votes)}, at least {rule.public_percent}%"
        )
    return lacks


def _outcome(rule: ReviewRule, votes: tuple[CountedVote, ...]) -> Outcome:
    said = [vote.decision for vote in votes]
    approving = sum(one.is_approval for one in said)
    if 100 * approving >= rule.approve_percent * len(said):
        conditional = Outcome.APPROVE_WITH_CONDITIONS in said
        return Outcome.APPROVE_WITH_CONDITIONS if conditional else Outcome.APPROVE
    return Outcome.REJECT if 2 * said.count(Outcome.REJECT) > len(said) else Outcome.RESUBMIT


def read_rule(document: str) -> ReviewRule:
    """Inverse of `ReviewRule.write`. Raises Refusal `bad-review-rule`: fail closed."""
    try:
        told = json.loads(document)
        told["kinds"] = tuple(MemberKind(kind) for kind in told["kinds"])
        return check_rule(ReviewRule(**{**told, "on_refusal": OnRefusal(told["on_refusal"])}))
    except (KeyError, TypeError, ValueError):
        raise _bad() from None


def check_rule(rule: ReviewRule) -> ReviewRule:
    """That a rule can be met and is none that lets one person decide. Raises Refusal `bad-review-rule`."""
    numbers = (rule.least_votes, rule.public_percent, rule.approve_percent)
    good = (
        all(type(number) is int for number in numbers)
        and type(rule.colleagues_vote) is bool
        and 2 <= rule.least_votes <= MOST_VOTES
        and 0 <= rule.public_percent <= 100
        and 50 < rule.approve_percent <= 100
        and len(set(rule.kinds)) == len(rule.kinds)
    )
    if not good:
        raise _bad()
    return rule


def propose_rule(store: Store, *, actor: str, rule: ReviewRule) -> int:
    """Put a rule forward; returns its version. Raises Refusal `bad-review-rule`, `role-missing`."""
    document = check_rule(rule).write()
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        row = ReviewRuleVersion(document=document, proposed_by=actor, proposed_at=now())
        session.add(row)
        session.flush()
        detail: Detail = {"version": row.id, "rule": document}
        append_event(session, event="review.rule_proposed", actor=actor, detail=detail)
        return row.id


def confirm_rule(store: Store, *, actor: str, version: int) -> None:
    """Put a proposed rule in force for rounds opened from now on: never by who proposed it.

    Raises Refusal `no-such-rule`, `already-exists`, `own-approval`, `role-missing`.
    """
    with store.transaction() as session:
        row = session.get(ReviewRuleVersion, version)
        check_can_change(session, actor, Role.DATA_STEWARD)
        if row is None:
            raise Refusal(
                "no-such-rule", "There is no such version of the rule.", "`sde review-group rules` names them."
            )
        if row.confirmed_at is not None:
            raise Refusal("already-exists", "This rule was confirmed already.")
        if row.proposed_by == actor:
            raise Refusal("own-approval", "Nobody confirms their own rule.", "Ask a data steward.")
        row.confirmed_by, row.confirmed_at = actor, now()
        append_event(session, event="review.rule_confirmed", actor=actor, detail={"version": version})


def current_rule(session: Session) -> tuple[int, ReviewRule]:
    """The version confirmed last, and the rule; the built-in one if none was."""
    confirmed = select(ReviewRuleVersion).where(ReviewRuleVersion.confirmed_at.is_not(None))
    row = session.scalars(
        confirmed.order_by(ReviewRuleVersion.confirmed_at.desc(), ReviewRuleVersion.id.desc())
    ).first()
    return (BUILT_IN, ReviewRule()) if row is None else (row.id, read_rule(row.document))


def _bad() -> Refusal:
    return Refusal(
        "bad-review-rule",
        "This is no rule of review.",
        "At least two votes, percentages from 0 to 100, more than half to approve.",
    )
