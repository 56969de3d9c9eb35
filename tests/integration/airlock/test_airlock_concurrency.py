"""Several people at the same moment, over the real register: one outcome, no lost event, no error but a Refusal."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from egress import limits
from egress.drafting import add_files
from egress.release import release
from egress.reviewing import conclude
from egress.screening import screen
from egress.states import State
from egress.submission import submit
from governance.audit import verify_chain
from governance.refusal import Refusal
from governance.store import open_store
from tests.support.airlock_world import (
    AUTHOR,
    CHECKER,
    SECOND,
    THIRD,
    AirlockWorld,
    output,
)

pytestmark = pytest.mark.slow


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Start all actions together; the answer of each, or the code of its refusal."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return action()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def voter(world: AirlockWorld, checker: str, request: str) -> Callable[[], object]:
    outputs = {file.id: "approve" for file in world.outputs(request)}
    return lambda: world.vote(checker, request, outputs)


def assert_chain_holds(world: AirlockWorld) -> None:
    with world.store.reading() as session:
        assert verify_chain(session, world.store.audit_head, world.store.signing_key).holds


@pytest.mark.parametrize("attempt", range(5))
def test_two_simultaneous_second_reviews_give_one_reviewed(world: AirlockWorld, attempt: int) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request)
    answers = at_once(voter(world, SECOND, request), voter(world, THIRD, request))
    assert sorted(map(str, answers)) == ["reviewed", "wrong-state"]
    assert world.state(request) is State.REVIEWED
    assert len([vote for vote in world.outputs(request)[0].votes if vote.replaced_at is None]) == 2
    assert_chain_holds(world)


def test_two_first_reviews_at_once_are_two_reviews(world: AirlockWorld) -> None:
    request = world.submitted()
    answers = at_once(voter(world, CHECKER, request), voter(world, SECOND, request))
    assert sorted(map(str, answers)) == ["part_reviewed", "reviewed"]


def test_many_releases_at_once_release_once(world: AirlockWorld) -> None:
    request = world.reviewed()
    conclude(world.airlock, actor=CHECKER, request_id=request)
    ask = [
        lambda who=who: release(world.airlock, requested_by=who, request_id=request) for who in (CHECKER, SECOND) * 3
    ]
    answers = at_once(*ask)
    done = {answer for answer in answers if not isinstance(answer, str)}
    assert len(done) == 1
    assert {answer for answer in answers if isinstance(answer, str)} <= {"wrong-state"}
    assert world.events().count("egress.released") == 1
    assert_chain_holds(world)


def test_releases_at_once_stay_in_one_budget(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = limits.AirlockLimits(daily=limits.Amounts(200, 50, 100_000))
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): tight})
    requests = [world.reviewed(output("a.csv", letter * 20)) for letter in (b"a", b"b", b"c", b"d")]
    for request in requests:
        conclude(world.airlock, actor=CHECKER, request_id=request)
    answers = at_once(
        *[lambda one=one: release(world.airlock, requested_by=CHECKER, request_id=one) for one in requests]
    )
    assert sorted(isinstance(answer, str) for answer in answers) == [False, False, True, True]
    assert {answer for answer in answers if isinstance(answer, str)} == {"budget-spent"}


def test_submitting_twice_at_once_is_one_turn(world: AirlockWorld) -> None:
    request = world.draft()
    send = lambda: submit(world.airlock, actor=AUTHOR, request_id=request)  # noqa: E731
    answers = at_once(send, send)
    assert "wrong-state" in answers
    assert (world.row(request).turn, world.state(request)) == (1, State.IN_REVIEW)


def test_a_screening_taken_up_twice_records_once(world: AirlockWorld) -> None:
    request = world.submitted(output(content=b"REVIEW"))
    with world.store.transaction() as session:
        from governance.store.airlock import EgressFinding, EgressRequest

        session.query(EgressFinding).delete()
        session.get_one(EgressRequest, request).state = "screening"
    again = lambda: screen(world.airlock, request)  # noqa: E731
    at_once(again, again, again)
    assert [finding.severity for finding in world.outputs(request)[0].findings] == ["REVIEW"]


def test_conclusions_and_late_changes_do_not_mix(world: AirlockWorld) -> None:
    request = world.reviewed()
    answers = at_once(
        lambda: conclude(world.airlock, actor=CHECKER, request_id=request),
        lambda: conclude(world.airlock, actor=SECOND, request_id=request),
        lambda: add_files(world.airlock, actor=AUTHOR, request_id=request, files=[output("late.csv")]),
        voter(world, SECOND, request),
    )
    assert sorted(map(str, answers)) == ["approved", "wrong-state", "wrong-state", "wrong-state"]


def test_the_same_file_added_by_many_at_once_is_kept_once(world: AirlockWorld) -> None:
    at_once(*[lambda: world.draft(output("same.csv", b"same bytes" * 1000)) for _ in range(6)])
    kept = list((world.airlock.settings.folder.airlock / "files").iterdir())
    assert len(kept) == 1


def in_processes(world: AirlockWorld, *actions: Callable[[AirlockWorld], object]) -> list[str]:
    """Each action in a process of its own, with a register connection of its own; the answer, or the refusal's code."""
    settings = world.airlock.settings
    world.store.close()  # no connection may be shared with a child
    starting, go = os.pipe()
    children = []
    for action in actions:
        reading, telling = os.pipe()
        child = os.fork()
        if not child:
            try:
                own = AirlockWorld.of(open_store(settings), settings)
                os.read(starting, 1)
                try:
                    said = str(action(own))
                except Refusal as refusal:
                    said = refusal.code
                os.write(telling, said.encode())
            finally:
                os._exit(0)
        os.close(telling)
        children.append((child, reading))
    os.write(go, b"x" * len(actions))
    answers = []
    for child, reading in children:
        answers.append(os.read(reading, 4096).decode())
        os.waitpid(child, 0)
        os.close(reading)
    os.close(starting)
    os.close(go)
    return answers


@pytest.mark.parametrize("attempt", range(3))
def test_processes_that_vote_at_once_give_one_reviewed(world: AirlockWorld, attempt: int) -> None:
    request = world.submitted()
    world.vote_all(CHECKER, request)
    answers = in_processes(world, lambda own: own.vote_all(SECOND, request), lambda own: own.vote_all(THIRD, request))
    assert sorted(answers) == ["reviewed", "wrong-state"]
    assert_chain_holds(world)


def test_processes_that_disagree_at_once_ask_for_one_further_opinion(world: AirlockWorld) -> None:
    request = world.submitted()
    answers = in_processes(
        world,
        lambda own: own.vote_all(CHECKER, request),
        lambda own: own.vote_all(SECOND, request, "changes"),
        lambda own: own.vote_all(THIRD, request),
    )
    assert sorted(answers)[0] == "part_reviewed"
    assert world.state(request) is State.REVIEWED
    assert_chain_holds(world)


def test_processes_that_conclude_and_release_at_once_do_so_once(world: AirlockWorld) -> None:
    request = world.reviewed()
    answers = in_processes(
        world, *[lambda own, who=who: conclude(own.airlock, actor=who, request_id=request) for who in (CHECKER, SECOND)]
    )
    assert sorted(answers) == ["approved", "wrong-state"]
    answers = in_processes(
        world, *[lambda own: release(own.airlock, requested_by=CHECKER, request_id=request) for _ in range(3)]
    )
    assert sum(answer.startswith("Release(") for answer in answers) >= 1
    assert {answer for answer in answers if not answer.startswith("Release(")} <= {"wrong-state"}
    assert world.events().count("egress.released") == 1
    assert_chain_holds(world)


def test_processes_that_release_at_once_stay_in_the_budgets_of_cells(
    world: AirlockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [world.reviewed(output("a.csv", b"a,%d0\n" % number)) for number in range(4)]
    for request in requests:
        conclude(world.airlock, actor=CHECKER, request_id=request)
    cells = world.outputs(requests[0])[0].cells
    tight = limits.AirlockLimits(project_daily=limits.Amounts(99, 10**6, 2 * cells))
    monkeypatch.setattr(limits, "LIMITS", {("nhs-sde", "out"): tight})
    answers = in_processes(
        world, *[lambda own, one=one: release(own.airlock, requested_by=CHECKER, request_id=one) for one in requests]
    )
    assert sorted(answer.startswith("Release(") for answer in answers) == [False, False, True, True]
    assert {answer for answer in answers if not answer.startswith("Release(")} == {"budget-spent"}
