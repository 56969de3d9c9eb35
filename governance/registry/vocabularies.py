"""Register action on the site's own vocabulary: which version was put in force, on the audit chain."""

from __future__ import annotations

from governance.audit import Detail, append_event
from governance.registry.authority import check_can_change
from governance.registry.validation import check_name, check_sha256
from governance.roles import Role
from governance.store import Store


def record_vocabulary(store: Store, *, actor: str, version: str, sha256: str, concepts: int) -> None:
    """Put on record that a version was loaded. Raises Refusal `bad-name`, `bad-digest`, `role-missing`."""
    check_name(version, "vocabulary")
    check_sha256(sha256)
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        detail: Detail = {"version": version, "sha256": sha256, "concepts": concepts}
        append_event(session, event="vocabulary.loaded", actor=actor, detail=detail)
