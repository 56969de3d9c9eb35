"""Indexes by which the auditor's page, the monitoring and the signed days find events among millions."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Each with the event's number, by which pages are turned."""
    for column in ("at", "event", "actor", "project"):
        op.create_index(f"ix_audit_event_{column}", "audit_event", [column, "seq"])
