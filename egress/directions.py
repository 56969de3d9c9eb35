"""Which way a request goes, as data: out of the workspace, or into it. Promise: a request keeps its direction for life;
a vote names the direction it was given for, so that none given for one way ever counts for the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from governance.refusal import Refusal

if TYPE_CHECKING:  # the locked child knows directions, and needs no register
    from governance.store.airlock import EgressRequest


class Direction(StrEnum):
    """The value is what the register stores."""

    OUT = "out"
    IN = "in"

    @property
    def event_prefix(self) -> str:
        """What the names of its audit events begin with."""
        return EVENT_PREFIXES[self]


OUT, IN = Direction.OUT, Direction.IN
BOTH = (OUT, IN)
#: Rows and notes of the state machine are written with the first of these.
EVENT_PREFIXES: Mapping[Direction, str] = {OUT: "egress.", IN: "ingress."}


class Purpose(StrEnum):
    """What is brought in, in its author's word."""

    CODE = "code"
    REFERENCE = "reference-data"
    DOCUMENTS = "documents"

    @property
    def words(self) -> str:
        """For people."""
        return PURPOSES[self]


PURPOSES: Mapping[Purpose, str] = {
    Purpose.CODE: "Code: scripts, notebooks, queries, settings",
    Purpose.REFERENCE: "Reference data: code lists, lookups, published rates",
    Purpose.DOCUMENTS: "Documents: protocols, data dictionaries",
}


def direction_of(request: EgressRequest) -> Direction:
    """The direction of a loaded request. Raises ValueError for a word that is none: nothing moves then."""
    return Direction(request.direction)


def is_incoming(request: EgressRequest) -> bool:
    """Whether it brings files into the workspace."""
    return direction_of(request) is IN


def event_name(event: str, direction: Direction) -> str:
    """The name of an event of egress.states or egress.moving for a request of that direction."""
    return direction.event_prefix + event.removeprefix(OUT.event_prefix)


def policy_of(version: str, direction: Direction) -> str:
    """What a vote is bound to: the version of the disclosure profile, and for what comes in, that it was for that."""
    return version if direction is OUT else f"{version}+in"


def check_purpose(purpose: str) -> str:
    """The purpose, empty if none is said yet. Raises Refusal `unknown-purpose`."""
    if purpose and purpose not in set(Purpose):
        raise Refusal("unknown-purpose", "There is no such purpose.", f"Use one of: {', '.join(Purpose)}.")
    return purpose
