"""How fast one workspace may knock. Promise: a workspace that asks without pause waits; it neither keeps the gateway
busy for its neighbours nor fills the gateway's logs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pace:
    """Lets `burst` turns pass at once and `rate` of them a second in the long run; whoever comes sooner waits.

    One virtual clock (the "generic cell rate algorithm"): it runs ahead of ours by what has been used up.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._apart, self._ahead, self._clock = 1 / rate, burst / rate, clock
        self._used_until = float("-inf")

    def wait_seconds(self) -> float:
        """Take a turn; how long to wait before it."""
        now = self._clock()
        self._used_until = max(self._used_until, now) + self._apart
        return max(0.0, self._used_until - now - self._ahead)

    async def turn(self) -> None:
        """Take a turn, and wait for it."""
        seconds = self.wait_seconds()
        if seconds > 0:
            await asyncio.sleep(seconds)


class Remarks:
    """Says whether a refusal is worth another line in the log: one every `seconds`, with the number since."""

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._said, self._since = float("-inf"), 0

    def count(self) -> int:
        """How many the line to be written now stands for; 0 if none is due."""
        self._since += 1
        if self._clock() - self._said < self._seconds:
            return 0
        number, self._said, self._since = self._since, self._clock(), 0
        return number
