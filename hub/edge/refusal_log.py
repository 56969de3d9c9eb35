"""Logs what the edge refuses. Promise: whoever sends nothing but refused requests does not fill the disk."""

from __future__ import annotations

import time

import structlog

WINDOW_SECONDS = 10.0
MOST_LINES = 50  # in one window; the rest is counted

log = structlog.get_logger("edge")


class RefusalLog:
    """One line for each refusal, up to a number; then one line that says how many more there were."""

    def __init__(self) -> None:
        self._began = float("-inf")
        self._lines = 0

    def tell(self, code: str, method: str) -> None:
        """One more was refused."""
        if time.monotonic() - self._began > WINDOW_SECONDS:
            if self._lines > MOST_LINES:
                log.warning("edge.refused-more", number=self._lines - MOST_LINES)
            self._began, self._lines = time.monotonic(), 0
        self._lines += 1
        if self._lines <= MOST_LINES:
            log.info("edge.refused", code=code, method=method)
