"""What has become newer than a project's extract: the region it was cut from, the opt-outs it was cut under.

Promise: an opt-out that was loaded, or whose day has come, is noticed for every live project cut from the region.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import duckdb
from sqlalchemy import select

from governance.access import can, check_project_dates
from governance.registry import current_extract, current_region
from governance.registry.opt_outs import current_opt_out_version
from governance.roles import ExtractOrigin
from governance.store import Store
from governance.store.projects import Project
from intake.keeper.ground import Ground
from intake.optouts import OptOutLabel, read_label
from intake.optouts.reading import OptOuts, opened
from intake.optouts.state import in_force_sql, journal_dissent_sql
from intake.sources import open_workbench


class Newer(StrEnum):
    """What an extract is behind of."""

    REGION = "region"
    OPT_OUTS = "opt-outs"  # others were loaded, or another deny table is in force
    DAYS = "days of opt-outs"  # the first or the last day of an opt-out has passed since


@dataclass(frozen=True)
class Behind:
    """A live project whose extract something is newer than."""

    project: str
    newer: frozenset[Newer]


@dataclass(frozen=True)
class _InForce:
    """The extract in force of a live project. `label`: of its opt-outs; None where it does not say."""

    project: str
    region: str
    label: OptOutLabel | None


def find_behind(ground: Ground) -> tuple[Behind, ...]:
    """Every live project cut from the region whose extract is behind of something, by slug.

    Raises the Refusals of `intake.optouts.reading.opened`.
    """
    extracts, region = _read(ground.store)
    if not extracts:
        return ()
    with open_workbench() as connection, opened(connection, ground.settings) as opt_outs:
        days = {held.label.day for held in extracts if held.label is not None}
        changed = {day for day in days if day != opt_outs.label.day and _differ(connection, opt_outs, day)}
        found = (Behind(held.project, _newer(held, region, opt_outs.label, changed)) for held in extracts)
        return tuple(behind for behind in found if behind.newer)


def has_new_opt_outs(store: Store) -> bool:
    """Whether any live extract was cut under opt-outs of another number than the newest: asked in each round, so of the
    register alone."""
    extracts, _ = _read(store)
    with store.reading() as session:
        newest = current_opt_out_version(session)
    number = 0 if newest is None else newest.number
    return any(held.label is None or held.label.number != number for held in extracts)


def _read(store: Store) -> tuple[list[_InForce], str]:
    extracts: list[_InForce] = []
    with store.reading() as session:
        for project in session.scalars(select(Project).order_by(Project.slug)):
            held = current_extract(session, project.slug)
            if held is not None and held.origin == ExtractOrigin.REGION and can(check_project_dates, project):
                extracts.append(_InForce(project.slug, held.region_version, read_label(held.opt_out_version)))
        region = current_region(session)
    return extracts, "" if region is None else region.id


def _differ(connection: duckdb.DuckDBPyConnection, opt_outs: OptOuts, day: date) -> bool:
    """Whether somebody's opt-outs of that day are not those of today."""
    if opt_outs.alias is None:
        return False
    for rule in (in_force_sql, journal_dissent_sql):
        then, today = (f"({rule(opt_outs.alias, of)})" for of in (day, opt_outs.label.day))
        for one, other in ((then, today), (today, then)):
            if connection.execute(f"SELECT 1 FROM (FROM {one} EXCEPT FROM {other}) LIMIT 1").fetchall():
                return True
    return False


def _newer(held: _InForce, region: str, now_in_force: OptOutLabel, changed: Collection[date]) -> frozenset[Newer]:
    label, found = held.label, set[Newer]()
    if held.region != region:
        found.add(Newer.REGION)
    if label is None or (label.number, label.policy) != (now_in_force.number, now_in_force.policy):
        found.add(Newer.OPT_OUTS)
    elif label.day in changed:
        found.add(Newer.DAYS)
    return frozenset(found)
