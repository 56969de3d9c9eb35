"""The keys of data cuts: one for each source, the same in every project built from it, in a 0600 file.

Promise: only marks are made with it, which no researcher sees; it names a person alike in all extracts of one source,
so that the guard can tell that two answers are about nearly the same people.
"""

from __future__ import annotations

import re
from pathlib import Path

from intake.keys.computing import MarkKey, wipe
from intake.keys.secret_file import make_secret, read_secret

_CUT = re.compile(r"[0-9a-f]{64}")


def open_cut_key(folder: Path, cut: str) -> MarkKey:
    """The key of one data cut, shared by all projects built from it; made when it is new.

    Args:
        folder: of the keys.
        cut: SHA-256 of the source, 64 hexadecimal digits (no slug of a project is that long).

    Raises Refusal `bad-key` if the file is not private or is damaged, ValueError for what is no digest.
    """
    if not _CUT.fullmatch(cut):
        raise ValueError("a cut is named by the SHA-256 of its source")
    file = folder / f"cut-{cut}.mark.key"
    if not file.exists() and not file.is_symlink():
        make_secret(file)
    secret = read_secret(file)
    try:
        return MarkKey(secret)
    finally:
        wipe(secret)
