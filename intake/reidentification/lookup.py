"""The way back: from pseudonyms of a project's extract to NHS numbers. Promise: the mapping is computed anew under the
project's key, in memory, for this one answer; no such mapping is stored anywhere.

Only intake.reidentification.answering may import this module (tests/architecture/test_one_way_back.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from governance.settings import Settings
from intake.feeds import region_feeds
from intake.keys import Pseudonymiser
from intake.linkage.spine import attach_spine
from intake.optouts import DENIED, Use, write_denied
from intake.places import IntakePlaces
from intake.reidentification.presence import present
from intake.sources import quote_text

#: Everybody who ever had a number of the spine, with the number of whom they are one with now.
_SURVIVORS = """
    WITH RECURSIVE follow(person_id, survivor) AS (
        SELECT from_person_id, to_person_id FROM spine.merged
        UNION SELECT f.person_id, m.to_person_id FROM follow f JOIN spine.merged m ON m.from_person_id = f.survivor),
    ended AS (
        SELECT person_id, survivor FROM follow
        WHERE survivor NOT IN (SELECT from_person_id FROM spine.merged))
    SELECT person_id, person_id AS survivor FROM spine.person
    UNION SELECT person_id, survivor FROM ended"""


@dataclass(frozen=True)
class Place:
    """Where the way back begins: the project's extract in force."""

    extract: Path
    settings: Settings


def find_nhs_numbers(
    connection: duckdb.DuckDBPyConnection, place: Place, key: Pseudonymiser, pseudonyms: frozenset[int]
) -> Mapping[int, int]:
    """The NHS number for each pseudonym whose person is in the extract, is known, and has not objected to the use of
    any feed's records for their own care. Others are left out, and nothing says why.

    Raises Refusal `no-spine` and those of `write_denied`: without opt-outs nobody is named.
    """
    asked = present(place.extract, pseudonyms)
    attach_spine(connection, IntakePlaces.of(place.settings))
    people = connection.execute(f"SELECT person_id, survivor FROM ({_SURVIVORS})").fetchnumpy()
    ids: npt.NDArray[np.int64] = np.asarray(people["person_id"], np.int64)
    once, first = np.unique(ids, return_index=True)
    made = key.pseudonym_array(once)
    found = np.isin(made, np.array(sorted(asked), np.int64))
    matched = pa.table(
        {
            "pseudonym": pa.array(made[found]),
            "person_id": pa.array(np.asarray(people["survivor"], np.int64)[first][found]),
        }
    )
    connection.register("matched", matched)
    write_denied(connection, place.settings, Use.DIRECT_CARE, person_ids_relation="matched")
    feeds = ", ".join(quote_text(feed.name) for feed in region_feeds())
    rows = connection.execute(
        "SELECT pseudonym, min(nhs_number) FROM matched JOIN spine.person USING (person_id)"
        f" WHERE nhs_number IS NOT NULL AND person_id NOT IN (SELECT person_id FROM {DENIED}"
        f" WHERE source_feed IN ({feeds})) GROUP BY pseudonym HAVING count(*) = 1"
    ).fetchall()
    connection.unregister("matched")
    return {int(pseudonym): int(number) for pseudonym, number in rows}
