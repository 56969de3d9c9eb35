"""Ends extracts: those beyond the number that is kept, and all of projects that are closed. Promise: never the one in
force of a live project; on record before the files go.
"""

from __future__ import annotations

import shutil

from sqlalchemy import select

from governance.access import can, check_project_in_force
from governance.refusal import Refusal
from governance.registry import destroy_extract, list_extracts
from governance.roles import ProjectStatus
from governance.settings import Settings
from governance.store import Store
from governance.store.projects import Project
from intake.cut.kept import prune_lists
from intake.cut.site import building_alone, destroy_old


def retire_extracts(settings: Settings, store: Store, project: str | None = None, *, actor: str) -> tuple[str, ...]:
    """Destroy what is kept no longer, of every project; of a named project that is not live, all that is left.

    Returns the folders destroyed. Raises Refusal `extract-in-force` for a named live project, `no-such-project`,
    `build-under-way`, `role-missing`.
    """
    if project is not None:
        with building_alone(settings.folder.extracts, project):
            return _destroy_all(settings, store, project, actor)
    with store.reading() as session:
        held = {slug: _has_ended(session.get(Project, slug)) for slug in session.scalars(select(Project.slug))}
    destroyed: list[str] = []
    for slug, ended in sorted(held.items()):
        try:
            with building_alone(settings.folder.extracts, slug):
                if ended:
                    destroyed += _destroy_all(settings, store, slug, actor)
                else:
                    destroyed += destroy_old(settings, store, slug, actor=actor)
        except Refusal as refusal:
            if refusal.code != "build-under-way":  # the build destroys what is old itself
                raise
    return tuple(destroyed)


def _destroy_all(settings: Settings, store: Store, project: str, actor: str) -> tuple[str, ...]:
    with store.reading() as session:
        if can(check_project_in_force, session, project):
            raise Refusal("extract-in-force", f"{project} is live.", "Suspend or close the project first.")
        alive = [view.folder for view in list_extracts(session, project) if view.destroyed_at is None]
    for folder in reversed(alive):
        destroy_extract(store, actor=actor, slug=project, folder=folder, why="retired")
        shutil.rmtree(settings.folder.extracts / folder, ignore_errors=True)
    prune_lists(settings, project, ())
    return tuple(reversed(alive))


def _has_ended(project: Project | None) -> bool:
    """For good. A suspended project may come back to its data, one past its last day may be renewed."""
    return project is not None and project.status == ProjectStatus.CLOSED
