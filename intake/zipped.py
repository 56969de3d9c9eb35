"""Reads the CSV files of a zip into tables in memory, without unpacking it: nothing of it ever lies on a disk.

Promise: what the zip says of itself is not believed: more bytes than it declares, or more than fit, are a refusal.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import duckdb
import pyarrow as pa
from pyarrow import csv

from governance.refusal import Refusal

LARGEST = 2**30  # bytes of all CSV files together
LONGEST_LINE = 2**24
ENDING = ".csv"


def is_zip(path: Path) -> bool:
    """Whether the file is named and made as a zip."""
    return path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)


def load_zip(connection: duckdb.DuckDBPyConnection, path: Path, schema: str) -> dict[str, list[str]]:
    """Make a table of text columns in `schema` (quoted) of each CSV file; its columns by lowercase table name.

    Raises Refusal `source-too-large` or `unreadable-source`.
    """
    found: dict[str, list[str]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in _tables(archive):
                name = PurePosixPath(member.filename).name.lower().removesuffix(ENDING)
                if name not in found:
                    with archive.open(member) as stream:
                        found[name] = _load(connection, stream, f'{schema}."{name}"')
    except (zipfile.BadZipFile, pa.ArrowException, RuntimeError, NotImplementedError, EOFError, OSError):
        raise Refusal(
            "unreadable-source", f"{path.name} is not a readable zip of CSV files.", "Make it again."
        ) from None
    return found


def _tables(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and member.filename.lower().endswith(ENDING)
        and not PurePosixPath(member.filename).name.startswith(".")
        and PurePosixPath(member.filename).stem.replace("_", "").isalnum()
    ]
    if sum(member.file_size for member in members) > LARGEST:
        raise Refusal(
            "source-too-large",
            f"The files of the zip have more than {LARGEST // 2**20:,} MiB.",
            "Unpack it into a folder and name that.",
        )
    yield from sorted(members, key=lambda member: member.filename)


def _load(connection: duckdb.DuckDBPyConnection, stream: IO[bytes], relation: str) -> list[str]:
    read = csv.ReadOptions(use_threads=False, block_size=LONGEST_LINE)
    parse = csv.ParseOptions(newlines_in_values=True)
    header = csv.open_csv(stream, read_options=read, parse_options=parse).schema.names
    stream.seek(0)
    words = csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
    )
    table = csv.read_csv(stream, read_options=read, parse_options=parse, convert_options=words)
    connection.register("unzipped", table)
    connection.execute(f"CREATE TABLE {relation} AS SELECT * FROM unzipped")
    connection.unregister("unzipped")
    return [str(name) for name in header]
