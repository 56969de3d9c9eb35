"""When a broken-off release is tried again: waits that grow, a limit, and only where a second try may mend it.

Pure: writes to the loaded row only.
"""

from __future__ import annotations

from datetime import timedelta

from egress.limits import AirlockLimits
from governance.clock import now
from governance.store.airlock import EgressRequest

#: Codes of failures that time may mend. A changed file or one that cannot be sanitised stays so: a person must look.
PASSING = frozenset({"interrupted", "release-error", "release-key-missing", "release-store-unreachable"})
GROWTH = 4


def begin_attempt(request: EgressRequest, asked_by: str) -> None:
    """Write down that a release begins, and on whose behalf, for those that follow by themselves."""
    request.problem, request.asked_by, request.retry_at = "", asked_by, None
    request.attempts += 1


def plan_retry(request: EgressRequest, code: str, limits: AirlockLimits) -> None:
    """Write down why a release failed and when the service tries again, if it does."""
    request.problem, request.retry_at = code, None
    if code in PASSING and request.attempts < limits.release_tries:
        wait = limits.retry_minutes * GROWTH ** max(0, request.attempts - 1)
        request.retry_at = now() + timedelta(minutes=wait)


def postpone(request: EgressRequest, limits: AirlockLimits) -> None:
    """Ask again later: the release was not begun, because something it needs does not hold now."""
    request.retry_at = now() + timedelta(minutes=limits.service_minutes)
