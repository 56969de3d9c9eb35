"""Any history, any tampering by the database's owner: the first broken event is named, and an honest chain holds."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, event, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from governance.audit import ChainReport, Head, append_event, read_head, sign_head, verify_chain
from governance.audit.facts import PERSONAL
from governance.store.tables import AuditEvent, Base

NAME = st.text(string.ascii_lowercase, min_size=1, max_size=5)
TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=20)
FACT = st.one_of(
    TEXT, st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)
)
EVENT = st.fixed_dictionaries(
    {
        "event": st.tuples(NAME, NAME).map(".".join),
        "actor": st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20),
        "project": st.one_of(st.none(), NAME),
        "detail": st.dictionaries(
            NAME.filter(lambda name: name not in PERSONAL),
            FACT.filter(lambda fact: fact not in (float("inf"), float("-inf"))),
            max_size=3,
        ),
    }
)
HISTORY = st.lists(EVENT, min_size=1, max_size=12)
pytestmark = pytest.mark.slow
EXAMPLES = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TABLE = AuditEvent.__table__


class History:
    """A chain in memory, without triggers: what an owner of the database can do."""

    def __init__(self, folder: Path, key: Path, events: list[dict[str, Any]]) -> None:
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        event.listen(self.engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        Base.metadata.create_all(self.engine, tables=[TABLE])
        self.head_file, self.key = folder / "head.json", key
        self.head_file.unlink(missing_ok=True)
        with Session(self.engine) as session, session.begin():
            for values in events:
                append_event(session, **values)
            self.head: Head = read_head(session)
        sign_head(self.head_file, key, self.head)

    def verify(self) -> ChainReport:
        with Session(self.engine) as session:
            return verify_chain(session, self.head_file, self.key)

    def run(self, *statements: Any) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)

    def row(self, seq: int) -> dict[str, Any]:
        with self.engine.connect() as connection:
            return dict(connection.execute(select(TABLE).where(TABLE.c.seq == seq)).one()._mapping)


@given(events=HISTORY)
@EXAMPLES
def test_an_honest_history_holds(tmp_path: Path, initialised_template: Path, events: list[dict[str, Any]]) -> None:
    history = History(tmp_path, initialised_template / "keys" / "audit-signing.pem", events)
    assert history.verify() == ChainReport(len(events))


@given(events=HISTORY, data=st.data())
@EXAMPLES
def test_the_first_changed_event_is_named(
    tmp_path: Path, initialised_template: Path, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    history = History(tmp_path, initialised_template / "keys" / "audit-signing.pem", events)
    touched = data.draw(st.sets(st.integers(1, len(events)), min_size=1))
    for seq in touched:
        column = data.draw(st.sampled_from(["event", "actor", "project", "detail", "previous", "digest"]))
        value = data.draw(TEXT.filter(lambda text, seq=seq, column=column: text != history.row(seq)[column]))
        history.run(update(TABLE).where(TABLE.c.seq == seq).values({column: value}))
    report = history.verify()
    assert (report.broken_seq, report.events) == (min(touched), min(touched) - 1)


@given(events=HISTORY, data=st.data())
@EXAMPLES
def test_the_first_dropped_event_is_named(
    tmp_path: Path, initialised_template: Path, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    history = History(tmp_path, initialised_template / "keys" / "audit-signing.pem", events)
    dropped = data.draw(st.sets(st.integers(1, len(events)), min_size=1))
    history.run(delete(TABLE).where(TABLE.c.seq.in_(dropped)))
    report = history.verify()
    assert (report.broken_seq, report.events) == (min(dropped), min(dropped) - 1)


@given(events=HISTORY, data=st.data())
@EXAMPLES
def test_any_other_order_breaks_the_chain_where_it_starts(
    tmp_path: Path, initialised_template: Path, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    history = History(tmp_path, initialised_template / "keys" / "audit-signing.pem", events)
    order = data.draw(st.permutations(range(1, len(events) + 1)))
    rows = [history.row(seq) for seq in order]
    renumbered = [{**row, "seq": place} for place, row in enumerate(rows, start=1)]
    history.run(delete(TABLE), insert(TABLE).values(renumbered))
    moved = [place for place, seq in enumerate(order, start=1) if place != seq]
    assert history.verify().broken_seq == (moved[0] if moved else None)
