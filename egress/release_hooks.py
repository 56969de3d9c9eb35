"""What happens beside a release and a recall, in their own transaction: the one place to hang on to."""

from __future__ import annotations

from sqlalchemy.orm import Session

from egress.provenance import keep_released
from governance.store.airlock import EgressRelease, EgressRequest


def on_released(session: Session, request: EgressRequest, done: EgressRelease) -> None:
    """A request is being released. `done` is its row; its folder is not known yet. Raises the Refusal of
    `keep_released`."""
    keep_released(session, request, done.released_at)


def on_recalled(session: Session, request: EgressRequest, incident: str) -> None:
    """A release is being recalled under that incident: its recipients are to be told."""
    del session, request, incident
