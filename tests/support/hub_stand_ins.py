"""Stand-ins for JupyterHub's application, user and spawner: just what housekeeping touches of them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from governance.settings import Settings
from hub.names import places_of


class StandInSpawner:
    def __init__(self, settings: Settings, subject: str, project: str) -> None:
        self.places = places_of(settings.folder, subject, project)
        self.places.hub_folder.mkdir(parents=True)
        self.orm_spawner = SimpleNamespace(last_activity=None)
        self.told: list[str] = []
        self._stop_pending = False
        self._stop_future: Any = None

    @property
    def ready(self) -> bool:
        return not self._stop_pending and "ended" not in self.told

    def used(self, moment: datetime) -> None:
        self.orm_spawner.last_activity = moment.replace(tzinfo=None)

    def stop_polling(self) -> None:
        self.told.append("polling ended")

    async def stop(self, now: bool = False) -> None:
        assert now
        self.told.append("killed")


class StandInUser:
    def __init__(self, settings: Settings, name: str, *projects: str) -> None:
        self.name = name
        self.spawners = {project: StandInSpawner(settings, name, project) for project in projects}
        self.stop_gate = asyncio.Event()
        self.stop_gate.set()

    async def stop(self, project: str) -> None:
        await self.stop_gate.wait()
        self.spawners[project].told.append("ended")


class StandInHub:
    def __init__(self, *users: StandInUser) -> None:
        self.users = {user.name: user for user in users}
        self.proxy = self

    async def delete_user(self, user: StandInUser, project: str) -> None:
        user.spawners[project].told.append("route gone")
