"""Counts what passes between browsers and each workspace, so that a large flow out shows in the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from governance.audit import append_event
from governance.store import Store
from hub.edge.table import Workspace


@dataclass
class Traffic:
    """Bytes of bodies and WebSocket messages. `out`: workspace to browser; `into`: browser to workspace."""

    requests: int = 0
    out_bytes: int = 0
    into_bytes: int = 0

    def out(self, size: int) -> None:
        """So many bytes are about to go to the browser."""
        self.out_bytes += size

    def into(self, size: int) -> None:
        """So many bytes came from the browser."""
        self.into_bytes += size


class Meter:
    """One Traffic per workspace, from the moment its route is added until it is recorded."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: dict[Workspace, Traffic] = {}

    def of(self, workspace: Workspace) -> Traffic:
        """The running count, made on first use."""
        return self._counts.setdefault(workspace, Traffic())

    def record(self, workspace: Workspace) -> None:
        """Write the count to the audit log and start again from nothing. Blocking; nothing to tell, nothing written."""
        traffic = self._counts.pop(workspace, None)
        if traffic is None or traffic.requests == 0:
            return
        with self._store.transaction() as session:
            append_event(
                session,
                event="workspace.traffic-counted",
                actor="service:edge",
                project=workspace.project,
                detail={
                    "subject": workspace.subject,
                    "requests": traffic.requests,
                    "out_bytes": traffic.out_bytes,
                    "into_bytes": traffic.into_bytes,
                },
            )

    def record_all(self) -> None:
        """Record every workspace; for the end of the edge."""
        for workspace in list(self._counts):
            self.record(workspace)
