"""Makes a backup: the register's rows of one moment, proofs, settings, the airlock's files, and signed hashes.
Promise: the folder appears whole or not at all, and nothing in it is a key.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.audit import append_event, public_key, read_head, sign_statement
from governance.backup.rows import dump
from governance.backup.sealing import seal
from governance.clock import now
from governance.refusal import Refusal
from governance.registry import operator
from governance.settings import Settings
from governance.store import open_store

FORM, KIND = "sde-backup/1", "backup"
ROWS, LIST, FILES = "register.jsonl", "manifest.json", "files"
PROGRESS = 100_000  # rows between two words of progress


def silent(text: str) -> None:
    """For whoever wants no word of progress."""
    del text


@dataclass(frozen=True)
class Made:
    """What a backup holds."""

    folder: Path
    rows: int
    files: int
    events: int


def make_backup(
    settings: Settings, to: Path, *, keys_to: Path | None = None, passphrase: bytes = b"",
    say: Callable[[str], None] = silent,
) -> Made:  # fmt: skip
    """Write a backup to a folder that does not exist yet; with `keys_to` the keys, sealed, into a file outside of it.

    Raises Refusal `backup-exists`, `keys-beside-data` and those of open_store.
    """
    to = to.absolute()
    _check_places(to, keys_to)
    store = open_store(settings)
    making = to.with_name(f".{to.name}.making")
    shutil.rmtree(making, ignore_errors=True)  # an earlier attempt was killed
    making.mkdir(mode=0o700, parents=True)
    try:
        copied = list(
            _copy(settings, making / FILES, _proofs(settings))
        )  # first: never newer than the register's moment
        with store.reading() as session:
            head, schema = read_head(session), store.schema_version
            rows = _write_rows(making / ROWS, dump(session.connection()), say)
        copied += _copy(settings, making / FILES, _contents(settings))
        _write_list(settings, making, {"schema": schema, "events": head.seq, "digest": head.digest})
        if keys_to is not None:
            _write_whole(keys_to, seal(settings.folder.keys, passphrase))
        making.rename(to)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    with store.transaction() as session:
        detail = {"events": head.seq, "files": len(copied), "keys": keys_to is not None}
        append_event(session, event="backup.made", actor=operator(), detail=detail)
    return Made(to, rows, len(copied), head.seq)


def _check_places(to: Path, keys_to: Path | None) -> None:
    if to.exists() or (keys_to is not None and keys_to.exists()):
        raise Refusal("backup-exists", "There is something at that place already.", "Name a new folder and a new file.")
    if keys_to is not None and keys_to.absolute().is_relative_to(to):
        raise Refusal("keys-beside-data", "Keys do not lie in the backup they open.", "Name a file elsewhere.")


def _proofs(settings: Settings) -> Iterator[Path]:
    """The signed head, the signed days, certificates, settings, and what each extract is."""
    root = settings.folder.root
    yield from (file for file in sorted(settings.folder.audit_head.parent.rglob("*.json")) if file.is_file())
    yield from (file for file in (root / "sde.toml",) if file.is_file())
    yield from sorted(settings.folder.extracts.glob("*/*/manifest.json"))


def _contents(settings: Settings) -> Iterator[Path]:
    """Files that the register's rows name by their content: copied after the rows, so that none is missing."""
    for folder in (settings.folder.airlock, settings.folder.releases):
        yield from (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink())


def _copy(settings: Settings, to: Path, files: Iterator[Path]) -> Iterator[Path]:
    for file in files:
        place = to / file.relative_to(settings.folder.root)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, place)
        except FileNotFoundError:  # withdrawn at this moment
            continue
        place.chmod(0o600)
        yield place


def _write_rows(file: Path, lines: Iterator[str], say: Callable[[str], None]) -> int:
    rows = 0
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as stream:
        for line in lines:
            stream.write(line + "\n")
            rows += 1
            if rows % PROGRESS == 0:
                say(f"{rows:,} rows")
    return rows


def _write_list(settings: Settings, making: Path, facts: dict[str, Any]) -> None:
    key = settings.folder.keys / "audit-signing.pem"
    files = {
        file.relative_to(making).as_posix(): digest_file(file) for file in sorted(making.rglob("*")) if file.is_file()
    }
    statement = {"form": FORM, "made_at": now().isoformat(), "public_key": public_key(key), "files": files, **facts}
    written = json.dumps({**statement, "signature": sign_statement(key, KIND, statement)}, indent=1)
    _write_whole(making / LIST, written.encode())
    for folder in sorted(path for path in making.rglob("*") if path.is_dir()):
        _sync(folder)
    _sync(making)


def digest_file(file: Path) -> str:
    """SHA-256 (hex) of a file's bytes, which are on the disk then."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_whole(file: Path, content: bytes) -> None:
    spare = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(spare, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    spare.replace(file)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
