"""The running workspaces as housekeeping sees them, and the way to end one as the hub itself would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from jupyterhub import orm

from hub.names import WorkspacePlaces, workspace_slug

log = structlog.get_logger("hub.housekeeping")


@dataclass(frozen=True)
class Workspace:
    """One running workspace. `user` and `spawner` are JupyterHub's."""

    user: Any
    project: str
    spawner: Any

    @property
    def subject(self) -> str:
        """Whose it is."""
        return str(self.user.name)

    @property
    def key(self) -> tuple[str, str]:
        """Person and project."""
        return self.subject, self.project

    @property
    def places(self) -> WorkspacePlaces | None:
        """Its folders, if it is a sandbox of this machine."""
        return getattr(self.spawner, "places", None)

    @property
    def last_activity(self) -> datetime | None:
        """When its server last told of use; kept in the hub's database, so a restart of the hub does not change it."""
        stored = self.spawner.orm_spawner.last_activity
        return None if stored is None else stored.replace(tzinfo=UTC)


class Running:
    """All workspaces that run and are neither starting nor stopping."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._ending: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Workspace]:
        for user in list(self._app.users.values()):
            for project, spawner in list(user.spawners.items()):
                if spawner.ready:
                    yield Workspace(user, project, spawner)

    def known_slugs(self) -> set[str]:
        """Of every workspace that the hub believes to run, or is starting or stopping: its memory and its database."""
        known = {
            workspace_slug(user.name, project)
            for user in list(self._app.users.values())
            for project, spawner in list(user.spawners.items())
            if spawner.active or getattr(spawner, "running", None) is not None
        }
        for held in self._app.db.query(orm.Spawner).filter(orm.Spawner.server_id.is_not(None)):
            known.add(workspace_slug(held.user.name, held.name))
        return known

    def end(self, workspace: Workspace, *, at_once: bool = False) -> asyncio.Task[None] | None:
        """Begin to end it, beside whatever else is being ended; None if it starts or stops already.

        Args:
            workspace: which one.
            at_once: without asking its server to end and without waiting for unsaved documents.
        """
        spawner = workspace.spawner
        if not spawner.ready:
            return None
        spawner._stop_pending = True  # before anything else can run: as JupyterHub's own handler does
        task = spawner._stop_future = asyncio.create_task(self._end(workspace, at_once))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _end(self, workspace: Workspace, at_once: bool) -> None:
        spawner = workspace.spawner
        spawner.stop_polling()  # else the hub would notice the end, and clean up beside us
        try:
            if at_once:  # the processes first: the route leads nowhere then, and nobody has to be asked
                await spawner.stop(now=True)
            await self._app.proxy.delete_user(workspace.user, workspace.project)
            await workspace.user.stop(workspace.project)
        except Exception as error:  # the next round finds it again, if it still runs
            log.error("housekeeping.not-ended", project=workspace.project, error=type(error).__name__)
        finally:
            spawner._stop_pending, spawner._stop_future = False, None
