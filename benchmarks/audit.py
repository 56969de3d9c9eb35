"""What the audit chain costs: appending in groups, verifying, and turning pages among many events.

    python -m benchmarks.audit [EVENTS]

Goals: 1,000 events a second appended in durable commits of groups, 100,000 a second verified. Processor time of this
process, beside plain durable inserts of the same rows into a table without chain, signature or index in the same run:
read the ratio rather than the numbers.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from governance.audit import append_event, export_lines, read_public_key, verify_chain, verify_export
from governance.audit.outcomes import Outcome
from governance.audit.searching import Wanted, find_events
from governance.audit.signed_head import load_signing_key
from governance.clock import now
from governance.registry import initialise
from governance.settings import load_settings
from governance.store import Store

EVENTS, APPENDED, GROUPS, PAGES = 100_000, 2_000, (1, 10, 100), 40
DETAIL = {"receipt": "0" * 32, "channel": "c" * 16, "code": "", "tables": "person,visit_occurrence", "rows": 12}


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else EVENTS
    table = Table("what", "a second (wall)", "a second (CPU)", "plain insert, wall", "ratio", title="Audit chain")
    with tempfile.TemporaryDirectory() as folder:
        store = initialise(load_settings(state=Path(folder) / "state"))
        for group in GROUPS:
            wall, cpu = _rate(APPENDED, lambda group=group: _append(store, APPENDED, group))
            plain, _ = _rate(APPENDED, lambda group=group: _insert(Path(folder) / f"plain{group}.db", APPENDED, group))
            table.add_row(
                f"append, {group} a commit", f"{wall:,.0f}", f"{cpu:,.0f}", f"{plain:,.0f}", f"{wall / plain:.2f}"
            )
        _append(store, events, 5_000)
        _verify(store, table)
        _turn_pages(store, table)
        store.close()
    Console().print(table)


def _verify(store: Store, table: Table) -> None:
    lines: list[str] = []
    key = store.signing_key
    assert key is not None
    with store.reading() as session:
        count = verify_chain(session, store.audit_head, key).events
        wall, cpu = _rate(count, lambda: verify_chain(session, store.audit_head, key))
        table.add_row(f"verify {count:,}", f"{wall:,.0f}", f"{cpu:,.0f}")
        wall, cpu = _rate(count, lambda: lines.extend(export_lines(session, store.audit_head)))
        table.add_row("export", f"{wall:,.0f}", f"{cpu:,.0f}")
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = load_signing_key(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    wall, cpu = _rate(count, lambda: verify_export(lines, read_public_key(pem)))
    table.add_row("verify an export", f"{wall:,.0f}", f"{cpu:,.0f}")


def _turn_pages(store: Store, table: Table) -> None:
    filters = {
        "all": Wanted(),
        "an actor": Wanted(actor="researcher-7"),
        "an outcome": Wanted(outcome=Outcome.REFUSED),
        "an actor's refusals": Wanted(actor="researcher-7", outcome=Outcome.REFUSED),
        "a time": Wanted(since=now() - timedelta(hours=1), until=now()),
    }
    for name, wanted in filters.items():
        spent, before = [], None
        with store.reading() as session:
            for _ in range(PAGES):
                begun = time.process_time()
                found = find_events(session, wanted, limit=51, before=before)
                spent.append(time.process_time() - begun)
                before = found[-1].seq if found else None
        table.add_row(f"page of {name}: p95 {sorted(spent)[int(PAGES * 0.95)] * 1000:.1f} ms CPU")


def _append(store: Store, events: int, group: int) -> None:
    for start in range(0, events, group):
        with store.transaction() as session:
            for number in range(start, start + group):
                name = "query.refused" if number % 50 == 0 else "query.answered"
                append_event(session, event=name, actor=f"researcher-{number % 20}", project="gi-bleed", detail=DETAIL)


def _insert(file: Path, events: int, group: int) -> None:
    plain = sqlite3.connect(file, isolation_level=None)
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute("PRAGMA synchronous=FULL")
    plain.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, at TEXT, event TEXT, actor TEXT, detail TEXT)")
    for start in range(0, events, group):
        plain.execute("BEGIN IMMEDIATE")
        for _ in range(start, start + group):
            values = (str(now()), "query.answered", "researcher-1", str(DETAIL))
            plain.execute("INSERT INTO event (at, event, actor, detail) VALUES (?, ?, ?, ?)", values)
        plain.execute("COMMIT")
    plain.close()


def _rate(count: int, work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), sum(os.times()[:2])
    work()
    return count / (time.perf_counter() - wall), count / max(0.01, sum(os.times()[:2]) - cpu)


if __name__ == "__main__":
    main()
