"""What a store of keys does, whatever it keeps them in. The rest of the intake knows this and no more.

`FileKeyStore` (intake.keys.files) is for one machine. A key management service or a hardware module goes behind the
same protocol: there no key ever leaves the store, so what `open` returns sends the identifiers there in batches and
gets the HMACs back; nobody who uses a `Pseudonymiser` can tell the difference. Such a store must say of itself what the
file store's tests say of it: two projects' pseudonyms differ, a destroyed project's key is never made again, a key that
was used and is gone is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from governance.refusal import Refusal
from intake.keys.computing import Tick


@dataclass(frozen=True)
class KeyRecord:
    """What may be known of one key. `key_id`: 16 hexadecimal digits, no secret; generations count from 1.
    `held`: whether the store still has it."""

    project: str
    domain: str
    generation: int
    key_id: str
    made_at: datetime
    held: bool


class Pseudonymiser(Protocol):
    """Computes under one key."""

    @property
    def key_id(self) -> str:
        """Names the key in manifests and certificates."""

    def pseudonyms(self, identifiers: Iterable[int | str]) -> list[int]:
        """One 63-bit pseudonym for each identifier. Raises Refusal `pseudonym-clash`."""

    def pseudonym_array(self, identifiers: npt.NDArray[np.int64], tick: Tick | None = None) -> npt.NDArray[np.int64]:
        """The same for millions."""


class Marker(Protocol):
    """Marks the people of one data cut, the same in every project."""

    def marks(self, identifiers: Iterable[int | str]) -> list[int]:
        """One unsigned 64-bit mark for each original identifier. Raises Refusal `mark-clash`."""

    def mark_array(self, identifiers: npt.NDArray[np.int64], tick: Tick | None = None) -> npt.NDArray[np.uint64]:
        """The same for millions."""


class KeyStore(Protocol):
    """The keys of all projects and data cuts.

    Every method raises Refusal `bad-key` for a key that is not private or is damaged, and `key-destroyed` for a project
    whose keys were destroyed.
    """

    def exists(self, project: str, domain: str) -> bool:
        """Whether there is a key now."""

    def open(self, project: str, domain: str, *, key_id: str = "", make: bool = False) -> Pseudonymiser:
        """The newest generation, or the one of that id. With `make`, a project that never had a key for the domain is
        given one; a key that there was and is not there any more is never replaced. Raises Refusal `key-missing`."""

    def open_cut(self, cut: str) -> Marker:
        """The key of one data cut, made when it is new. `cut`: 64 hexadecimal digits."""

    def rotate(self, project: str, domain: str) -> KeyRecord:
        """Make the next generation, which `open` gives from now on; the one before stays. Raises `key-missing`."""

    def retire(self, project: str, keep: frozenset[str]) -> tuple[KeyRecord, ...]:
        """Destroy old generations but those of these ids; the newest of each domain always stays."""

    def destroy(self, project: str) -> tuple[KeyRecord, ...]:
        """Destroy all keys of the project, for good; returns every key it ever had. Repeating it completes what was
        begun. Raises Refusal `key-missing` if there never was one."""

    def records(self, project: str | None = None) -> tuple[KeyRecord, ...]:
        """Every key ever made, of one project or of all; those not held any more too."""


def key_missing(project: str, domain: str) -> Refusal:
    """What is said where a key should be."""
    return Refusal(
        "key-missing",
        f"The key of {project} for {domain} is not in the key store, although it has been used.",
        "Restore the folder of keys from your backup; a new key would make other pseudonyms.",
    )


def key_destroyed(project: str) -> Refusal:
    """What is said of a project whose keys are gone for good."""
    return Refusal("key-destroyed", f"The keys of {project} were destroyed.", "Its pseudonyms cannot be made again.")
