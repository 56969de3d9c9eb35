"""Structured log lines on standard error: one JSON object a line, fixed event names; no value, no token."""

from __future__ import annotations

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """Send every line of our own code to standard error; `sde up` keeps them in the service's log."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
