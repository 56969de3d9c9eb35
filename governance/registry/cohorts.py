"""Register actions on cohorts: which people a project's extracts hold. Promise: only the data steward says so, and the
extract in force keeps its people until the next one is built.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.cohort import Cohort, read_cohort, write_cohort
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.roles import Role
from governance.store import Store
from governance.store.projects import ProjectCohort


def set_cohort(store: Store, *, actor: str, slug: str, cohort: Cohort) -> None:
    """Put a cohort in force for a project's next extract; the one before stays on record.

    Raises Refusal `bad-cohort`, `no-such-project`, `role-missing`, `already-exists`.
    """
    document = write_cohort(cohort)
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        find_project(session, slug)
        held = _newest(session, slug)
        if (held.document if held is not None else write_cohort(Cohort())) == document:
            raise Refusal("already-exists", "The project has this cohort already.")
        session.add(ProjectCohort(project_slug=slug, document=document, set_at=now()))
        event = "cohort.cleared" if cohort == Cohort() else "cohort.set"
        append_event(session, event=event, actor=actor, project=slug, detail={"cohort": document})


def clear_cohort(store: Store, *, actor: str, slug: str) -> None:
    """Everybody again, from the next extract on. Raises as `set_cohort`."""
    set_cohort(store, actor=actor, slug=slug, cohort=Cohort())


def project_cohort(session: Session, slug: str) -> Cohort:
    """The cohort in force; everybody if none was ever set. Raises Refusal `bad-cohort`."""
    held = _newest(session, slug)
    return Cohort() if held is None else read_cohort(held.document)


def _newest(session: Session, slug: str) -> ProjectCohort | None:
    newest = select(ProjectCohort).where(ProjectCohort.project_slug == slug).order_by(ProjectCohort.id.desc()).limit(1)
    return session.scalars(newest).first()
