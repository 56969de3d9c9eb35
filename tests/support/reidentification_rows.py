"""A request for re-identification as a row: for tests of who sees it. What opens one is tested with real keys."""

from __future__ import annotations

from datetime import datetime, timedelta

from governance.clock import now
from governance.registry.reidentification_states import State
from governance.store import Store
from governance.store.intake import ReidentificationApproval, ReidentificationRequest

SEALED = b"what is sealed is nobody's to see"


def add_reidentification(
    store: Store,
    *,
    name: str = "r-1",
    project: str = "diabetes-care",
    state: State = State.REQUESTED,
    requested_by: str = "researcher-c",
    clinician: str = "clinician",
    keyholders: tuple[str, str] = ("keyholder-a", "keyholder-b"),
    approved: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> str:
    """Store it; returns its id."""
    with store.transaction() as session:
        session.add(
            ReidentificationRequest(
                id=name,
                project_slug=project,
                requested_by=requested_by,
                clinician=clinician,
                first_keyholder=keyholders[0],
                second_keyholder=keyholders[1],
                legal_ground="direct_care",
                state=state,
                purpose="A result that needs treatment.",
                sealed=SEALED,
                people=2,
                created_at=now(),
                expires_at=expires_at or now() + timedelta(hours=72),
            )
        )
        session.flush()
        for subject in approved:
            session.add(ReidentificationApproval(request_id=name, subject=subject, share=SEALED, approved_at=now()))
    return name
