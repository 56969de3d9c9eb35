"""Archives the workspaces of a closed project: homes and the shared folder as plain tar files with a list of digests.

Promise: the list is read back from the archive itself; a folder is removed only when its archive is whole, on the disk
and read-only; interrupted, it goes on where it was; no link is followed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from governance.refusal import Refusal
from governance.state import StateFolder
from hub.names import WorkspacePlaces, workspace_slug

TAR, REMOVE = "/usr/bin/tar", "/usr/bin/rm"
READ_ONLY, READ_ONLY_FOLDER = 0o400, 0o500
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class ArchivedFolder:
    """One folder as a tar file. `files`: how many regular files; `bytes`: of the tar file."""

    name: str
    sha256: str
    bytes: int
    files: int


def archive_project(state: StateFolder, project: str, subjects: Iterable[str]) -> tuple[ArchivedFolder, ...]:
    """Archive what the project's workspaces left; returns every archive there is now. To be called when none of them
    runs. Blocking. Raises Refusal `archive-failed`."""
    folder = state.archives / project
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for source in _sources(state, project, subjects):
        _archive(source, folder)
    held = tuple(_describe(file) for file in sorted(folder.glob("*.tar")))
    _write(folder / MANIFEST, [{**asdict(one), "contents": _list(folder / f"{one.name}.tar")} for one in held])
    folder.chmod(READ_ONLY_FOLDER)
    return held


def _sources(state: StateFolder, project: str, subjects: Iterable[str]) -> list[Path]:
    """The folders that are still there, by name: homes of everybody who was ever a member, and what they shared."""
    slugs = sorted({workspace_slug(subject, project) for subject in subjects})
    homes = [WorkspacePlaces(state, slug, slug).home for slug in slugs]
    return [folder for folder in (*homes, state.shared / project) if folder.is_dir() and not folder.is_symlink()]


def _archive(source: Path, folder: Path) -> None:
    made, half = folder / f"{source.name}.tar", folder / f".{source.name}.new"
    _run(TAR, "--create", "--sort=name", "--file", str(half), "--directory", str(source.parent), "--", source.name)
    descriptor = os.open(half, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _list(half)  # it can be read to its end
    half.chmod(READ_ONLY)
    half.replace(made)
    _sync(folder)
    _run(REMOVE, "--recursive", "--force", "--one-file-system", "--", str(source))


def _describe(file: Path) -> ArchivedFolder:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    files = sum(bool(entry["sha256"]) for entry in _list(file))
    return ArchivedFolder(file.stem, digest, file.stat().st_size, files)


def _list(file: Path) -> list[dict[str, str | int]]:
    """Every entry with its size and, of a regular file, its digest."""
    found: list[dict[str, str | int]] = []
    try:
        with tarfile.open(file) as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() else None
                digest = hashlib.file_digest(content, "sha256").hexdigest() if content is not None else ""  # type: ignore[arg-type]
                found.append({"name": entry.name, "size": entry.size, "sha256": digest})
    except (tarfile.TarError, OSError):
        raise _failed() from None
    return found


def _write(file: Path, entries: list[dict[str, object]]) -> None:
    spare = file.with_name(f".{file.name}.new")
    spare.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    spare.chmod(READ_ONLY)
    spare.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise _failed()


def _failed() -> Refusal:
    return Refusal("archive-failed", "A workspace's folder could not be archived.", "See that the disk has room.")
