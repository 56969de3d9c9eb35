"""Writes tables of the model as Parquet. A file has the columns its rows fill; a file without rows that stands in each
folder has all of them, so that whoever reads the folder by name of column (`folder_rows`) finds the whole model.

Promise: a folder of tables appears whole under its name or not at all; a full disk is a refusal and leaves nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from governance.settings import Settings
from intake.omop.cdm import LINEAGE, cdm_tables
from intake.parquet import PARQUET
from intake.sources import open_workbench, quote_text

ROWS_OF_A_GROUP = 122_880
COLUMNS = "_columns.parquet"  # the first of its folder: to read the others without their names is an error


@contextmanager
def building_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that takes its name when the block ends well, and is removed if it does not.

    Raises Refusal `already-there`, `disk-full`, `too-little-memory`.
    """
    if folder.exists():
        raise Refusal("already-there", "The folder to write to is there already.", "Name a new one.")
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    site = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        yield site
        site.rename(folder)
    except duckdb.OutOfMemoryException:
        raise Refusal(
            "too-little-memory", "The intake's memory was not enough.", "Raise intake_memory_bytes."
        ) from None
    except (duckdb.IOException, OSError):
        raise Refusal("disk-full", "The tables could not be written.", "Free some space and start again.") from None
    finally:
        shutil.rmtree(site, ignore_errors=True)


@contextmanager
def opened_engine(settings: Settings, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The engine within the intake's memory; beyond it, it uses the disk below `spill`."""
    with open_workbench() as connection:
        connection.execute(f"SET memory_limit = '{settings.intake_memory_bytes // 2**20}MiB'")
        connection.execute(f"SET temp_directory = {quote_text(str(spill))}")
        connection.execute("SET preserve_insertion_order = true")
        try:
            yield connection
        finally:
            shutil.rmtree(spill, ignore_errors=True)


def write_rows(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> int:
    """Write the rows of a SELECT in their order and return how many there are; no file for none."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = f"{quote_text(str(file))} ({PARQUET}, ROW_GROUP_SIZE {ROWS_OF_A_GROUP})"
    rows = int(connection.execute(f"COPY ({sql}) TO {target}").fetchall()[0][0])
    if not rows:
        file.unlink()
    else:
        file.chmod(0o600)
    return rows


def write_table(connection: duckdb.DuckDBPyConnection, table: str, sql: str, file: Path, feed: str = "") -> int:
    """As `write_rows`, of those columns of the model's `table` that are given; of tables about people also their
    lineage."""
    model = cdm_tables()[table]
    given = {row[0] for row in connection.execute(f"DESCRIBE {sql}").fetchall()}
    columns = [f"CAST({name} AS {column.type}) AS {name}" for name, column in model.columns.items() if name in given]
    if model.is_about_people:
        columns += [f"{quote_text(feed)} AS source_feed", f"CAST(match_rank AS {LINEAGE['match_rank']}) AS match_rank"]
    return write_rows(connection, f"SELECT {', '.join(columns)} FROM ({sql})", file)


def write_columns(connection: duckdb.DuckDBPyConnection, site: Path, tables: list[str]) -> None:
    """A file without rows for each table, filled or not, with every column of the model in its type."""
    for table in tables:
        (site / table).mkdir(mode=0o700, exist_ok=True)
        columns = {name: column.type for name, column in cdm_tables()[table].columns.items()}
        columns |= LINEAGE if cdm_tables()[table].is_about_people else {}
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items())
        file = site / table / COLUMNS
        connection.execute(f"COPY (SELECT {nothing} WHERE false) TO {quote_text(str(file))} ({PARQUET})")
        file.chmod(0o600)
