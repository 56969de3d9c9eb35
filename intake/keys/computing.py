"""What is computed under a key: pseudonyms, marks and the key's public id. Promise: an object that holds a key shows,
prints, copies and pickles nothing of it.

HMAC-SHA256 as RFC 2104 writes it, from the two half-computed digests of the padded key: half the time of a whole HMAC
for each identifier, and the key itself is overwritten as soon as the two are there. (They compute as well as the key
does, so they are guarded like it.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from governance.refusal import Refusal

KEY_BYTES = 32
PSEUDONYM_BITS = 63  # fits a positive BIGINT
BATCH = 65_536  # identifiers between two looks at the progress
_BLOCK = 64  # bytes of one block of SHA-256
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_KEY_ID = b"sde-key-id"  # never an identifier: those are numbers
_KEY_ID_DIGITS = 16

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.uint64]
Tick = Callable[[int], None]  # how many identifiers are done


class _SecretKey:
    """HMAC-SHA256 under one key; `repr` shows nothing."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes | bytearray) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("a key has 32 bytes")
        self._inner, self._outer = _half_digest(secret, _INNER), _half_digest(secret, _OUTER)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key cannot be pickled or copied")

    @property
    def key_id(self) -> str:
        """16 hexadecimal digits that name the key and say nothing about it: a digest of an HMAC of no identifier."""
        return hashlib.sha256(self._digests([_KEY_ID])).hexdigest()[:_KEY_ID_DIGITS]

    def _digests(self, messages: Iterable[bytes]) -> bytes:
        """The HMACs of the messages, one after the other, 32 bytes each."""
        copy_inner, copy_outer = self._inner.copy, self._outer.copy
        made: list[bytes] = []
        for message in messages:
            inner, outer = copy_inner(), copy_outer()
            inner.update(message)
            outer.update(inner.digest())
            made.append(outer.digest())
        return b"".join(made)

    def _numbers(self, identifiers: Iterable[int | str], tick: Tick) -> npt.NDArray[np.uint64]:
        """The first 64 bits of each identifier's HMAC, in order."""
        whole = identifiers if isinstance(identifiers, np.ndarray) else list(identifiers)
        parts: list[npt.NDArray[np.uint64]] = []
        for start in range(0, len(whole), BATCH):
            batch = whole[start : start + BATCH]
            plain = batch.tolist() if isinstance(batch, np.ndarray) else batch
            digests = self._digests([b"%d" % one if type(one) is int else str(one).encode() for one in plain])
            parts.append(np.frombuffer(digests, ">u8")[::4].astype(np.uint64))
            tick(start + len(plain))
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)


class PseudonymKey(_SecretKey):
    """Stands in for people and visits inside one project."""

    __slots__ = ()

    def pseudonyms(self, identifiers: Iterable[int | str]) -> list[int]:
        """One 63-bit pseudonym for each identifier, in order; as `pseudonym_array`, for a few."""
        made: list[int] = self._pseudonyms(identifiers, _silent).tolist()
        return made

    def pseudonym_array(self, identifiers: npt.NDArray[np.int64], tick: Tick | None = None) -> npt.NDArray[np.int64]:
        """One 63-bit pseudonym for each identifier (BIGINT), in order.

        Raises Refusal `pseudonym-clash` if two of the (distinct) identifiers meet: the caller must not go on.
        """
        return self._pseudonyms(identifiers, tick or _silent)

    def _pseudonyms(self, identifiers: Iterable[int | str], tick: Tick) -> npt.NDArray[np.int64]:
        made = (self._numbers(identifiers, tick) >> np.uint64(1)).astype(np.int64)
        if not _all_differ(made):
            raise Refusal("pseudonym-clash", "Two people would share a pseudonym.", "Rotate the project's key.")
        return made


class MarkKey(_SecretKey):
    """Marks the people of one data cut, the same in every project."""

    __slots__ = ()

    def marks(self, identifiers: Iterable[int | str]) -> list[int]:
        """One unsigned 64-bit mark for each original identifier, in order; as `mark_array`, for a few."""
        made: list[int] = self._marks(identifiers, _silent).tolist()
        return made

    def mark_array(self, identifiers: npt.NDArray[np.int64], tick: Tick | None = None) -> npt.NDArray[np.uint64]:
        """One unsigned 64-bit mark for each original identifier (BIGINT), in order.

        Raises Refusal `mark-clash` if two of the (distinct) identifiers meet: two people under one mark would cancel
        each other out in the guard's sketches.
        """
        return self._marks(identifiers, tick or _silent)

    def _marks(self, identifiers: Iterable[int | str], tick: Tick) -> npt.NDArray[np.uint64]:
        made = self._numbers(identifiers, tick)
        if not _all_differ(made):
            raise Refusal(
                "mark-clash",
                "Two people would share a mark.",
                "Remove the cut's key file and build every extract of this source again.",
            )
        return made


def wipe(secret: bytearray) -> None:
    """Overwrite in place. Python may have made copies elsewhere before: this shortens a secret's life, no more."""
    secret[:] = bytes(len(secret))


def _half_digest(secret: bytes | bytearray, table: bytes) -> hashlib._Hash:
    block = bytearray(_BLOCK)
    block[: len(secret)] = secret
    padded = block.translate(table)
    begun = hashlib.sha256(padded)
    wipe(block)
    wipe(padded)
    return begun


def _all_differ(numbers: Numbers) -> bool:
    ordered = np.sort(numbers)
    return not bool((ordered[1:] == ordered[:-1]).any())


def _silent(done: int) -> None:
    del done
