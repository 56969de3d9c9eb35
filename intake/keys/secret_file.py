"""One key in one file. Promise: it is written whole or not at all, read only if nobody else could have read or changed
it, and ended by overwriting before its name goes.

Overwriting reaches the file's own blocks on an ordinary disk. It does not reach backups, snapshots, copy-on-write file
systems or blocks that a solid-state disk has set aside: there an encrypted disk helps.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from governance.refusal import Refusal
from intake.keys.computing import KEY_BYTES, wipe
from intake.keys.memory import forbid_dumps

PRIVATE_FILE = 0o600


def read_secret(file: Path) -> bytearray:
    """The key, for the caller to `wipe`. Raises FileNotFoundError, Refusal `bad-key`, `memory-not-private`."""
    forbid_dumps()
    _check_folder(file)
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:  # a link (ELOOP), or not for us
        raise _bad(file) from None
    secret = bytearray(KEY_BYTES)
    try:
        held = os.fstat(descriptor)
        private = stat.S_ISREG(held.st_mode) and not held.st_mode & 0o077 and held.st_uid == os.geteuid()
        if not private or held.st_size != KEY_BYTES or os.readv(descriptor, [secret]) != KEY_BYTES or not any(secret):
            wipe(secret)
            raise _bad(file)
    finally:
        os.close(descriptor)
    return secret


def make_secret(file: Path) -> None:
    """32 random bytes, whole or not at all; a second maker loses against the first, whose key counts."""
    forbid_dumps()
    _check_folder(file)
    spare = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            os.write(descriptor, secrets.token_bytes(KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(spare, file)
    except FileExistsError:
        pass
    finally:
        spare.unlink()
    sync_folder(file.parent)


def shred(file: Path) -> None:
    """Overwrite, sync, unlink, sync the folder. A file that is gone already is fine; a link is only unlinked."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    except OSError:
        descriptor = -1
    if descriptor >= 0:
        try:
            os.pwrite(descriptor, secrets.token_bytes(max(KEY_BYTES, os.fstat(descriptor).st_size)), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    file.unlink(missing_ok=True)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """So that a name made or removed stays so after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_folder(file: Path) -> None:
    held = file.parent.stat()
    if held.st_mode & 0o022 or held.st_uid != os.geteuid():
        raise Refusal("bad-key", "Others may write to the folder of keys.", "Make it 0700 and your own.")


def _bad(file: Path) -> Refusal:
    return Refusal(
        "bad-key",
        f"The key file {file.name} is readable by others, a link, or damaged.",
        "Restore it from your backup: 32 bytes, 0600, owned by the gateway's user.",
    )
