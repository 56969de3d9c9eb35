"""Takes a delivery's files into the identifiable zone: copied once, hashed on the way, never opened by name twice.

Promise: what was hashed is what was written; a file that changes while it is read is refused; names and bytes together
give the delivery's SHA-256, whatever folder it came from.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from governance.refusal import Refusal
from intake.landing.engine import disk_full
from intake.landing.files import DeliveredFile
from intake.progress import Progress

CHUNK, AT_A_TIME = 4 * 2**20, 2


def receive_files(files: Sequence[DeliveredFile], folder: Path, progress: Progress) -> str:
    """Copy the files into `folder` (made, 0700; files 0400, on the disk when this returns); the SHA-256 (hex).

    Raises Refusal `empty-file`, `file-changed`, `not-a-plain-file`, `no-such-file`, `disk-full`.
    """
    total = sum(file.path.stat().st_size for file in files)
    whole, done = hashlib.sha256(), _Done(progress, total)
    try:
        folder.mkdir(mode=0o700, parents=True)
        for file, digest in zip(files, _copied(files, folder, done), strict=True):
            whole.update(f"{file.path.name}\0{digest}\n".encode())
        sync_folder(folder)
    except OSError:
        raise disk_full() from None
    return whole.hexdigest()


def sync_folder(folder: Path) -> None:
    """What was made or renamed in the folder outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Done:
    """How many bytes of all files are copied. `stop`: whatever is still being copied is not wanted any more."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._bytes, self._lock = progress, total, 0, threading.Lock()
        self.stop = threading.Event()

    def more(self, name: str, size: int) -> None:
        with self._lock:
            self._bytes += size
            self._progress(f"copying {name}", self._bytes, self._total)


def _copied(files: Sequence[DeliveredFile], folder: Path, done: _Done) -> list[str]:
    """The digest of each file, copied some at a time: one is hashed while another one is put on the disk."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        futures = [pool.submit(_copy, file.path, folder / file.path.name, done) for file in files]
        try:
            return [future.result() for future in futures]
        except BaseException:
            done.stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _copy(source: Path, target: Path, done: _Done) -> str:
    descriptor = _open_plain(source)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(descriptor, "rb", buffering=0) as reading, target.open("xb", buffering=0) as writing:
        before = os.fstat(descriptor)
        while (chunk := reading.read(CHUNK)) and size <= before.st_size:  # one that keeps growing would never end
            digest.update(chunk)
            writing.write(chunk)
            size += len(chunk)
            done.more(source.name, len(chunk))
            if done.stop.is_set():
                break
        if _moments(os.fstat(descriptor)) != _moments(before) or size != before.st_size:
            raise Refusal("file-changed", f"{source.name} changed while it was read.", "Land it when it is complete.")
        os.fchmod(writing.fileno(), 0o400)
        os.fsync(writing.fileno())
    if size == 0:
        raise Refusal("empty-file", f"{source.name} is empty.", "A table without rows still has its header.")
    return digest.hexdigest()


def _open_plain(source: Path) -> int:
    """Opens without following a link and without waiting for the other end of a pipe; what it is, is asked of what was
    opened, so that nothing can be put in its place in between."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise Refusal("no-such-file", f"{source.name} cannot be read.", "Check its rights.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refusal("not-a-plain-file", f"{source.name} is not a plain file.", "Deliver plain files only.")
    return descriptor


def _moments(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
