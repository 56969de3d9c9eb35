"""Register action on sign-ins: end every session of a person, by themselves or by an administrator."""

from __future__ import annotations

from governance.registry.authority import check_can_change, find_person
from governance.roles import Role
from governance.sign_ins import sign_out_everywhere
from governance.store import Store


def end_sessions(store: Store, *, actor: str, subject: str) -> None:
    """Sign a person out of every browser at once. Nothing else changes: they may sign in again.

    Raises Refusal `no-such-person`, and `role-missing` where it is somebody else's sign-in.
    """
    with store.transaction() as session:
        if actor != subject:
            check_can_change(session, actor, Role.ADMINISTRATOR)
        sign_out_everywhere(session, find_person(session, subject).subject, actor=actor)
