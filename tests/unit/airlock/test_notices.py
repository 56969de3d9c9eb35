"""Who is told what when a request moves or stands still, what they see of it, and what a notice never holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from egress.drafting import add_files
from egress.ending_review import conclude_and_release, decide_and_release
from egress.inbox import mark_read, unread_notices
from egress.moving import load_request, move
from egress.notices import TELLINGS, WORDS, Kind, Mail
from egress.recalling import recall
from egress.release import release
from egress.reminding import _remind_of, remind
from egress.reviewing import conclude, reopen
from egress.states import TRANSITIONS, Action, State
from egress.submission import submit
from egress.watch import find_stuck
from governance.refusal import Refusal
from governance.registry import set_mail_address, suspend_person
from governance.roles import Role
from governance.store.notices import MailAddress, Notice
from tests.support.airlock_world import (
    ADMIN,
    AUTHOR,
    BAD,
    CHECKER,
    COLLEAGUE,
    SECOND,
    STEWARD,
    THIRD,
    AirlockWorld,
    output,
)
from tests.support.airlock_world import (
    WORDS as SAID,
)
from tests.support.moving_clock import MovingClock


@pytest.fixture
def clock() -> Iterator[MovingClock]:
    clock = MovingClock()
    with pytest.MonkeyPatch.context() as patch:
        clock.install(patch)
        yield clock


def told(world: AirlockWorld, request: str, after: int = 0) -> list[tuple[str, str]]:
    """(who, of what), in the order written, people of one notice by name."""
    with world.store.reading() as session:
        rows = session.scalars(
            select(Notice).where(Notice.request_id == request, Notice.id > after).order_by(Notice.id)
        )
        return [(row.subject, row.kind) for row in rows]


def checkers(kind: str) -> list[tuple[str, str]]:
    return [(CHECKER, kind), (SECOND, kind), (THIRD, kind)]


def test_every_telling_belongs_to_a_way_there_is_and_every_kind_has_words() -> None:
    ways = {(row.action, row.target) for row in TRANSITIONS}
    assert set(TELLINGS) <= ways
    assert set(WORDS) == set(Kind)
    endings = {State.RETURNED, State.REJECTED, State.APPROVED, State.RELEASED, State.RECALLED, State.RELEASE_FAILED}
    assert {way for way in ways if way[1] in endings} <= set(TELLINGS)  # nobody is left to find an end by chance


def test_a_whole_journey_tells_each_in_turn(world: AirlockWorld) -> None:
    request = world.submitted()
    assert told(world, request) == [(AUTHOR, "screened"), *checkers("queued")]
    world.vote_all(CHECKER, request)
    assert len(told(world, request)) == 4, "that one review is in is nobody's business"
    world.vote_all(SECOND, request)
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    assert told(world, request)[4:] == [(AUTHOR, "approved"), (AUTHOR, "released")]
    recall(world.airlock, actor=ADMIN, request_id=request, reason="Delete every copy.")
    assert told(world, request)[6:] == [(AUTHOR, "recalled")], "who recalls knows of the incident"


def test_a_recall_by_a_checker_is_told_to_the_administrators(world: AirlockWorld) -> None:
    request = world.reviewed()
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    recall(world.airlock, actor=CHECKER, request_id=request, reason="Delete every copy.")
    assert told(world, request)[-2:] == [(AUTHOR, "recalled"), (ADMIN, "incident")]


def test_a_blocked_request_comes_back_and_is_told_again_in_its_next_turn(world: AirlockWorld) -> None:
    request = world.submitted(output(content=BAD))
    assert told(world, request) == [(AUTHOR, "returned")]

    add_files(world.airlock, actor=AUTHOR, request_id=request, files=[output()])

    submit(world.airlock, actor=AUTHOR, request_id=request)
    assert told(world, request)[1:] == [(AUTHOR, "screened"), *checkers("queued")]


@pytest.mark.parametrize(("decision", "kind"), [("changes", "returned"), ("reject", "rejected")])
def test_the_author_is_told_what_the_review_ended_in(world: AirlockWorld, decision: str, kind: str) -> None:
    request = world.submitted()
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, request, decision)
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    assert told(world, request)[-1] == (AUTHOR, kind)


def test_a_further_opinion_is_asked_of_those_who_can_give_it(world: AirlockWorld) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request)
    world.vote_all(SECOND, request, "reject")
    assert told(world, request)[4:] == [(THIRD, "opinion-due")]


@pytest.mark.parametrize("decision", ["approved", "returned", "rejected"])
def test_the_controllers_delegate_is_asked_and_the_author_hears_the_decision(
    world: AirlockWorld, decision: str
) -> None:
    request = world.reviewed(output(content=BAD), description=replace(SAID, exception="Published already."))
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    assert told(world, request)[-1] == (STEWARD, "decision-due")
    decide_and_release(world.airlock, actor=STEWARD, request_id=request, decision=decision, reason="So it is.")
    assert (AUTHOR, decision) in told(world, request)[5:]


def test_a_failed_release_is_told_to_administrators_once_a_turn(world: AirlockWorld) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    world.flip_byte(request)
    for _ in range(2):
        with pytest.raises(Refusal, match="file-changed"):
            release(world.airlock, requested_by=CHECKER, request_id=request)
    assert [row for row in told(world, request) if row[1] == "release-failed"] == [(ADMIN, "release-failed")]
    reopen(world.airlock, actor=CHECKER, request_id=request, reason="The file changed.")
    assert told(world, request)[-1] == (AUTHOR, "returned")


def test_members_of_the_project_are_never_asked_to_review(world: AirlockWorld) -> None:
    world.join_and_leave(THIRD, Role.OUTPUT_CHECKER)
    request = world.submitted()
    assert told(world, request) == [(AUTHOR, "screened"), (CHECKER, "queued"), (SECOND, "queued")]


def test_what_is_overdue_is_told_once_to_those_who_are_late(world: AirlockWorld, clock: MovingClock) -> None:
    request = world.submitted()
    assert remind(world.airlock) == 0
    clock.ahead = timedelta(days=8)
    assert remind(world.airlock) == 3
    assert told(world, request)[4:] == checkers("overdue")
    assert remind(world.airlock) == 0
    assert world.events("notice.") == ["notice.reminded"]


def test_a_late_decision_is_the_controllers(world: AirlockWorld, clock: MovingClock) -> None:
    request = world.reviewed(output(content=BAD), description=replace(SAID, exception="Published already."))
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    clock.ahead = timedelta(days=8)
    asked = {who for who, kind in told(world, request) if kind == "decision-due"}
    assert remind(world.airlock) == len(asked)
    assert {who for who, kind in told(world, request) if kind == "overdue"} == asked


def test_what_is_stuck_is_told_to_administrators(world: AirlockWorld) -> None:
    request = world.submitted()
    for checker in (SECOND, THIRD):
        suspend_person(world.store, actor="service:test", subject=checker)
    assert remind(world.airlock) == 1
    assert told(world, request)[-1] == (ADMIN, "stuck")


def test_nothing_is_told_of_a_request_that_went_on_meanwhile(world: AirlockWorld, clock: MovingClock) -> None:

    request = world.submitted()
    clock.ahead = timedelta(days=8)
    with world.store.reading() as session:
        (stuck,) = find_stuck(session)
    assert (_remind_of(world.airlock, stuck), _remind_of(world.airlock, stuck)) == (3, 0), "told by another meanwhile"
    for checker in (CHECKER, SECOND):
        world.vote_all(checker, request, "reject")
    before = told(world, request)
    assert _remind_of(world.airlock, stuck) == 0
    assert told(world, request) == before


def test_a_move_that_is_undone_tells_nobody(world: AirlockWorld) -> None:
    request = world.draft()
    with pytest.raises(ZeroDivisionError), world.store.transaction() as session:
        move(session, load_request(session, request), Action.SUBMIT, State.SUBMITTED, actor=AUTHOR)
        move(session, load_request(session, request), Action.SCREEN, State.SCREENING, actor="service:test")
        move(session, load_request(session, request), Action.PASS, State.IN_REVIEW, actor="service:test")
        raise ZeroDivisionError
    assert told(world, request) == []


def test_notices_are_read_by_their_person_alone(world: AirlockWorld) -> None:
    request = world.submitted()
    (mine,) = unread_notices(world.airlock, AUTHOR)
    assert (mine.request, mine.title, mine.words) == (request, SAID.title, WORDS[Kind.SCREENED])
    assert mark_read(world.airlock, actor=SECOND, up_to=mine.id) == 0
    assert mark_read(world.airlock, actor=AUTHOR, up_to=mine.id - 1) == 0, "what came after the page was shown stays"
    assert world.events("notice.read") == []
    assert mark_read(world.airlock, actor=AUTHOR, up_to=mine.id) == 1
    assert unread_notices(world.airlock, AUTHOR) == ()
    assert world.events("notice.read") == ["notice.read"]
    assert len(unread_notices(world.airlock, CHECKER)) == 1
    with pytest.raises(Refusal, match="not a registered"):
        unread_notices(world.airlock, "nobody")


def test_a_notice_goes_with_the_right_to_open_its_request(world: AirlockWorld) -> None:
    world.submitted()
    assert unread_notices(world.airlock, THIRD)
    world.join_and_leave(THIRD, Role.OUTPUT_CHECKER)
    assert unread_notices(world.airlock, THIRD) == ()


def test_an_address_is_set_and_taken_away_by_administrators_on_record_without_itself(world: AirlockWorld) -> None:
    for address in ("a@example.org", "b@example.org", ""):
        set_mail_address(world.store, actor=ADMIN, subject=AUTHOR, address=address)
        with world.store.reading() as session:
            row = session.get(MailAddress, AUTHOR)
            assert (row.address if row else "") == address
    assert world.events("person.mail") == ["person.mail-address"] * 3
    for wrong in ("nobody", "a@b\nBcc: c@d", "a@b, c@d", "-a@b", "a" * 200 + "@b", "a b@c"):
        with pytest.raises(Refusal, match="no address"):
            set_mail_address(world.store, actor=ADMIN, subject=AUTHOR, address=wrong)
    with pytest.raises(Refusal):
        set_mail_address(world.store, actor=COLLEAGUE, subject=AUTHOR, address="a@b")


def test_only_who_has_an_address_is_mailed(world: AirlockWorld) -> None:
    set_mail_address(world.store, actor=ADMIN, subject=SECOND, address="b@example.org")
    request = world.submitted()
    with world.store.reading() as session:
        mail = {row.subject: Mail(row.mail) for row in session.scalars(select(Notice))}
    assert mail == {AUTHOR: Mail.NONE, CHECKER: Mail.NONE, SECOND: Mail.WAITING, THIRD: Mail.NONE}
    assert request
