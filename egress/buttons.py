"""Which buttons a person is shown: the same checks that guard the actions, asked in the other tone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from egress import policies
from egress.ballots import Decision, live_outputs
from egress.states import Action
from governance.access import can
from governance.refusal import Refusal
from governance.store.airlock import EgressRequest

CHECKS: Mapping[Action, Callable[[Session, str, EgressRequest], object]] = {
    Action.DESCRIBE: policies.check_can_edit,
    Action.SUBMIT: policies.check_can_send,
    Action.CONCLUDE: policies.check_can_conclude,
    Action.DECIDE: policies.check_can_decide,
    Action.COMMENT: policies.check_can_comment,
    Action.RELEASE: policies.check_can_release,
    Action.REOPEN: policies.check_can_reopen,
    Action.RECALL: policies.check_can_recall,
    Action.WITHDRAW: policies.check_can_withdraw,
    Action.DOWNLOAD: policies.check_can_take,
}
#: Where a closed button deserves a word: the way is right but something is missing.
EXPLAINED = (Action.SUBMIT, Action.RELEASE, Action.DOWNLOAD)
SILENT = frozenset({"wrong-state", "own-request", "role-missing", "no-such-request"})


def possible_actions(session: Session, actor: str, request: EgressRequest) -> frozenset[Action]:
    """The actions whose buttons `actor` is shown now. Voting counts when there is an output file to vote on."""
    shown = {action for action, check in CHECKS.items() if can(check, session, actor, request)}
    outputs = live_outputs(request)
    if outputs and can(policies.check_can_vote, session, actor, request, {outputs[0].id: Decision.APPROVE}):
        shown.add(Action.VOTE)
    return frozenset(shown)


def find_obstacle(session: Session, actor: str, request: EgressRequest) -> Refusal | None:
    """Why the next step, which would be this person's, cannot be done yet; None if nothing is in its way."""
    for action in EXPLAINED:
        try:
            CHECKS[action](session, actor, request)
        except Refusal as refusal:
            if refusal.code not in SILENT:
                return refusal
    return None
