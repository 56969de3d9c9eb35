"""What a stripper hands back: a file's new bytes, and what went, in words that quote nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stripped:
    """New bytes, or the old ones and nothing removed."""

    content: bytes = field(repr=False)
    removed: tuple[str, ...] = ()


class CannotStripError(Exception):
    """The file is not what its type says, so nothing can be taken off it safely."""
