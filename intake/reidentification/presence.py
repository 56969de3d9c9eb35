"""Whether pseudonyms are of an extract, which says nothing about whose they are."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from governance.extracts import MARKS


def present(database: Path, pseudonyms: frozenset[int]) -> frozenset[int]:
    """Those of the pseudonyms that the extract holds."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.register("asked", pa.table({"person_id": pa.array(sorted(pseudonyms), pa.int64())}))
        found = connection.execute(f"SELECT m.person_id FROM {MARKS} m JOIN asked USING (person_id)").fetchall()
    return frozenset(int(row[0]) for row in found)
