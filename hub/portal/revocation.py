"""Stops the workspaces that the register no longer allows. The register's action has already closed their channels, so
what fails here leaves a notebook that can ask nothing and submit nothing; the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from governance.access import can, check_can_spawn
from governance.refusal import Refusal
from hub.portal.portal import Portal
from hub.portal.words import Outcome


def stop_ended_workspaces(portal: Portal, subjects: Iterable[str]) -> Outcome:
    """Stop each running workspace of these people whose membership is not in force now. Tries every person, whatever
    happens with one of them."""
    outcomes = {_stop_ended(portal, subject) for subject in subjects}
    return next((found for found in (Outcome.UNSURE, Outcome.STOPPED) if found in outcomes), Outcome.NONE_RAN)


def _stop_ended(portal: Portal, subject: str) -> Outcome:
    try:
        running = portal.hub.read_servers(subject)
        with portal.store.reading() as session:
            ended = [project for project in running if not can(check_can_spawn, session, subject, project)]
        stopped = [portal.hub.stop(subject, project) for project in ended]
    except Refusal:
        return Outcome.UNSURE
    return Outcome.STOPPED if any(stopped) else Outcome.NONE_RAN
