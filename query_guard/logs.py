"""Structured logs on standard error: fixed event names, one JSON object a line; no SQL, no value, no token."""

from __future__ import annotations

import sys

import structlog


def log_to_stderr() -> None:
    """Send every log line to standard error; standard output belongs to answers."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # asked each time: it may be redirected
        cache_logger_on_first_use=False,
    )
