"""The words between the gateway and its locked child: length-prefixed JSON, then the bytes of one file."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
LONGEST_HEADER = 64 * 2**10


@dataclass(frozen=True)
class Question:
    """One file to read. `about` is plain data: the name, the profile, the media type."""

    about: dict[str, Any]
    content: bytes = field(repr=False)

    def packed(self) -> bytes:
        """As bytes for the child's standard input."""
        header = json.dumps({**self.about, "size": len(self.content)}).encode()
        return LENGTH.pack(len(header)) + header + self.content


def read_question(source: BinaryIO) -> Question | None:
    """The next question, or None at the end of input."""
    prefix = source.read(LENGTH.size)
    if len(prefix) < LENGTH.size:
        return None
    header = json.loads(source.read(LENGTH.unpack(prefix)[0]))
    return Question(header, source.read(header["size"]))


def packed_answer(answer: dict[str, Any]) -> bytes:
    """One answer as bytes for the child's standard output."""
    body = json.dumps(answer).encode()
    return LENGTH.pack(len(body)) + body
