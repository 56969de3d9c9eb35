"""Tells the person in the Lab that much has left their workspace, before the cap closes it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from governance.registry.traffic import ALARM, Crossed
from governance.state import StateFolder
from hub.names import places_of
from hub.notices import Notice, write_notice

NOTICE = "traffic"


def tell_workspace(folder: StateFolder, crossed: Crossed) -> None:
    """Show a notice until midnight UTC. The cap needs none: the workspace is closed to browsers by then."""
    if crossed.event != ALARM:
        return
    midnight = datetime.combine(crossed.day + timedelta(days=1), time(), UTC)
    text = (
        f"More than {crossed.limit // 2**20:,} MiB left this workspace for your browser today. This is on record. If "
        "it goes on, the workspace closes to browsers until midnight UTC: show less, close what you do not need."
    )
    places = places_of(folder, crossed.subject, crossed.project)
    write_notice(places, Notice(NOTICE, "traffic", "warning", text, until=midnight.isoformat()))
