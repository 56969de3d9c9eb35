"""Asks the register whether a workspace may still be reached. Promise: no answer is believed for longer than
`BELIEVED_SECONDS`, and a register that does not answer refuses.

An answer is asked anew after `FRESH_SECONDS`, beside the requests that still go by the old one: so a membership that
ends is noticed within a second or two, and a register that is slow for a moment interrupts nobody.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from governance.access import check_member_in_force
from governance.refusal import Refusal
from governance.sign_ins import SessionBounds, read_bounds
from governance.store import Store
from governance.store.projects import Project
from hub.edge.table import Workspace

FRESH_SECONDS = 1.0
BELIEVED_SECONDS = 4.0
ANSWER_SECONDS = 10.0  # a request that has no answer to go by is held so long, and then refused
REGISTER_AWAY = Refusal(
    "register-away", "The gateway cannot check your approval just now.", "Try again in a moment; your work is kept."
)


@dataclass(frozen=True)
class Standing:
    """What the register says of a workspace that may be reached. `terminals`: whether its project allows them.
    `sessions`: which of its owner's sessions count."""

    terminals: bool
    sessions: SessionBounds


@dataclass(frozen=True)
class _Answer:
    asked: float
    said: Standing | Refusal


class Approval:
    """Holds the store and a short memory of its answers, so that a page of 50 files asks once."""

    def __init__(self, store: Store, session_hours: float) -> None:
        self._store = store
        self._hours = session_hours
        self._known: dict[Workspace, _Answer] = {}
        self._asking: dict[Workspace, asyncio.Task[_Answer]] = {}

    async def check(self, workspace: Workspace) -> Standing:
        """For a request that begins: raise the register's Refusal unless the owner's membership of the project is in
        force, or `register-away`. Waits for the register where there is no answer to go by."""
        said = self.believed(workspace)
        if said is None:
            said = (await asyncio.shield(self._ask_once(workspace))).said
        return _passed(said)

    def check_open(self, workspace: Workspace) -> Standing:
        """For what is open already: the same without waiting, since it flows meanwhile."""
        said = self.believed(workspace)
        return _passed(REGISTER_AWAY if said is None else said)

    def believed(self, workspace: Workspace) -> Standing | Refusal | None:
        """The register's last word if it is young enough, and a new question where it is no longer fresh. A refusal is
        believed only while it is: whoever is let in again need not wait."""
        answer = self._known.get(workspace)
        age = float("inf") if answer is None else time.monotonic() - answer.asked
        if age > FRESH_SECONDS:
            self._ask_once(workspace)
        if answer is None or age > (BELIEVED_SECONDS if isinstance(answer.said, Standing) else FRESH_SECONDS):
            return None
        return answer.said

    def forget(self, workspace: Workspace) -> None:
        """The workspace has stopped."""
        self._known.pop(workspace, None)

    def _ask_once(self, workspace: Workspace) -> asyncio.Task[_Answer]:
        """Many requests that wait for one answer ask once."""
        asking = self._asking.get(workspace)
        if asking is None:
            asking = self._asking[workspace] = asyncio.create_task(self._ask(workspace))
            asking.add_done_callback(lambda _: self._asking.pop(workspace, None))
        return asking

    async def _ask(self, workspace: Workspace) -> _Answer:
        began = time.monotonic()  # the answer is as old as the question
        try:
            said = await asyncio.wait_for(asyncio.to_thread(self._read, workspace), ANSWER_SECONDS)
        except Exception:  # whatever is wrong with the register: closed, and asked again by the next request
            return _Answer(began, REGISTER_AWAY)
        answer = self._known[workspace] = _Answer(began, said)
        return answer

    def _read(self, workspace: Workspace) -> Standing | Refusal:
        try:
            with self._store.reading() as session:
                check_member_in_force(session, workspace.subject, workspace.project)
                project = session.get_one(Project, workspace.project)  # read already, with the membership
                sessions = read_bounds(session, workspace.subject, self._hours)
                return Standing(project.terminals, sessions)
        except Refusal as refusal:
            return refusal


def _passed(said: Standing | Refusal) -> Standing:
    if isinstance(said, Refusal):
        raise said
    return said
