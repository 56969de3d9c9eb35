"""Papers and training as tests need them: all that a project of any purpose and a role ask for."""

from __future__ import annotations

from datetime import date, timedelta

from governance.clock import today
from governance.demo_register import COURSE, COURSES_OF_ROLES, demo_approvals
from governance.registry import record_approval, record_training
from governance.store import Store

ACTOR = "service:test"


def approve_project(store: Store, slug: str, until: date | None = None) -> None:
    """Every approval there is. The project's status stays as it is."""
    for approval in demo_approvals(slug, until or today() + timedelta(days=365)):
        record_approval(store, actor=ACTOR, slug=slug, approval=approval)


def train(store: Store, subject: str, days: int = 100) -> None:
    """Every course that any role asks for."""
    for course in {COURSE: None, **dict.fromkeys(COURSES_OF_ROLES.values())}:
        record_training(store, actor=ACTOR, subject=subject, course=course, expires=today() + timedelta(days=days))
