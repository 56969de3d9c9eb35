"""Unpacks a zip of tables. Promise: nothing is written outside the given folder, nothing but tables, and never more
bytes than are allowed, whatever the archive says of itself.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from governance.refusal import Refusal

MOST_BYTES = 64 * 2**30
MOST_FILES = 500
MOST_RATIO = 200  # unpacked to packed; text of tables is below 50
CHUNK = 2**20
ENDINGS = (".csv", ".csv.gz", ".tsv", ".parquet")


def unpack(archive: Path, folder: Path, most_bytes: int = MOST_BYTES) -> Path:
    """Write the archive's tables flat into `folder`, which is made, 0700. Other members are left out.

    Raises Refusal `unreadable-source` for what is no zip or is damaged or encrypted, `source-too-large`.
    """
    folder.mkdir(mode=0o700)
    most = min(most_bytes, archive.stat().st_size * MOST_RATIO)
    written = 0
    try:
        with zipfile.ZipFile(archive) as held:
            for member in _tables(held):
                written += _unpack_one(held, member, folder, most - written)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):  # RuntimeError: encrypted
        raise Refusal(
            "unreadable-source", f"{archive.name} is not a readable zip of tables.", "Unpack it and give the folder."
        ) from None
    return folder


def _tables(held: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [
        member
        for member in held.infolist()
        if not member.is_dir()
        and _name(member).lower().endswith(ENDINGS)
        and not _name(member).startswith(".")
        and not member.filename.startswith("__MACOSX/")
    ]
    if len(held.infolist()) > MOST_FILES:
        raise _too_large()
    if len({_name(member).lower() for member in members}) != len(members):
        raise Refusal("unreadable-source", "The zip holds two tables of one name.", "Leave one of them out.")
    return members


def _name(member: zipfile.ZipInfo) -> str:
    """The last part of the member's path alone: where it wants to lie is not asked."""
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _unpack_one(held: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, most: int) -> int:
    """Bytes written. The size in the archive's directory is not believed: what comes out is counted."""
    written = 0
    with held.open(member) as stream, (folder / _name(member)).open("xb") as file:
        while chunk := stream.read(CHUNK):
            written += len(chunk)
            if written > most:
                raise _too_large()
            file.write(chunk)
    return written


def _too_large() -> Refusal:
    return Refusal("source-too-large", "The zip unpacks to too much.", "Unpack it yourself and give the folder.")
