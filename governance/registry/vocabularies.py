"""Register action on the site's own vocabulary: which version was put in force, on the audit chain."""

from __future__ import annotations

from sqlalchemy import select

from governance.audit import Detail, append_event
from governance.registry.authority import check_can_change
from governance.registry.validation import check_name, check_sha256
from governance.roles import Role
from governance.store import Store
from governance.store.audit_log import AuditEvent

LOADED = "vocabulary.loaded"


def record_vocabulary(store: Store, *, actor: str, version: str, sha256: str, concepts: int) -> None:
    """Put on record that a version was loaded. Raises Refusal `bad-name`, `bad-digest`, `role-missing`."""
    check_name(version, "vocabulary")
    check_sha256(sha256)
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        detail: Detail = {"version": version, "sha256": sha256, "concepts": concepts}
        append_event(session, event=LOADED, actor=actor, detail=detail)


def is_vocabulary_recorded(store: Store, version: str) -> bool:
    """Whether the audit chain tells that this version was put in force."""
    asked = select(AuditEvent.seq).where(AuditEvent.event == LOADED, AuditEvent.detail.contains(version))
    with store.reading() as session:
        return session.scalar(asked.limit(1)) is not None
