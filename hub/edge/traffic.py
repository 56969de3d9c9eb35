"""The running count of one workspace. Promise: nothing passes to a browser before it is counted, and nothing at all
once the day's cap is reached, however many answers and WebSockets share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from governance.clock import today
from governance.refusal import Refusal
from hub.edge.pages import NOT_RUNNING

STATUS_LINE_BYTES = 16
HEADER_LINE_BYTES = 4  # colon, space and the line's end


@dataclass
class Counts:
    """Requests; bytes of heads, bodies and WebSockets. `out`: workspace to browser; `into`: browser to workspace."""

    requests: int = 0
    out_bytes: int = 0
    into_bytes: int = 0

    def add(self, other: Counts) -> None:
        """Add the other's."""
        self.requests += other.requests
        self.out_bytes += other.out_bytes
        self.into_bytes += other.into_bytes


class Traffic:
    """One workspace's. The day never goes back, also when the clock does; a new one begins with nothing passed.

    Attributes:
        whole: since the route was added.
        fresh: by day, not yet recorded.
    """

    def __init__(
        self, *, cap_bytes: int | None = None, day: date | None = None, out_bytes: int = 0, urgent_bytes: int = 0,
        hurry: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._cap_bytes = cap_bytes
        self._day = day or today()
        self._out_bytes = out_bytes
        self._urgent_bytes = urgent_bytes
        self._hurry = hurry
        self._closed = False
        self.whole = Counts()
        self.fresh: dict[date, Counts] = {}

    def begin(self) -> None:
        """One more request. Raises as `check`."""
        self.check()
        self._fresh_today().requests += 1
        self.whole.requests += 1

    def check(self) -> None:
        """Raise Refusal `traffic-cap-reached` while the day's cap is reached, `not-running` once it is closed."""
        self._turn_day()
        if self._closed:
            raise NOT_RUNNING
        if self._cap_bytes is not None and self._out_bytes > self._cap_bytes:
            raise cap_reached(self._cap_bytes, self._day)

    def out(self, size: int) -> None:
        """So many bytes are about to go to the browser. Raises as `check`: then they must not. They stay counted, so
        that a cap once reached is reached for the rest of the day."""
        fresh = self._fresh_today()
        was_within = self._cap_bytes is None or self._out_bytes <= self._cap_bytes
        if was_within:
            self._out_bytes += size
            fresh.out_bytes += size
            self.whole.out_bytes += size
            if self._urgent_bytes and fresh.out_bytes > self._urgent_bytes:
                self._hurry()
        self.check()

    def into(self, size: int) -> None:
        """So many bytes came from the browser."""
        self._fresh_today().into_bytes += size
        self.whole.into_bytes += size

    def take_fresh(self) -> dict[date, Counts]:
        """What is to be recorded; `put_back` if that fails."""
        taken, self.fresh = self.fresh, {}
        return taken

    def put_back(self, taken: Mapping[date, Counts]) -> None:
        """It could not be recorded."""
        for day, counts in taken.items():
            self.fresh.setdefault(day, Counts()).add(counts)

    def close(self) -> None:
        """The workspace has stopped: whatever is still open passes nothing more."""
        self._closed = True

    def _turn_day(self) -> None:
        if (now := today()) > self._day:
            self._day, self._out_bytes = now, 0

    def _fresh_today(self) -> Counts:
        self._turn_day()
        return self.fresh.setdefault(self._day, Counts())


def head_bytes(headers: Mapping[str, str]) -> int:
    """The size of an answer's head: a workspace can hide data there as well."""
    return STATUS_LINE_BYTES + sum(len(name) + len(value) + HEADER_LINE_BYTES for name, value in headers.items())


def cap_reached(cap_bytes: int, day: date) -> Refusal:
    """Says when it ends, and what to do."""
    mebibytes = cap_bytes // 2**20
    return Refusal(
        "traffic-cap-reached",
        f"More than {mebibytes:,} MiB left this workspace today, so browsers cannot open it until midnight UTC "
        f"({day + timedelta(days=1)}, 00:00 UTC).",
        "What runs in it goes on and its files are kept. Results leave through the airlock; if your work needs more on "
        "the screen, ask the service desk.",
    )
