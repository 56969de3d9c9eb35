"""Builds the extracts of live projects again where something they were cut from has changed since, and says why.

Promise: a project whose extract cannot be built keeps the one it has and keeps nobody else from theirs; who opted out
since is gone from every extract that was refreshed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import duckdb
from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_project_in_force
from governance.extracts import read_manifest
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.registry.regions import RegionView
from governance.roles import ExtractOrigin
from governance.settings import Settings
from governance.store import Store
from governance.store.projects import Extract, Project
from intake.cut.pipeline import ExtractOrder, ExtractReport, build_extract
from intake.cut.regional import RegionSource, newest_region
from intake.cut.wanted import read_wanted
from intake.keys import key_store
from intake.keys.of_extract import in_use, made_with
from intake.optouts.changes import has_changed_since
from intake.progress import Progress

OPT_OUTS = "opt-outs"


class Outcome(StrEnum):
    """What became of one project's refresh."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    NOT_REFRESHED = "not refreshed"
    FAILED = "failed"


@dataclass(frozen=True)
class Refreshed:
    """One project: what became of it and why, in words for the steward."""

    project: str
    outcome: Outcome
    why: str
    report: ExtractReport | None = None


def refresh_extracts(
    settings: Settings,
    store: Store,
    projects: Sequence[str] = (),
    *,
    actor: str,
    progress: Progress = lambda *_: None,
) -> tuple[Refreshed, ...]:
    """The named projects, or every live one whose extract was cut from the region. Never raises for one project."""
    found: list[Refreshed] = []
    for project in projects or _live_region_projects(store):
        try:
            found.append(_refresh(settings, store, project, actor, progress))
        except Refusal as refusal:
            found.append(Refreshed(project, Outcome.FAILED, f"{refusal.code}: {refusal.message}"))
        except (OSError, duckdb.Error) as error:  # never the engine's own words: they can hold a value
            found.append(Refreshed(project, Outcome.FAILED, type(error).__name__))
    return tuple(found)


def _refresh(settings: Settings, store: Store, project: str, actor: str, progress: Progress) -> Refreshed:
    with store.reading() as session:
        live = can(check_project_in_force, session, project)
        held = current_extract(session, project)
    if not live:
        return Refreshed(project, Outcome.NOT_REFRESHED, "not live: sde extract retire destroys its data")
    if held is None:
        return Refreshed(project, Outcome.NOT_REFRESHED, "it has no extract yet: sde extract build")
    if held.origin != ExtractOrigin.REGION:
        return Refreshed(project, Outcome.NOT_REFRESHED, "its extract was adopted: sde extract adopt")
    region = newest_region(store)
    changed = _changes(settings, store, held, region)
    if not changed:
        return Refreshed(project, Outcome.UNCHANGED, "region, opt-outs, grants and cohort are as they were")
    order = ExtractOrder(project, RegionSource(settings, region), after_opt_outs=changed == [OPT_OUTS])
    report = build_extract(settings, store, order, actor=actor, progress=progress)
    return Refreshed(project, Outcome.BUILT, f"changed since: {', '.join(changed)}", report)


def _changes(settings: Settings, store: Store, held: Extract, region: RegionView) -> list[str]:
    """What is not as it was when the extract was cut."""
    changed = ["the region"] if held.region_version != region.id else []
    if has_changed_since(settings, held.opt_out_version):
        changed.append(OPT_OUTS)
    wanted = read_wanted(store, held.project_slug)
    if _keys_changed(settings, store, held.project_slug):
        changed.append("keys")
    if wanted.purpose != held.purpose:
        changed.append("the purpose")
    elif _wanted_then(settings, held) != wanted.digest:
        changed.append("grants or cohort")
    return changed


def _keys_changed(settings: Settings, store: Store, project: str) -> bool:
    """Whether a key was rotated since."""
    try:
        with store.reading() as session:
            then = made_with(settings, session, project)
    except Refusal:
        return True
    now_used = in_use(key_store(settings), project)
    return any(now_used.get(domain) != key_id for domain, key_id in then.items())


def _wanted_then(settings: Settings, held: Extract) -> str:
    try:
        return str(read_manifest(settings.folder.extracts / held.folder).get("wanted", ""))
    except Refusal:  # damaged: building it again is the cure
        return ""


def _live_region_projects(store: Store) -> list[str]:
    with store.reading() as session:
        slugs = session.scalars(select(Project.slug).order_by(Project.slug)).all()
        return [slug for slug in slugs if can(check_project_in_force, session, slug) and _is_regional(session, slug)]


def _is_regional(session: Session, slug: str) -> bool:
    held = current_extract(session, slug)
    return held is not None and held.origin == ExtractOrigin.REGION
