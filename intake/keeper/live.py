"""Which live projects are cut from the region, and under which opt-outs: asked of the register alone.

Whether one of them has to be built again is the refresh's own to say (`intake.cut.refresh`): it compares region,
opt-outs and their days, grants and cohort with what the extract was cut from.
"""

from __future__ import annotations

from sqlalchemy import select

from governance.access import can, check_project_row
from governance.registry import current_extract
from governance.registry.opt_outs import current_opt_out_version
from governance.roles import ExtractOrigin
from governance.store import Store
from governance.store.projects import Project
from intake.optouts import read_label


def live_projects(store: Store) -> tuple[str, ...]:
    """Live projects whose extract was cut from the region, by slug."""
    return tuple(_live(store))


def under_older_opt_outs(store: Store) -> tuple[str, ...]:
    """Those whose extract was cut under opt-outs of another number than the newest, or does not say under which."""
    with store.reading() as session:
        version = current_opt_out_version(session)
    newest = 0 if version is None else version.number
    labels = {slug: read_label(text) for slug, text in _live(store).items()}
    return tuple(slug for slug, label in labels.items() if label is None or label.number != newest)


def _live(store: Store) -> dict[str, str]:
    """Slug -> what the extract in force says of its opt-outs."""
    found: dict[str, str] = {}
    with store.reading() as session:
        for project in session.scalars(select(Project).order_by(Project.slug)):
            held = current_extract(session, project.slug)
            if held is not None and held.origin == ExtractOrigin.REGION and can(check_project_row, session, project):
                found[project.slug] = held.opt_out_version
    return found
