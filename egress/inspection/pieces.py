"""What one reader hands back about one file: pieces for a Document, with embedded parts still as bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from egress.inspection.document import Passage, Sighting, Table


@dataclass(frozen=True)
class RawPart:
    """Something inside a file, to be read in its turn: an output, an attachment, an embedded picture.

    `media_type` is what the file claims; reading.py compares it with the content.
    """

    where: str
    media_type: str
    content: bytes = field(repr=False)
    is_output: bool = True


@dataclass(frozen=True)
class Pieces:
    """All that one reader saw, without descending into the parts."""

    passages: tuple[Passage, ...] = ()
    tables: tuple[Table, ...] = ()
    parts: tuple[RawPart, ...] = ()
    sightings: tuple[Sighting, ...] = ()
