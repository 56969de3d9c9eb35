"""The one line with which a sidecar's connection begins: `SDE1 <secret> <purpose>`. Everything after it is passed on.

A line in front of the bytes, rather than a header inside them: so the sidecar reads no HTTP, and there are no two
readers of one request who could understand it differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SECRET_BYTES = 32
#: Outward: the three holes of a workspace. Inward: a connection that waits until the edge needs one.
HOLES = ("hub", "guard", "airlock")
INWARD = "inward"
NOTICES = "notices"
#: What the gate says to a waiting connection when it is needed.
BEGIN = b"\n"
LONGEST = 96  # bytes of the whole line
NAME = "sde-gate"  # of the gate's certificate; no name server knows it

_LINE = re.compile(rb"SDE1 ([0-9a-f]{64}) (hub|guard|airlock|inward|notices)\n")


@dataclass(frozen=True)
class Greeting:
    """Whose connection it is (by its secret), and what for."""

    secret: str = field(repr=False)
    purpose: str


def write_greeting(secret: str, purpose: str) -> bytes:
    """The line of these two."""
    return f"SDE1 {secret} {purpose}\n".encode("ascii")


def read_greeting(line: bytes) -> Greeting | None:
    """What the line says; None for any other line."""
    found = _LINE.fullmatch(line)
    return None if found is None else Greeting(found[1].decode(), found[2].decode())
