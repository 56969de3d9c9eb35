"""The airlock in full: what answers said (to match a table's cells to them), what reviewers need beside a file, what a
release proves, and what people are told.
"""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One function a subject."""
    _add_provenance()
    _add_review()
    _add_release()
    _add_service()


def _add_provenance() -> None:
    """Published answers by receipt, and which of them a file's cells were matched to."""


def _add_review() -> None:
    """Groups of files, lineage, deadlines, budgets."""


def _add_release() -> None:
    """Both digests of a released file, links for its author, incidents."""


def _add_service() -> None:
    """Notices, planted outputs, the way in."""
