"""Seals the keys with a passphrase. Promise: without the passphrase the file tells nothing but its size, and a changed
file opens to nothing.

scrypt (RFC 7914) makes the key, AES-256-GCM seals; each file has a salt and nonce of its own.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path, PurePosixPath

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from governance.refusal import Refusal

OPENING = b"sde-sealed-keys/1\n"
SALT, NONCE = 16, 12
WORK = 2**16  # 64 MiB and a quarter of a second a try
SHORTEST = 16  # characters


def read_passphrase(file: Path) -> bytes:
    """The first line of the file. Raises Refusal `no-such-file`, `passphrase-short`."""
    try:
        passphrase = file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, ValueError):
        raise Refusal("no-such-file", "The passphrase file cannot be read.", "Check its name.") from None
    if len(passphrase) < SHORTEST:
        raise Refusal("passphrase-short", "The passphrase is too short.", f"Use {SHORTEST} characters or more.")
    return passphrase.encode()


def seal(folder: Path, passphrase: bytes) -> bytes:
    """Every file below the folder, sealed."""
    files = {
        file.relative_to(folder).as_posix(): base64.b64encode(file.read_bytes()).decode()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    return OPENING + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, json.dumps(files).encode(), OPENING)


def unseal(sealed: bytes, passphrase: bytes, folder: Path) -> None:
    """Put them back below the folder, 0600. Raises Refusal `keys-not-opened`."""
    body = sealed.removeprefix(OPENING)
    salt, nonce, rest = body[:SALT], body[SALT : SALT + NONCE], body[SALT + NONCE :]
    try:
        files = json.loads(AESGCM(_key(passphrase, salt)).decrypt(nonce, rest, OPENING))
    except (InvalidTag, ValueError):
        raise Refusal(
            "keys-not-opened", "The sealed keys do not open.", "Check the passphrase, and that the file is whole."
        ) from None
    for name, content in files.items():
        file = folder.joinpath(*(part for part in PurePosixPath(name).parts if part not in ("..", "/")))
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(base64.b64decode(content))


def _key(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=WORK, r=8, p=1).derive(passphrase)
