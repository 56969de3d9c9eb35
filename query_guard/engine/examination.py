"""Tries the engine out for `sde doctor`: starts both kinds, reads the lock back, says what is in force."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

from governance.confinement.bubblewrap import bwrap_version, find_bwrap
from governance.refusal import Refusal
from governance.settings import Settings
from query_guard.engine.limits import EngineLimits
from query_guard.engine.process import EngineProcess, EngineUnavailable


def examine(settings: Settings) -> dict[str, Any]:
    """Facts about the engine on this machine. Raises Refusal `no-bubblewrap`, `no-seccomp` or `engine-unavailable`."""
    limits = EngineLimits.from_settings(settings)
    bwrap = find_bwrap()
    try:
        with EngineProcess(None, limits) as engine:
            engine.wait_until_ready()
            lock = engine.settings
    except EngineUnavailable:
        raise Refusal(
            "engine-unavailable",
            "The query engine cannot start in its sandbox.",
            f"See why: {bwrap} --unshare-all --unshare-user --ro-bind / / true",
        ) from None
    return {
        "bubblewrap": f"{bwrap} {bwrap_version(bwrap)}",
        "duckdb": version("duckdb"),
        "sqlglot": version("sqlglot"),
        "threads": limits.threads,
        "memory_bytes": limits.memory_bytes,
        "seconds": limits.seconds,
        "process_limit": "none: root is exempt from RLIMIT_NPROC" if os.getuid() == 0 else "RLIMIT_NPROC",
        "lock": lock,
    }
