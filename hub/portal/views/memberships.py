"""The words for one membership by its own dates alone; project, training and suspension are said elsewhere."""

from __future__ import annotations

from governance.clock import today
from governance.store.projects import Membership
from hub.portal.words import Words


def describe_membership(held: Membership) -> Words:
    """In force, not started, ended, or ended early."""
    if held.removed_at is not None:
        return Words(f"Ended early, {held.removed_at.date()}", "quiet")
    if today() < held.starts_on:
        return Words("Not started yet", "info")
    if held.until < today():
        return Words("Ended", "quiet")
    return Words("In force", "good")
