"""The numbers a worker is started with, taken from the settings."""

from __future__ import annotations

import os
from dataclasses import dataclass

from governance.settings import Settings

MOST_THREADS = 4
#: Most bytes of one answer on its way out of a worker (Arrow); beyond it the query asks for too much.
ANSWER_BYTES = 64 * 2**20


@dataclass(frozen=True)
class EngineLimits:
    """What one query may use: memory and answer in bytes, time in seconds, answer rows, threads."""

    memory_bytes: int
    seconds: float
    rows: int
    answer_bytes: int = ANSWER_BYTES
    threads: int = 2

    @classmethod
    def from_settings(cls, settings: Settings) -> EngineLimits:
        """The limits of these settings; threads follow the machine, up to MOST_THREADS."""
        return cls(
            memory_bytes=settings.query_memory_bytes,
            seconds=settings.query_seconds,
            rows=settings.query_rows,
            threads=min(MOST_THREADS, os.cpu_count() or 1),
        )
