"""HTTP status of a refusal, as data."""

from __future__ import annotations

from governance.refusal import Refusal

#: By code; for the rest the route says what a refusal means there (approval: 403, policy: 422).
STATUS = {
    "budget-spent": 429,
    "busy": 429,
    "too-many-near-questions": 429,
    "engine-unavailable": 503,
    "not-recorded": 503,
    "extract-damaged": 503,
    "extract-outdated": 503,
    "unknown-table": 422,
}


def status_of(refusal: Refusal, *, otherwise: int) -> int:
    """The status of a refusal by its code, or `otherwise`."""
    return STATUS.get(refusal.code, otherwise)
