"""How long each workspace has been unused. Promise: neither a jump of the machine's clock, nor sleep, nor a restart of
the hub makes a workspace look unused for longer than the hub has reason to believe.

Between two reports of use the time is taken from a clock that never jumps and that stands still while the machine
sleeps. Only for the first look at a workspace, after a start of the hub, is the wall clock asked; and nothing is closed
on that alone, since a warning comes first (`hub.housekeeping.idling`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import datetime

from governance.clock import now


@dataclass
class _Seen:
    last_activity: datetime | None
    idle: float  # seconds, at the moment `since`
    since: float


class IdleClock:
    """Remembers for each workspace its last known use."""

    def __init__(self, steady: Callable[[], float] = time.monotonic, wall: Callable[[], datetime] = now) -> None:
        self._steady, self._wall = steady, wall
        self._seen: dict[Hashable, _Seen] = {}

    def idle_seconds(self, key: Hashable, last_activity: datetime | None) -> float:
        """For how long the workspace has been unused.

        Args:
            key: which one.
            last_activity: as the hub has stored it; None if it never heard.
        """
        seen = self._seen.get(key)
        if seen is None or seen.last_activity != last_activity:
            idle = self._by_the_wall(last_activity) if seen is None else 0.0
            seen = self._seen[key] = _Seen(last_activity, idle, self._steady())
        return seen.idle + self._steady() - seen.since

    def keep_only(self, keys: Collection[Hashable]) -> None:
        """Forget workspaces that have ended."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}

    def _by_the_wall(self, last_activity: datetime | None) -> float:
        return 0.0 if last_activity is None else max(0.0, (self._wall() - last_activity).total_seconds())
