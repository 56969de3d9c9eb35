"""Two processes write eighty audited changes each while a third reads: nothing is lost, the chain always holds."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from governance.audit import append_event, read_events, verify_chain
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from governance.store.people import Organisation

EACH = 80
SPAWN = multiprocessing.get_context("spawn")  # a service starts like this: nothing inherited


def write(state: Path, name: str) -> None:
    store = open_store(load_settings(state=state))
    for number in range(EACH):
        with store.transaction() as session:
            session.add(Organisation(name=f"{name} {number}"))
            append_event(session, event="organisation.added", actor=f"service:{name}", detail={"number": number})


@pytest.mark.slow
def test_two_writers_and_a_reader(store: Store, settings: Settings) -> None:
    writers = [SPAWN.Process(target=write, args=(settings.folder.root, name)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        with store.reading() as session:
            # The signed head may be ahead of this snapshot, so only the chain itself is checked here.
            report = verify_chain(session, None, None)
            assert report.holds, report
            assert report.events >= seen
            seen = report.events
            assert report.events == 1 + session.query(Organisation).count(), (
                "a change without its event, or the reverse"
            )
        writers[0].join(0.05)
    assert [writer.exitcode for writer in writers] == [0, 0]
    with store.reading() as session:
        report = verify_chain(session, store.audit_head, store.signing_key)
        assert (report.holds, report.events, report.unsigned) == (True, 1 + 2 * EACH, 0)
        for name in ("one", "two"):
            details = [event.detail for event in read_events(session) if event.actor == f"service:{name}"]
            assert details == [f'{{"number":{number}}}' for number in range(EACH)], "in the order they were written"
