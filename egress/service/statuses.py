"""HTTP status of a refusal: what is wrong with who asks (403), what was sent (422), or the moment (409, 429, 503)."""

from __future__ import annotations

from collections.abc import Mapping

from governance.refusal import Refusal

FORBIDDEN, UNPROCESSABLE = 403, 422
STATUSES: Mapping[str, int] = {
    "no-such-request": 404,
    "no-such-file": 404,
    "no-such-page": 404,
    "wrong-state": 409,
    "file-changed": 409,
    "file-too-large": 413,
    "request-too-large": 413,
    "too-many-files": 413,
    "budget-spent": 429,
    "too-many-open": 429,
    "hub-not-answering": 503,
    "release-error": 500,
    "release-key-missing": 500,
    "release-store-settings": 500,
    "release-store-unreachable": 503,
    "release-overtaken": 409,
    "no-such-link": 404,
    "link-revoked": 410,
    "link-expired": 410,
    "link-used": 410,
    "too-many-links": 429,
    "traffic-spent": 429,
    "failed": 500,
    "sign-in-failed": 400,
    "bad-request": 400,
}
#: Codes that speak of the person, the project or the way they came.
ABOUT_APPROVAL = frozenset(
    (
        "unknown-channel",
        "not-registered",
        "person-stopped",
        "person-suspended",
        "affiliation-missing",
        "affiliation-not-started",
        "affiliation-expired",
        "agreement-missing",
        "agreement-not-started",
        "organisation-expired",
        "training-missing",
        "training-not-started",
        "training-expired",
        "role-training-missing",
        "role-training-not-started",
        "role-training-expired",
        "not-a-member",
        "membership-expired",
        "no-such-project",
        "project-stopped",
        "project-not-active",
        "project-not-started",
        "project-ended",
        "approval-missing",
        "approval-not-started",
        "approval-expired",
        "egress-stopped",
        "role-missing",
        "checker-is-member",
        "controller-is-member",
        "controller-voted",
        "own-request",
        "own-approval",
        "form-expired",
        "pages-not-allowed",
        "open-in-own-tab",
        "workspace-only",
        "session-ended",
    )
)


def status_of(refusal: Refusal) -> int:
    """The status; 422 for any refusal of what was sent."""
    if refusal.code in ABOUT_APPROVAL:
        return FORBIDDEN
    return STATUSES.get(refusal.code, UNPROCESSABLE)
