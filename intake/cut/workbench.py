"""The engine that cuts: bounded in memory. Promise: what does not fit and goes to disk is encrypted with a key that
only this process has, because it may hold who is who.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from intake.sources import open_workbench, quote_text

LEAST_BYTES = 256 * 2**20


@contextmanager
def cutting_engine(spill: Path, memory_bytes: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with an empty schema `scratch` in memory; `spill` is made when it is needed, and the caller's to
    remove."""
    with open_workbench() as connection:
        # DuckDB asks for this word because its own random numbers are not certified; without it, no spill would be
        # encrypted at all.
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute("SET temp_file_encryption = true")
        connection.execute(f"SET temp_directory = {quote_text(str(spill))}")
        connection.execute(f"SET memory_limit = '{max(memory_bytes, LEAST_BYTES) // 2**20}MiB'")
        connection.execute("ATTACH ':memory:' AS scratch")
        yield connection
