"""The hub's part of a close-out: once no workspace of a closed project runs, its folders are archived read-only."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import structlog
from sqlalchemy import select

from governance.applications.closing import Part, certify_close, open_close_outs, record_part
from governance.settings import Settings
from governance.store import Store
from governance.store.projects import Membership
from hub.archiving import archive_project
from hub.housekeeping.running import Running
from hub.names import RUN_PREFIX, WorkspacePlaces, workspace_slug
from hub.sandbox_process import is_held

HUB = "service:hub"
log = structlog.get_logger("hub.housekeeping")


class ClosedProjects:
    """The duty."""

    def __init__(self, running: Running, store: Store, settings: Settings) -> None:
        self._running = running
        self._store = store
        self._settings = settings

    async def archive_them(self) -> None:
        """One round."""
        if self._settings.workspace_platform != "sandbox":
            return  # homes are volumes of the engine or cluster: whoever runs it archives them (sde project archived)
        busy = frozenset(workspace.key[1] for workspace in self._running)
        await asyncio.to_thread(archive_closed, self._settings, self._store, busy)


def archive_closed(settings: Settings, store: Store, busy: frozenset[str]) -> tuple[str, ...]:
    """Archive the closed projects of which nothing runs, and record it; returns their slugs. Blocking."""
    with store.reading() as session:
        waiting = [one.project for one in open_close_outs(session) if Part.WORKSPACES.value in one.missing]
        subjects = {
            slug: list(session.scalars(select(Membership.subject).where(Membership.project_slug == slug)))
            for slug in waiting
        }
    done = []
    for slug in waiting if not _runs(settings) else ():
        places = [_places(settings, subject, slug) for subject in set(subjects[slug])]
        if slug in busy or any(place.run.exists() for place in places):  # swept once nothing of it runs
            continue
        held = archive_project(settings.folder, slug, subjects[slug])
        facts = {"archives": json.loads(json.dumps([asdict(one) for one in held]))}
        record_part(store, actor=HUB, slug=slug, part=Part.WORKSPACES, facts=facts)
        certify_close(settings, store, actor=HUB, slug=slug)
        log.info("workspace.archived", project=slug, folders=len(held))
        done.append(slug)
    return tuple(done)


def _runs(settings: Settings) -> bool:
    """Whether a single run is under way: its folder does not say of which project."""
    names = (folder.name for folder in (settings.folder.run / "w").glob(f"{RUN_PREFIX}*"))
    return any(is_held(WorkspacePlaces(settings.folder, name, name).lock) for name in names)


def _places(settings: Settings, subject: str, project: str) -> WorkspacePlaces:
    slug = workspace_slug(subject, project)
    return WorkspacePlaces(settings.folder, slug, slug)
