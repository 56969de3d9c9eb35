"""The review group: the rule, declarations, votes, conclusions, minutes; who may not have a say."""

from __future__ import annotations

import pytest

from governance.applications import drafting, group, minutes, rounds, rule, triage
from governance.applications.kinds import MemberKind, Outcome
from governance.applications.rule import CountedVote, ReviewRule, tally
from governance.clock import today
from governance.refusal import Refusal
from governance.store import Store
from tests.support.application_world import (
    APPLICANT,
    MEMBERS,
    OPERATOR,
    PUBLIC,
    STEWARD,
    drafted,
    in_review,
    seen,
    sign,
    vote_all,
)

P, C, E, H = MemberKind.PUBLIC, MemberKind.CONTROLLER, MemberKind.EXPERT, MemberKind.CHAIR
YES, IF, BACK, NO = Outcome.APPROVE, Outcome.APPROVE_WITH_CONDITIONS, Outcome.RESUBMIT, Outcome.REJECT


def _votes(*said: tuple[MemberKind, Outcome]) -> list[CountedVote]:
    return [CountedVote(f"member-{number}", kind, decision) for number, (kind, decision) in enumerate(said)]


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ([], None),
        ([(P, YES), (P, YES), (P, YES), (C, YES), (E, YES), (H, YES)], YES),
        ([(P, YES), (P, YES), (C, YES), (E, YES), (H, YES)], None),  # the public are fewer than half
        ([(P, YES), (P, YES), (P, YES), (C, YES), (H, YES)], None),  # no expert
        ([(P, IF), (P, YES), (P, YES), (C, YES), (E, YES), (H, YES)], IF),
        ([(P, NO), (P, YES), (P, YES), (C, YES), (E, YES), (H, YES)], BACK),  # not unanimous
        ([(P, NO), (P, NO), (P, NO), (C, NO), (E, YES), (H, YES)], NO),
        ([(P, NO), (P, NO), (P, NO), (C, BACK), (E, YES), (H, YES)], BACK),
    ],
)
def test_the_built_in_rule(votes: list[tuple[MemberKind, Outcome]], outcome: Outcome | None) -> None:
    counted = tally(ReviewRule(), _votes(*votes))
    assert counted.outcome is outcome
    assert bool(counted.missing) == (outcome is None)


def test_a_majority_rule() -> None:
    votes = _votes((P, YES), (P, YES), (P, NO), (C, IF), (E, NO), (H, YES))
    assert tally(ReviewRule(approve_percent=60), votes).outcome is IF
    assert tally(ReviewRule(approve_percent=67), votes).outcome is BACK


@pytest.mark.parametrize("change", [{"least_votes": 1}, {"approve_percent": 50}, {"public_percent": 101}])
def test_rules_that_are_none(change: dict[str, int]) -> None:
    with pytest.raises(Refusal, match="bad-review-rule"):
        rule.check_rule(ReviewRule(**change))


def test_a_rule_counts_once_somebody_else_confirmed_it(world: Store) -> None:
    wanted = ReviewRule(least_votes=2, kinds=(H,), public_percent=0)
    version = rule.propose_rule(world, actor="admin", rule=wanted)
    with world.reading() as session:
        assert rule.current_rule(session) == (0, ReviewRule())
    with pytest.raises(Refusal, match="role-missing"):
        rule.confirm_rule(world, actor="admin", version=version)
    rule.confirm_rule(world, actor=STEWARD, version=version)
    with world.reading() as session:
        assert rule.current_rule(session) == (version, wanted)
    own = rule.propose_rule(world, actor=OPERATOR, rule=ReviewRule())
    with pytest.raises(Refusal, match="own-approval"):
        rule.confirm_rule(world, actor=OPERATOR, version=own)


def test_who_has_no_say(world: Store) -> None:
    application = drafted(world)
    digest = in_review(world, application)
    for who, code in (
        (APPLICANT, "no-such-application"),
        ("stranger", "no-such-application"),
        ("admin", "no-such-application"),
        (OPERATOR, "no-such-application"),
        ("public-1", "not-declared"),
    ):
        with pytest.raises(Refusal, match=code):
            rounds.vote(world, actor=who, application=application, decision="approve", reason="Yes.", digest=digest)
    with pytest.raises(Refusal, match="chair-only"):
        rounds.conclude_round(world, actor="expert", application=application, digest=digest)


def test_a_member_who_is_named_or_of_a_named_organisation_does_not_vote(world: Store) -> None:
    for who in (APPLICANT, "newcomer"):
        group.appoint_member(world, actor="admin", subject=who, kind="expert", until=today())
    application = drafted(world)
    digest = in_review(world, application)
    with pytest.raises(Refusal, match="own-application"):
        rounds.declare_interest(world, actor=APPLICANT, application=application, conflicted=False)
    rounds.declare_interest(world, actor="newcomer", application=application, conflicted=False)
    with pytest.raises(Refusal, match="colleague-cannot-vote"):
        rounds.vote(world, actor="newcomer", application=application, decision="approve", reason="Yes.", digest=digest)


def test_a_conflict_takes_the_vote_back_for_good(world: Store) -> None:
    application = drafted(world)
    digest = in_review(world, application)
    vote_all(world, application)
    assert seen(world, application).rounds[-1].tally.outcome is YES
    rounds.declare_interest(world, actor="expert", application=application, conflicted=True, reason="My sister.")
    assert seen(world, application).rounds[-1].tally.missing
    with pytest.raises(Refusal, match="conflict-declared"):
        rounds.declare_interest(world, actor="expert", application=application, conflicted=False)
    with pytest.raises(Refusal, match="conflict-declared"):
        rounds.vote(world, actor="expert", application=application, decision="approve", reason="Yes.", digest=digest)
    with pytest.raises(Refusal, match="no-quorum"):
        rounds.conclude_round(world, actor="chair", application=application, digest=digest)


def test_a_vote_is_for_the_version_one_has_read(world: Store) -> None:
    application = drafted(world)
    in_review(world, application)
    rounds.declare_interest(world, actor="expert", application=application, conflicted=False)
    with pytest.raises(Refusal, match="version-changed"):
        rounds.vote(world, actor="expert", application=application, decision="approve", reason="Yes.", digest="0" * 64)


def test_members_who_left_do_not_count(world: Store) -> None:
    application = drafted(world)
    in_review(world, application)
    vote_all(world, application)
    group.withdraw_member(world, actor="admin", subject=PUBLIC[0])
    assert seen(world, application).rounds[-1].tally.missing


def test_sent_back_answered_and_voted_on_anew(world: Store) -> None:
    application = drafted(world)
    digest = in_review(world, application)
    vote_all(world, application, BACK)
    with pytest.raises(Refusal, match="bad-name"):
        rounds.conclude_round(world, actor="chair", application=application, digest=digest)
    rounds.conclude_round(world, actor="chair", application=application, digest=digest, words="Why all ages?")
    assert seen(world, application, APPLICANT).messages[-1].text == "Why all ages?"
    drafting.save_answers(world, actor=APPLICANT, application=application, values={"born_before": 1960})
    again = in_review(world, application)
    assert again != digest
    vote_all(world, application)
    rounds.conclude_round(world, actor="chair", application=application, digest=again)
    detail = seen(world, application)
    assert detail.view.state == "with_controllers" and len(detail.rounds) == 2


def test_a_question_during_the_vote_ends_the_round(world: Store) -> None:
    application = drafted(world)
    in_review(world, application)
    vote_all(world, application)
    with pytest.raises(Refusal, match="chair-only"):
        triage.ask_applicant(world, actor="expert", application=application, question="Why?")
    triage.ask_applicant(world, actor="chair", application=application, question="Why?")
    again = in_review(world, application)
    held = seen(world, application).rounds[-1]
    assert held.number == 2 and held.votes == () and held.digest == again


def test_minutes_stay_as_they_were_signed(world: Store) -> None:
    application = drafted(world)
    digest = in_review(world, application)
    vote_all(world, application)
    minutes.write_minutes(world, actor="expert", application=application, text="First words.")
    early = seen(world, application).rounds[-1].minutes_sha256
    with pytest.raises(Refusal, match="round-open"):
        minutes.sign_minutes(world, actor="chair", application=application, sha256=early)
    rounds.conclude_round(world, actor="chair", application=application, digest=digest)
    assert seen(world, application, APPLICANT).rounds[-1].minutes == ""
    sign(world, application)
    assert seen(world, application, APPLICANT).rounds[-1].minutes == "We met and decided."
    assert seen(world, application, APPLICANT).rounds[-1].votes == ()
    with pytest.raises(Refusal, match="minutes-signed"):
        minutes.write_minutes(world, actor="chair", application=application, text="Other words.")
    with pytest.raises(Refusal, match="minutes-signed"):
        sign(world, application)


def test_the_group_as_data(world: Store) -> None:
    with pytest.raises(Refusal, match="own-approval"):
        group.appoint_member(world, actor="admin", subject="admin", kind="chair", until=today())
    with pytest.raises(Refusal, match="already-exists"):
        group.appoint_member(world, actor="admin", subject="chair", kind="public", until=today())
    with pytest.raises(Refusal, match="role-missing"):
        group.appoint_member(world, actor="chair", subject="stranger", kind="chair", until=today())
    with world.reading() as session:
        assert {one.subject for one in group.list_members(session) if one.in_force} == set(MEMBERS)
