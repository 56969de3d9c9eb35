"""Kills the airlock with SIGKILL while it submits, votes and releases, restarts it, and looks at what it finds.

Half of the deaths are at a call that writes (to the register, a file or a folder), counted, so that each such place has
its turn; the other half at any moment whatever, in the middle of a commit too. After each death the airlock is started
again as its service does it, and everything the invariants say is asked of register, chain and disk. Then the step is
done once more, as a person would, until the request is released.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from egress.ending_review import vote_and_go_on
from egress.limits import Amounts
from egress.release import fail_interrupted, release
from egress.reviewing import vote
from egress.screening import screen_waiting
from egress.states import State
from egress.submission import submit
from governance.audit import verify_chain
from governance.settings import Settings
from governance.store import open_store
from governance.store.airlock import EgressRelease, EgressRequest
from tests.support.airlock_invariants import INVARIANTS, Moment, read_events
from tests.support.airlock_world import AUTHOR, CHECKER, SECOND, THIRD, WORDS, AirlockWorld, output, supporting

#: Functions written in C through which everything passes that lasts.
WRITING = frozenset(
    ("execute", "commit", "write", "flush", "fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "open", "fchmod")
)
PLENTY = Amounts(1 << 40, 1 << 40, 1 << 40)  # a day: the budget is not what is tried here
Act = Callable[[AirlockWorld, str], object]


def _propose(world: AirlockWorld, _request: str) -> str:
    number = time.monotonic_ns()
    files = (output("a.csv", f"a,{number}0\n".encode()), output("b.csv", f"b,{number}5\n".encode()), supporting())
    made = world.draft(*files, description=WORDS)
    submit(world.airlock, actor=AUTHOR, request_id=made)
    return made


def _votes(world: AirlockWorld, request: str) -> Mapping[int, str]:
    return {file.id: "approve" for file in world.outputs(request)}


def _vote_first(world: AirlockWorld, request: str) -> None:
    vote(world.airlock, actor=CHECKER, request_id=request, decisions=_votes(world, request))


def _vote_last(world: AirlockWorld, request: str) -> None:
    if world.state(request) is State.PART_REVIEWED:
        vote_and_go_on(world.airlock, actor=SECOND, request_id=request, decisions=_votes(world, request))
        return
    if world.state(request) is State.REVIEWED:
        from egress.reviewing import conclude

        conclude(world.airlock, actor=SECOND, request_id=request)
    if world.state(request) is not State.RELEASED:
        release(world.airlock, requested_by=SECOND, request_id=request)


#: (step, what is done, in which states it is to be done): the way of one request.
STEPS: tuple[tuple[str, Act, frozenset[State]], ...] = (
    ("submit", _propose, frozenset({State.DRAFT})),
    ("vote", _vote_first, frozenset({State.IN_REVIEW})),
    (
        "release",
        _vote_last,
        frozenset({State.PART_REVIEWED, State.REVIEWED, State.APPROVED, State.RELEASE_FAILED}),
    ),
)


@dataclass
class CrashLab:
    """One state folder in which requests are killed on their way. `deaths` counts them by step."""

    settings: Settings
    seed: int
    deaths: dict[str, int] = field(default_factory=dict)
    released: int = 0
    _calls: dict[str, int] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _before: dict[str, str] = field(default_factory=dict)
    _seen: tuple[int, ...] = ()

    def run(self, deaths: int) -> None:
        """Requests one after another until that many deaths have been died."""
        chance = random.Random(self.seed)
        self._walk(None)  # the first lives, and tells how long each step is
        while sum(self.deaths.values()) < deaths:
            self._walk(chance)

    def _walk(self, chance: random.Random | None) -> None:
        request = ""
        for step, act, states in STEPS:
            for attempt in range(50):
                known = set(self._before)
                if request and self._state(request) not in states:
                    break
                again = step == "submit" and bool(request)
                self._do(step, _submit_again if again else act, request, chance if attempt < 3 else None)
                self._restart_and_look()
                request = request or next(iter(set(self._before) - known), "")
            else:
                raise AssertionError(f"{step} never comes to its end")
        assert self._state(request) is State.RELEASED
        self.released += 1

    def _state(self, request: str) -> State:
        return State(self._before[request])

    def _do(self, step: str, act: Act, request: str, chance: random.Random | None) -> None:
        """The step in a process of its own, which may be killed."""
        at_call, after = 0, 0.0
        if chance is not None and chance.random() < 0.5:
            at_call = chance.randint(1, self._calls[step])
        elif chance is not None:
            after = chance.random() * self._seconds[step]
        began = time.monotonic()
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _live_or_die(self.settings, act, request, at_call, writing)
        os.close(writing)
        if after:
            time.sleep(after)
            os.kill(child, signal.SIGKILL)
        told = os.read(reading, 64)
        os.close(reading)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            self.deaths[step] = self.deaths.get(step, 0) + 1
            return
        assert os.WEXITSTATUS(status) == 0, f"{step} did not end well"
        if chance is None and step not in self._calls:
            self._calls[step], self._seconds[step] = int(told), time.monotonic() - began

    def _restart_and_look(self) -> None:
        world = AirlockWorld.of(open_store(self.settings), self.settings)
        try:
            fail_interrupted(world.airlock)
            screen_waiting(world.airlock)
            self._look(world)
        finally:
            world.store.close()

    def _look(self, world: AirlockWorld) -> None:
        with world.store.reading() as session:
            rows = {row.id: row for row in session.query(EgressRequest)}
            events = read_events(session)
            checkers = (CHECKER, SECOND, THIRD)
            before = dict(self._before)
            moment = Moment(world.airlock, session, rows, before, self._seen, events, checkers, PLENTY, PLENTY)
            for check in INVARIANTS:
                check(moment)
            for row in rows.values():
                _check_events_match_rows(moment, row)
            assert verify_chain(session, world.store.audit_head, world.store.signing_key).holds
            folders = {row.folder for row in session.query(EgressRelease)}
            self._before = {name: row.state for name, row in rows.items()}
            self._seen = tuple(event.seq for event in events)
        _check_disk(self.settings, folders)


def _submit_again(world: AirlockWorld, request: str) -> None:
    submit(world.airlock, actor=AUTHOR, request_id=request)


def _live_or_die(settings: Settings, act: Act, request: str, at_call: int, telling: int) -> None:
    """Runs in the child, and never returns."""
    code = 1
    try:
        world = AirlockWorld.of(open_store(settings), settings)
        calls = 0

        def count(frame: FrameType, event: str, what: Any) -> None:
            del frame
            nonlocal calls
            if event == "c_call" and what.__name__ in WRITING:
                calls += 1
                if calls == at_call:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        act(world, request)
        sys.setprofile(None)
        os.write(telling, str(calls).encode())
        code = 0
    finally:
        os._exit(code)


def _check_events_match_rows(moment: Moment, row: EgressRequest) -> None:
    """No event lost or doubled: as many votes, turns and releases on record as there are rows of them."""
    voted = moment.events_of(row.id, "egress.voted")
    told = sum(event.detail[word] for event in voted for word in ("approve", "changes", "reject"))
    assert told == sum(len(file.votes) for file in row.files)
    assert len(moment.events_of(row.id, "egress.submitted")) == row.turn
    assert len(moment.events_of(row.id, "egress.drafted")) == 1
    screened = moment.events_of(row.id, "egress.screened")
    assert len(screened) == (1 if row.state != "draft" else 0)


def _check_disk(settings: Settings, folders: set[str]) -> None:
    """No partial file: what is kept has the bytes of its name, and what looks like a release is one."""
    kept = settings.folder.airlock / "files"
    for file in kept.iterdir() if kept.is_dir() else ():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name
    area: Path = settings.folder.releases
    places = {f"{place.parent.name}/{place.name}" for place in area.glob("*/*")} if area.is_dir() else set()
    assert places == folders
