"""Which workspaces the hub is said to know."""

from __future__ import annotations

from typing import Any

from jupyterhub import orm

from governance.settings import Settings
from hub.housekeeping.running import Running
from hub.names import workspace_slug
from tests.support.hub_stand_ins import StandInHub, StandInUser


def hub_with_database(*users: StandInUser) -> Any:
    hub: Any = StandInHub(*users)
    hub.db = orm.new_session_factory("sqlite:///:memory:")()
    return hub


def test_memory_and_database_are_both_asked(settings: Settings) -> None:
    user = StandInUser(settings, "ann", "alpha", "beta", "gamma")
    for project, active, running in (("alpha", True, None), ("beta", False, ("sandbox", 1)), ("gamma", False, None)):
        spawner: Any = user.spawners[project]
        spawner.active, spawner.running = active, running
    hub = hub_with_database(user)
    ben = orm.User(name="ben")
    started = orm.Spawner(name="alpha", user=ben, server=orm.Server())
    hub.db.add_all([ben, started, orm.Spawner(name="beta", user=ben)])
    hub.db.commit()
    assert Running(hub).known_slugs() == {
        workspace_slug(name, project) for name, project in (("ann", "alpha"), ("ann", "beta"), ("ben", "alpha"))
    }


def test_a_hub_without_workspaces_knows_none() -> None:
    assert Running(hub_with_database()).known_slugs() == set()
