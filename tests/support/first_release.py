"""A register as the first release left it: a row in every table it had, and a chain of five events (as data)."""

from __future__ import annotations

from pathlib import Path

from governance.audit import append_event, verify_chain
from governance.backup.rows import load
from governance.migrations import upgrade
from governance.store import Store
from governance.store.airlock import EgressRequest, EgressVote
from governance.store.database import SCHEMA_VERSION
from governance.store.people import Person
from governance.store.projects import Membership, Project
from governance.store.tables import QueryReceipt

ROWS = Path(__file__).parents[1] / "fixtures" / "register" / "first_release.jsonl"
FIRST = "0001"


def check_first_release_goes_forward(store: Store) -> None:
    """Filled as then, brought to the newest schema: each row is there, the chain holds, and the register goes on."""
    written = ROWS.read_text().splitlines()
    with store.engine.execution_options(sde_begin="BEGIN IMMEDIATE").begin() as connection:
        assert load(connection, FIRST, written) == len(written)
    assert upgrade(store.engine) == (FIRST, SCHEMA_VERSION)
    with store.reading() as session:
        assert verify_chain(session, None, None).events == 5
        assert session.get_one(Person, "r-1").name == "Person 0 Müller"
        assert session.get_one(Project, "asthma").ends_on.year == 2027
        assert session.get_one(EgressRequest, "q1").state == "released"
        assert session.get_one(EgressVote, 9).decision == "accept"
        assert session.get_one(QueryReceipt, "rc1").rows == 1
    with store.transaction() as session:
        member = Membership(project_slug="asthma", subject="c-2", role="researcher")
        member.starts_on = member.until = session.get_one(Project, "asthma").ends_on
        session.add(member)
        append_event(session, event="member.added", actor="operator:x", project="asthma")
        assert member.id > 5, "new rows are numbered after those that were there"
    with store.reading() as session:
        assert verify_chain(session, None, None).events == 6
