"""The words for one membership, or one dated row, by its own dates alone; all else is said elsewhere."""

from __future__ import annotations

from governance.clock import today
from governance.standing.periods import Dated, find_cover
from governance.store.projects import Membership
from hub.portal.words import COVERS, Words


def describe_membership(held: Membership) -> Words:
    """In force, not started, ended, or ended early."""
    if held.removed_at is not None:
        return Words(f"Ended early, {held.removed_at.date()}", "quiet")
    if today() < held.starts_on:
        return Words("Not started yet", "info")
    if held.until < today():
        return Words("Ended", "quiet")
    return Words("In force", "good")


def describe_period(row: Dated) -> Words:
    """In force, not begun, ended or withdrawn."""
    if row.withdrawn_at is not None:
        return Words("Withdrawn", "quiet")
    return COVERS[find_cover((row,), today()).cover]
