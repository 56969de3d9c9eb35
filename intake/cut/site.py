"""Where extracts are built and where they end. Promise: one build of a project at a time, an extract is there whole or
not at all, and what a crash left behind is gone with the next build.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from governance.registry import destroy_extract, list_extracts
from governance.settings import Settings
from governance.store import Store
from intake.cut.kept import prune_lists

BUILDING = ".building-"
#: How DuckDB says that there is no room; a commit that could not be written is a failed transaction.
NO_ROOM = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException, duckdb.FatalException)
SPILL = "spill"  # inside the site: what does not fit into memory, encrypted


@contextmanager
def building_alone(extracts: Path, project: str) -> Iterator[None]:
    """Hold the project's lock, which ends with the process. Raises Refusal `build-under-way`."""
    extracts.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(extracts / f".{project}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(
                "build-under-way",
                f"An extract of {project} is being built at this moment.",
                "Wait until it is finished; `sde extract list` shows it then.",
            ) from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def building_site(extracts: Path) -> Iterator[Path]:
    """A folder beside the finished extracts of a project, so that moving it into place is one rename; removed on any
    failure. Raises Refusal `disk-full`, or `not-written` for any other failure of the disk or the engine."""
    try:
        extracts.mkdir(mode=0o700, parents=True, exist_ok=True)
        site = Path(tempfile.mkdtemp(prefix=BUILDING, dir=extracts))
    except OSError as error:
        raise _of_the_disk(error) from None
    try:
        yield site
    except BaseException as error:
        shutil.rmtree(site, ignore_errors=True)
        if isinstance(error, OSError | duckdb.Error):  # never the engine's own words: they can hold a value
            raise _of_the_disk(error) from None
        raise


def put_in_place(site: Path, place: Path) -> None:
    """Rename the site, and be sure of it: file contents and names are on the disk before the register names them."""
    shutil.rmtree(site / SPILL, ignore_errors=True)
    for file in site.iterdir():
        _sync(file)
    _sync(site)
    site.rename(place)
    _sync(place.parent)


def sweep(settings: Settings, store: Store, project: str) -> None:
    """Remove what earlier builds of the project left behind: sites, extracts that never got into the register, files of
    those that are recorded as destroyed, and their lists. Only for who holds the project's lock."""
    folder = settings.folder.extracts / project
    with store.reading() as session:
        kept = {view.folder for view in list_extracts(session, project) if view.destroyed_at is None}
    for found in folder.iterdir() if folder.is_dir() else ():
        if found.is_dir() and not found.is_symlink() and f"{project}/{found.name}" not in kept:
            shutil.rmtree(found, ignore_errors=True)
    prune_lists(settings, project, kept)


def destroy_old(settings: Settings, store: Store, project: str, *, actor: str) -> tuple[str, ...]:
    """Destroy the project's extracts beyond those that are kept (`extracts_kept`), the oldest first. On record before
    the files go; a guard worker that has one open reads on until its query is answered."""
    with store.reading() as session:
        alive = [view for view in list_extracts(session, project) if view.destroyed_at is None]
    beyond = [view.folder for view in reversed(alive[settings.extracts_kept :])]
    for folder in beyond:
        destroy_extract(store, actor=actor, slug=project, folder=folder, why="replaced")
        shutil.rmtree(settings.folder.extracts / folder, ignore_errors=True)
    prune_lists(settings, project, {view.folder for view in alive} - set(beyond))
    return tuple(beyond)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _of_the_disk(error: BaseException) -> Refusal:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if full or isinstance(error, NO_ROOM):
        return Refusal(
            "disk-full",
            "The extract could not be written: no room on the disk or in memory. Nothing was changed.",
            "Make room below the state folder, or raise intake_memory_bytes.",
        )
    return Refusal("not-written", "The extract could not be written. Nothing was changed.", "Check the state folder.")
