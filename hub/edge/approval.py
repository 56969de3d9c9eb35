"""Asks the register whether a workspace may still be reached. Promise: no answer is believed for longer than
`BELIEVED_SECONDS`, and a register that does not answer refuses."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from governance.access import check_member_in_force
from governance.refusal import Refusal
from governance.store import Store
from governance.store.projects import Project
from hub.edge.table import Workspace

BELIEVED_SECONDS = 2.0
ANSWER_SECONDS = 1.5
REGISTER_AWAY = Refusal(
    "register-away", "The gateway cannot check your approval just now.", "Try again in a moment; your work is kept."
)


@dataclass(frozen=True)
class Standing:
    """What the register says of a workspace that may be reached. `terminals`: whether its project allows them."""

    terminals: bool


@dataclass(frozen=True)
class _Answer:
    asked: float
    said: Standing | Refusal


class Approval:
    """Holds the store and a short memory of its answers, so that a page of 50 files asks once."""

    def __init__(self, store: Store, believed_seconds: float | None = None) -> None:
        self._store = store
        self._believed_seconds = BELIEVED_SECONDS if believed_seconds is None else believed_seconds
        self._known: dict[Workspace, _Answer] = {}
        self._asking: dict[Workspace, asyncio.Task[_Answer]] = {}

    async def check(self, workspace: Workspace) -> Standing:
        """Raise the register's Refusal unless the owner's membership of the project is in force, or `register-away`."""
        answer = self._known.get(workspace)
        if answer is None or time.monotonic() - answer.asked > self._believed_seconds:
            answer = await self._ask_once(workspace)
        if isinstance(answer.said, Refusal):
            raise answer.said
        return answer.said

    def forget(self, workspace: Workspace) -> None:
        """The workspace has stopped."""
        self._known.pop(workspace, None)

    async def _ask_once(self, workspace: Workspace) -> _Answer:
        """Many requests that wait for one answer ask once."""
        asking = self._asking.get(workspace)
        if asking is None:
            asking = self._asking[workspace] = asyncio.create_task(self._ask(workspace))
            asking.add_done_callback(lambda _: self._asking.pop(workspace, None))
        return await asyncio.shield(asking)

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
                return Standing(terminals=project.terminals)
        except Refusal as refusal:
            return refusal
