"""Reads what deliveries say about opt-outs: Type 1 in the GP journals, and which organisation answers for which feed.

Promise: both are read anew and whole each time, so that an entry that a practice corrects is corrected here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance.audit import Detail
from governance.registry.deliveries import DeliveryView
from governance.settings import Settings
from governance.store import Store
from intake.feeds import Feed, Meaning, find_feed, region_feeds
from intake.landing.current import staged_files
from intake.optouts.changing import TARGET, Outcome, change_opt_outs
from intake.optouts.closures import JOURNAL_FEED
from intake.optouts.controllers import normal_controller
from intake.optouts.database import Connection
from intake.optouts.policy import journal_codes
from intake.places import IntakePlaces
from intake.progress import Progress
from intake.sources import quote_name, quote_text

JOURNAL_TABLE = "journal"


@dataclass(frozen=True)
class RefreshReport:
    """What deliveries say: entries of journals about Type 1, those of nobody known, and organisations' codes."""

    version: int
    entries: int
    nobody: int
    controllers: int


def refresh_from_deliveries(
    settings: Settings,
    store: Store,
    deliveries: Sequence[DeliveryView],
    *,
    actor: str,
    progress: Progress = lambda *_: None,
) -> RefreshReport:
    """Read Type 1 from the GP journals, and organisations' codes, of accepted deliveries. Part of building a region.

    Raises Refusal as `change_opt_outs`. Nothing new is no new version.
    """
    places = IntakePlaces.of(settings)

    def work(connection: Connection, version: int) -> Outcome[RefreshReport]:
        before, _, _ = _summary(connection)
        progress("reading Type 1 in the journals", 0, 2)
        nobody = _read_journal(connection, deliveries, places)
        progress("reading who delivered", 1, 2)
        for feed in region_feeds():
            _read_controllers(connection, feed, deliveries, places)
        content, entries, codes = _summary(connection)
        progress("reading who delivered", 2, 2)
        same = content == before
        detail: Detail = {"journal_entries": entries, "of_nobody": nobody, "controllers": codes}
        return Outcome(RefreshReport(version - same, entries, nobody, codes), "" if same else content, detail)

    return change_opt_outs(settings, store, work, event="optouts.refreshed", actor=actor)


def _summary(connection: Connection) -> tuple[str, int, int]:
    """A digest of what is known from deliveries, and how many entries and codes that is."""
    digest, counts = hashlib.sha256(), []
    for table in ("journal_choice", "controller"):
        rows = connection.execute(f"SELECT DISTINCT * FROM {TARGET}.{table} ORDER BY ALL").fetchall()
        counts.append(len(rows))
        digest.update(repr(rows).encode())
    return digest.hexdigest(), counts[0], counts[1]


def _read_journal(connection: Connection, deliveries: Sequence[DeliveryView], places: IntakePlaces) -> int:
    """Fill `journal_choice`. Returns how many entries are of nobody (no person_ref: they cannot be linked at all).

    An entry that was delivered twice says the same thing twice, so rows need not be made single here.
    """
    codes = journal_codes()
    feed = find_feed(JOURNAL_FEED)
    connection.execute(f"DELETE FROM {TARGET}.journal_choice")
    files = staged_files(feed, feed.tables[JOURNAL_TABLE], deliveries, places)
    if not files:
        return 0
    code = f"CAST({quote_name(codes.code)} AS VARCHAR)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE journal_entries AS SELECT person_ref, {quote_name(codes.day)} AS entered,"
        f" {code} IN ({_texts(codes.dissent)}) AS dissents FROM read_parquet([{_texts(map(str, files))}])"
        f" WHERE {code} IN ({_texts((*codes.dissent, *codes.withdrawn))})"
    )
    connection.execute(
        f"INSERT INTO {TARGET}.journal_choice SELECT DISTINCT person_ref, entered, dissents FROM temp.journal_entries"
        " WHERE person_ref IS NOT NULL"
    )
    rows = connection.execute("SELECT count(*) FROM temp.journal_entries WHERE person_ref IS NULL").fetchall()
    return int(rows[0][0])


def _read_controllers(
    connection: Connection, feed: Feed, deliveries: Sequence[DeliveryView], places: IntakePlaces
) -> None:
    """Fill `controller` with the codes in the feed's tables of people (each of its organisations has people)."""
    connection.execute(f"DELETE FROM {TARGET}.controller WHERE feed = ?", [feed.name])
    codes: set[str] = set()
    for table in feed.tables.values():
        provider = table.column_meaning(Meaning.PROVIDER)
        files = staged_files(feed, table, deliveries, places) if table.tells_identity else []
        if provider is not None and files:
            rows = connection.execute(
                f"SELECT DISTINCT CAST({quote_name(provider.name)} AS VARCHAR)"
                f" FROM read_parquet([{_texts(map(str, files))}])"
            ).fetchall()
            codes |= {normal_controller(code) for (code,) in rows if code} - {""}
    if codes:
        rows_of = [[code, feed.name] for code in sorted(codes)]
        connection.executemany(f"INSERT INTO {TARGET}.controller VALUES (?, ?)", rows_of)


def _texts(values: Iterable[str]) -> str:
    return ", ".join(quote_text(value) for value in values)
