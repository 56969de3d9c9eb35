"""Which intended output of its project a request is. Promise: where a project's application lists what will be
published, a request names one entry of the list or says why none.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.refusal import Refusal
from governance.store.airlock import EgressRequest
from governance.store.projects import IntendedOutput


def intended_outputs(session: Session, project: str) -> tuple[IntendedOutput, ...]:
    """What the project's application lists now, in the order it was added."""
    mine = (IntendedOutput.project_slug == project, IntendedOutput.withdrawn_at.is_(None))
    return tuple(session.scalars(select(IntendedOutput).where(*mine).order_by(IntendedOutput.id)))


def find_intended(session: Session, project: str, number: int) -> IntendedOutput:
    """One entry of the project's list. Raises Refusal `no-such-intended-output`."""
    found = session.get(IntendedOutput, number)
    if found is None or found.project_slug != project or found.withdrawn_at is not None:
        raise Refusal(
            "no-such-intended-output", "The project lists no such intended output.", "Choose one of its list."
        )
    return found


def check_intention(session: Session, request: EgressRequest) -> None:
    """That a request names an entry of its project's list, or says why none, where there is a list. Raises Refusal
    `intended-output-missing`, `no-such-intended-output`."""
    if request.intended_output_id is not None:
        find_intended(session, request.project_slug, request.intended_output_id)
    elif not request.intended_reason and intended_outputs(session, request.project_slug):
        raise Refusal(
            "intended-output-missing",
            "Say which of the project's intended outputs this is.",
            "Choose one, or say why it is none of them.",
        )
