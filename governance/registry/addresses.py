"""Register action on where a person's notices are mailed to. The audit event says that it changed, not the address."""

from __future__ import annotations

import re

from governance.audit import Detail, append_event
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_person
from governance.roles import Role
from governance.store import Store
from governance.store.notices import MailAddress

LONGEST = 200
#: A subset of RFC 5321, 4.1.2 that cannot end a header, name a second recipient or be read as an option.
ADDRESS = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_+.'-]*@[A-Za-z0-9][A-Za-z0-9.-]*")


def set_mail_address(store: Store, *, actor: str, subject: str, address: str) -> None:
    """Write or, with an empty address, take away where a person's notices go. Raises Refusal `no-such-person`,
    `bad-address`, `role-missing`."""
    wanted = address.strip()
    if wanted and (len(wanted) > LONGEST or not ADDRESS.fullmatch(wanted)):
        raise Refusal("bad-address", "This is no address for mail.", "Write it as name@example.org.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        find_person(session, subject)
        row = session.get(MailAddress, subject)
        if row is not None:
            session.delete(row)
            session.flush()
        if wanted:
            session.add(MailAddress(subject=subject, address=wanted))
        detail: Detail = {"subject": subject, "has_address": bool(wanted)}
        append_event(session, event="person.mail-address", actor=actor, detail=detail)
