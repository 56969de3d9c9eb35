"""The people of an extract: chosen by the cohort, given a pseudonym under the project's key, a dense ordinal and a mark
under the cut's key. Promise: a person none of whose rows in `person` may be used is not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from governance.cohort import Cohort
from governance.extracts import MARKS
from governance.refusal import Refusal
from intake.cut.cohort import CHOSEN, chosen_sql, cohort_sql
from intake.cut.source import KIND_BITS, UNKNOWN_FEED, Source
from intake.keys import KeyStore, Marker, Pseudonymiser, open_for_extract
from intake.sources import quote_text

Identifiers = npt.NDArray[np.int64]
#: Everybody whom the cohort would hold: source_person_id, kind (0: in the extract), feed (the place of whose row of
#: `person` is used), closed (reasons by feed, packed).
COHORT = "scratch.cohort"
#: Those in the extract: the same and person_id (the pseudonym), person_ordinal (dense, from 0).
PEOPLE = "scratch.people"
DENIED = "scratch.denied"  # person_id, source_feed, kind (a number)


@dataclass(frozen=True)
class PeopleLedger:
    """`known = others + opted out + chosen`: people the source knows, those outside the cohort, those left out as a
    whole by reason, and those in the extract."""

    known: int
    others: int
    opted_out: Mapping[str, int]
    chosen: int

    @property
    def adds_up(self) -> bool:
        """Whether everybody is accounted for."""
        return self.known == self.others + sum(self.opted_out.values()) + self.chosen


def choose_people(
    connection: duckdb.DuckDBPyConnection, cohort: Cohort, source: Source, key: Pseudonymiser
) -> PeopleLedger:
    """Fill `COHORT` and `PEOPLE`. The mapping dies with the connection.

    Raises Refusal `empty-cohort`, `person-not-unique`, `pseudonym-clash`, `ledger-mismatch` and those of `cohort_sql`.
    """
    denied = _number_reasons(connection, source) if source.feeds else ""
    connection.execute(f"CREATE OR REPLACE TABLE {CHOSEN} AS {chosen_sql(cohort, source, denied)}")
    _check_one_row_each(connection)
    chosen = cohort_sql(cohort, source, denied)
    closed = "SELECT c.*, CAST(0 AS UBIGINT) AS closed FROM c"
    if source.feeds:
        packed = (
            f"bit_or(CAST(kind AS UBIGINT) << (CAST({source.feed_place_sql('source_feed')} * {KIND_BITS} AS UBIGINT)))"
        )
        closed = (
            f"SELECT c.*, coalesce(d.closed, CAST(0 AS UBIGINT)) AS closed FROM c LEFT JOIN ("
            f"SELECT person_id, {packed} AS closed FROM {denied} WHERE source_feed IN {source.known_feeds_sql}"
            f" GROUP BY 1) d ON d.person_id = c.source_person_id"
        )
    connection.execute(
        f"CREATE OR REPLACE TABLE {COHORT} AS WITH c AS (SELECT person_id AS source_person_id, kind, feed"
        f" FROM ({chosen})) {closed}"
    )
    ledger = _count_people(connection, source)
    if not ledger.chosen:
        raise Refusal("empty-cohort", "Nobody in the source meets the cohort and may be used.", "Widen the cohort.")
    _give_pseudonyms(connection, key)
    return ledger


def write_marks(connection: duckdb.DuckDBPyConnection, key: Marker) -> None:
    """Write the hidden table `extract.sde_marks` (person_id, mark), in the order of the pseudonyms, which says nothing
    about the order of the source. Raises Refusal `mark-clash`."""
    people = connection.sql(f"SELECT source_person_id, person_id FROM {PEOPLE}").to_arrow_table()
    marks = pa.array(key.mark_array(people.column("source_person_id").to_numpy()), pa.uint64())
    connection.register("marked", pa.table({"person_id": people.column("person_id"), "mark": marks}))
    connection.execute(
        f"CREATE TABLE extract.{MARKS} AS SELECT CAST(person_id AS BIGINT) AS person_id, CAST(mark AS UBIGINT) AS mark"
        " FROM marked ORDER BY person_id"
    )
    connection.unregister("marked")


def rekey_identifiers(
    connection: duckdb.DuckDBPyConnection, domain: str, selects: list[str], keys: KeyStore, project: str
) -> str:
    """A mapping table `scratch.<domain>` (source_id, new_id) over every value of the given SELECTs (one column each).

    Row identifiers that other tables refer to are keyed like people: two projects' extracts share no number.
    """
    identifiers = _each_once(_identifiers(connection, " UNION ALL ".join(selects)))
    _store_mapping(connection, domain, "source_id", "new_id", identifiers, open_for_extract(keys, project, domain))
    return f"scratch.{domain}"


def _number_reasons(connection: duckdb.DuckDBPyConnection, source: Source) -> str:
    numbers = " ".join(f"WHEN {quote_text(kind)} THEN {number}" for number, kind in enumerate(source.kinds, 1))
    # A reason that nobody knows closes as well, under the number of feeds that nobody knows.
    connection.execute(
        f"CREATE OR REPLACE TABLE {DENIED} AS SELECT person_id, source_feed, CAST(min(CASE kind {numbers}"
        f" ELSE {UNKNOWN_FEED} END) AS UTINYINT) AS kind FROM {source.denied} GROUP BY ALL"
    )
    return DENIED


def _count_people(connection: duckdb.DuckDBPyConnection, source: Source) -> PeopleLedger:
    known = _number(connection, f"SELECT count(*) FROM {CHOSEN}")
    counted = dict(connection.execute(f"SELECT kind, count(*) FROM {COHORT} GROUP BY 1 ORDER BY 1").fetchall())
    others = _number(
        connection,
        f"SELECT count(*) FROM {CHOSEN} p WHERE NOT EXISTS"
        f" (SELECT 1 FROM {COHORT} c WHERE c.source_person_id = p.person_id)",
    )
    opted_out = {source.kind_word(number): count for number, count in counted.items() if number}
    ledger = PeopleLedger(known, others, opted_out, counted.get(0, 0))
    if not ledger.adds_up:
        raise Refusal("ledger-mismatch", "The people do not add up: nothing was built.", "Report this.")
    return ledger


def _give_pseudonyms(connection: duckdb.DuckDBPyConnection, key: Pseudonymiser) -> None:
    identifiers = _identifiers(connection, f"SELECT source_person_id FROM {COHORT} WHERE kind = 0")
    _store_mapping(connection, "pseudonyms", "source_person_id", "person_id", identifiers, key)
    connection.execute(
        f"CREATE OR REPLACE TABLE {PEOPLE} AS SELECT *, CAST(row_number() OVER (ORDER BY person_id) - 1 AS INTEGER)"
        f" AS person_ordinal FROM scratch.pseudonyms JOIN {COHORT} USING (source_person_id)"
    )
    connection.execute("DROP TABLE scratch.pseudonyms")


def _identifiers(connection: duckdb.DuckDBPyConnection, sql: str) -> Identifiers:
    found: Identifiers = connection.sql(sql).to_arrow_table().column(0).cast(pa.int64()).drop_null().to_numpy()
    return found


def _each_once(identifiers: Identifiers) -> Identifiers:
    """Sorted, because a sort costs a tenth of telling them apart by hash, and joins are quicker on a sorted mapping."""
    ordered = np.sort(identifiers)
    return ordered if not len(ordered) else ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]


def _store_mapping(
    connection: duckdb.DuckDBPyConnection, name: str, old: str, new: str, identifiers: Identifiers, key: Pseudonymiser
) -> None:
    columns = {old: pa.array(identifiers, pa.int64()), new: pa.array(key.pseudonym_array(identifiers), pa.int64())}
    connection.register("mapping", pa.table(columns))
    connection.execute(f"CREATE OR REPLACE TABLE scratch.{name} AS SELECT * FROM mapping")
    connection.unregister("mapping")


def _check_one_row_each(connection: duckdb.DuckDBPyConnection) -> None:
    twice = _number(connection, f"SELECT count(*) FROM {CHOSEN} WHERE twice")
    if twice:
        raise Refusal(
            "person-not-unique", f"{twice} person_ids stand more than once in person.", "Mend the source first."
        )


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
