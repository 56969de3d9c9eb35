"""The budget of what leaves. Promise: one person is never given more bytes of one project in one UTC day than policy
says, however many requests are released at once.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from egress.ballots import FileKind, live_outputs
from egress.states import State
from governance.clock import today
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressRelease, EgressRequest


def check_in_budget(session: Session, request: EgressRequest, daily_bytes: int) -> None:
    """That the request's output files fit in what is left today. Raises Refusal `budget-spent`."""
    size = sum(file.size for file in live_outputs(request))
    spent = released_today(session, request)
    if spent + size > daily_bytes:
        left = f"{max(0, daily_bytes - spent) / 2**20:.1f} MB of {daily_bytes / 2**20:.0f} MB"
        raise Refusal("budget-spent", f"The author has {left} left in this project today.", "Release it tomorrow.")


def released_today(session: Session, request: EgressRequest) -> int:
    """Bytes that the author was given from this project since midnight UTC, and those on their way out."""
    midnight = datetime.combine(today(), time(), UTC)
    out = (State.RELEASED.value, State.RECALLED.value)
    mine = (EgressRequest.author == request.author, EgressRequest.project_slug == request.project_slug)
    files = select(func.coalesce(func.sum(EgressFile.size), 0)).join_from(EgressFile, EgressRequest).where(*mine)
    files = files.where(EgressFile.kind == FileKind.OUTPUT.value, EgressFile.withdrawn_turn.is_(None))
    released = select(EgressRelease.request_id).where(EgressRelease.released_at >= midnight)
    done = session.scalar(files.where(EgressRequest.state.in_(out), EgressRequest.id.in_(released))) or 0
    leaving = session.scalar(files.where(EgressRequest.state == State.RELEASING.value)) or 0
    return int(done) + int(leaving)
