"""Asks the register whether a workspace may still be reached. Promise: a membership that ends, for whatever reason,
closes the workspace to its browser within `BELIEVED_SECONDS`, open WebSockets included."""

from __future__ import annotations

import asyncio
import time

from governance.access import check_member_in_force
from governance.refusal import Refusal
from governance.store import Store
from hub.edge.table import Workspace

BELIEVED_SECONDS = 5.0


class Approval:
    """Holds the store and a short memory of its answers, so that a page of 50 files asks once."""

    def __init__(self, store: Store, believed_seconds: float = BELIEVED_SECONDS) -> None:
        self._store = store
        self._believed_seconds = believed_seconds
        self._known: dict[Workspace, tuple[float, Refusal | None]] = {}

    async def check(self, workspace: Workspace) -> None:
        """Raise the register's Refusal unless the owner's membership of the project is in force."""
        asked, refusal = self._known.get(workspace, (float("-inf"), None))
        if time.monotonic() - asked > self._believed_seconds:
            refusal = await asyncio.to_thread(self._ask, workspace)
            self._known[workspace] = (time.monotonic(), refusal)
        if refusal is not None:
            raise refusal

    def forget(self, workspace: Workspace) -> None:
        """The workspace has stopped."""
        self._known.pop(workspace, None)

    def _ask(self, workspace: Workspace) -> Refusal | None:
        try:
            with self._store.reading() as session:
                check_member_in_force(session, workspace.subject, workspace.project)
        except Refusal as refusal:
            return refusal
        return None
