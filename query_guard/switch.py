"""When a project's extract is replaced: a question that met the change is asked again, and engines of extracts that are
no longer in force end. Promise: an answer comes wholly from one extract, and within LOOK_EVERY seconds no idle engine
has one open that its project may not read any more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import select

from governance.access import can, check_project_row
from governance.extracts import ProjectData
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.settings import Settings
from governance.store import Store
from governance.store.projects import Project
from query_guard.engine.pool import EnginePool

log = structlog.get_logger()

LOOK_EVERY = 10.0  # seconds
#: What a question is told whose extract was taken away before an engine had opened it.
OF_A_REPLACED_EXTRACT = frozenset({"extract-damaged", "engine-unavailable"})
#: How often a question is begun anew because of it.
MOST_BEGINNINGS = 3


def was_replaced(settings: Settings, store: Store, slug: str, tried: ProjectData | None, refusal: Refusal) -> bool:
    """Whether a refusal may only be about an extract that is not in force any more. `tried`: None if it could not even
    be read."""
    if refusal.code not in OF_A_REPLACED_EXTRACT:
        return False
    if tried is None:
        return True
    with store.reading() as session:
        held = current_extract(session, slug)
    return held is not None and settings.folder.extracts / held.folder != tried.database.parent


@contextmanager
def ending_replaced(store: Store, engines: EnginePool, seconds: float = LOOK_EVERY) -> Iterator[None]:
    """For as long as the block lasts, look again and again which extracts are in force, and end idle engines of all
    others."""
    ended = threading.Event()
    thread = threading.Thread(target=_look, args=(store, engines, seconds, ended), name="engine-retirer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def in_force(store: Store) -> frozenset[str]:
    """SHA-256 of every extract that some live project may read now."""
    with store.reading() as session:
        projects = [project for project in session.scalars(select(Project)) if can(check_project_row, session, project)]
        held = [current_extract(session, project.slug) for project in projects]
    return frozenset(extract.sha256 for extract in held if extract is not None)


def _look(store: Store, engines: EnginePool, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds):
        try:
            engines.keep_only(in_force(store))
        except Exception as error:  # the register is away for a moment: look again later
            log.warning("engines.not-looked-at", error=type(error).__name__)
