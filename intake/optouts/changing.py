"""Changes the opt-outs, whole or not at all.

Promises: a change is made on a copy beside the file, which takes its place by one rename inside the transaction that
puts the new version and its audit event on record: a crash at any point leaves the state before or the state after.
Two changes never overlap. If the machine stops between the rename and the end of the transaction, the file is one
version ahead of the register; the next change puts that version on record first.

Versions are named in the register and in every extract, so their digests are made with 32 random bytes that stay in
this file: without them the digest of a load of one person could be tried out against all NHS numbers.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import duckdb

from governance.audit import Detail
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.opt_outs import (
    current_opt_out_version,
    record_check_request,
    record_opt_out_version,
)
from governance.settings import Settings
from governance.store import Store
from intake.optouts.counting import count_in_force
from intake.optouts.database import NO_DIGEST, SCHEMA, Connection, StoredVersion, unreadable, versions
from intake.optouts.policy import policy_on
from intake.optouts.reading import check_as_recorded, check_clock
from intake.places import IntakePlaces
from intake.sources import open_workbench, quote_text

Result = TypeVar("Result")
BUILDING = ".building-optouts-"
LOCK = ".optouts.lock"
WAIT_SECONDS = 60.0
AFTERWARDS = "service:intake"  # puts on record what was changed when the machine stopped
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = ("no space", "quota", "file too large")
TARGET = "opt_outs"  # the copy, in the connection of a change


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What a change did.

    Attributes:
        content: SHA-256 of what came in; empty if there was nothing to change.
        detail: counts for the audit chain.
        is_version: whether anybody's opt-outs are others now; if not (a question is not an answer), no version is made
            and no extract is behind.
    """

    result: Result
    content: str
    detail: Detail
    is_version: bool = True


Work = Callable[[Connection, int], Outcome[Result]]


def change_opt_outs(settings: Settings, store: Store, work: Work[Result], *, event: str, actor: str) -> Result:
    """Let `work` change a copy (database `opt_outs` of the connection it is given, with the number of the version to
    be), then put it in place and on record. Returns what `work` said.

    Raises Refusal `opt-outs-busy`, `opt-outs-unreadable`, `opt-outs-not-as-recorded`, `opt-outs-missing`,
    `clock-behind`, `disk-full`, `role-missing` and what `work` refuses; nothing is changed by then.
    """
    file = IntakePlaces.of(settings).opt_outs
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(file.parent), _copy_of(file) as building, _failures():
        connection = open_workbench()
        try:
            stored = _open_copy(connection, building, file, store)
            outcome = work(connection, _next_number(stored))
            if not outcome.content:
                return outcome.result
            version = _write_version(connection, stored, event, actor, outcome.content) if outcome.is_version else None
            connection.execute(f"CHECKPOINT {TARGET}")
        finally:
            connection.close()
        _sync(building)
        if version is None:
            record_check_request(store, actor=actor, detail=outcome.detail, install=lambda: _install(building, file))
        else:
            _record(store, version, outcome.detail, lambda: _install(building, file))
    return outcome.result


def _open_copy(connection: Connection, building: Path, file: Path, store: Store) -> tuple[StoredVersion, ...]:
    is_new = not building.exists()
    with store.reading() as session:
        recorded = current_opt_out_version(session)
    if is_new and recorded is not None:
        raise Refusal(
            "opt-outs-missing",
            f"{file.name} is gone, but the register has version {recorded.number} of the opt-outs.",
            "Restore it from the newest backup before anything is loaded.",
        )
    try:
        connection.execute(f"ATTACH {quote_text(str(building))} AS {TARGET}")
        building.chmod(0o600)
        connection.execute(f"USE {TARGET}")
        if is_new:
            connection.execute(SCHEMA)
            return ()
        stored = versions(connection, TARGET)
    except (duckdb.Error, FileNotFoundError):
        if is_new:
            raise
        raise unreadable(file) from None
    check_as_recorded(stored, recorded)
    check_clock(stored)
    for version in stored:  # of a machine that stopped between the rename and the end of the transaction
        if version.number > (recorded.number if recorded else 0):
            _record(store, replace(version, actor=AFTERWARDS), {"changed_by": version.actor}, lambda: None)
    return stored


def _next_number(stored: tuple[StoredVersion, ...]) -> int:
    return stored[-1].number + 1 if stored else 1


def _write_version(
    connection: Connection, stored: tuple[StoredVersion, ...], event: str, actor: str, content: str
) -> StoredVersion:
    number = _next_number(stored)
    salt = secrets.token_bytes(32)
    before = stored[-1].sha256 if stored else NO_DIGEST
    digest = hashlib.sha256(f"{before}\n{number}\n{content}\n".encode() + salt).hexdigest()
    counts = json.dumps(count_in_force(connection, TARGET, today()), sort_keys=True)
    version = StoredVersion(number, event, actor, now(), digest, policy_on(today()).name, counts)
    moment = version.made_at.replace(tzinfo=None)
    connection.execute(
        f"INSERT INTO {TARGET}.version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [number, event, actor, moment, content, salt, digest, version.policy, counts],
    )
    return version


def _record(store: Store, version: StoredVersion, detail: Detail, install: Callable[[], None]) -> None:
    counts: Mapping[str, int] = json.loads(version.counts)
    record_opt_out_version(
        store,
        actor=version.actor,
        event=version.event,
        number=version.number,
        sha256=version.sha256,
        policy=version.policy,
        counts=counts,
        detail={**counts, **detail},
        install=install,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the opt-outs meanwhile; the lock dies with its process. Raises Refusal `opt-outs-busy`."""
    descriptor = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Refusal("opt-outs-busy", "Another change of the opt-outs is running.", "Try again.") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _copy_of(file: Path) -> Iterator[Path]:
    """A copy to work on, gone afterwards unless it was put in place; those of changes that were killed go first."""
    for left in file.parent.glob(f"{BUILDING}*"):
        left.unlink(missing_ok=True)
    building = file.parent / f"{BUILDING}{secrets.token_hex(8)}.duckdb"
    try:
        with _failures():
            if file.exists():
                shutil.copyfile(file, building)
        yield building
    finally:
        for left in file.parent.glob(f"{building.name}*"):
            left.unlink(missing_ok=True)


@contextmanager
def _failures() -> Iterator[None]:
    """The engine's and the disk's own words could hold a value; only what to do is said."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise Refusal(
            "out-of-memory", "There is too little memory; nothing was changed.", "Free some and try again."
        ) from None
    except (duckdb.Error, OSError) as error:
        said = str(error).lower()
        if getattr(error, "errno", None) in _FULL or any(word in said for word in _FULL_WORDS):
            raise Refusal("disk-full", "The disk is full; nothing was changed.", "Free space and try again.") from None
        raise Refusal(
            "opt-outs-not-changed",
            f"The opt-outs could not be changed ({type(error).__name__}); they are as they were.",
            "Check the disk of the state folder, and restore the file of the opt-outs if it is damaged.",
        ) from None


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _install(building: Path, file: Path) -> None:
    building.rename(file)
    _sync(file.parent)
