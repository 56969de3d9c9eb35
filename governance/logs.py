"""Structured logs on standard error: fixed event names, one JSON object a line; no SQL, no data value, no token."""

from __future__ import annotations

import sys
from typing import Any

import structlog


def log_to_stderr() -> None:
    """Send every log line to standard error; standard output belongs to answers."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=_print_where_stderr_is_now,
        cache_logger_on_first_use=False,
    )


def _print_where_stderr_is_now(*names: Any) -> structlog.PrintLogger:
    """Standard error is looked up for each line: a test or a supervisor may have replaced it and closed the other."""
    del names
    return structlog.PrintLogger(sys.stderr)
