"""Which feeds a controller answers for, so that an objection to it closes these and no others.

Promise: a controller that is not known closes every feed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intake.feeds import Feed


def normal_controller(text: str) -> str:
    """How a controller is compared: without spaces at its ends, small letters, words joined by `_`."""
    return "_".join(text.casefold().split())


def controlled_feeds(
    controller: str, feeds: Sequence[Feed], codes: Mapping[str, frozenset[str]]
) -> frozenset[str] | None:
    """Names of the feeds of a controller, or None if it is not known.

    Args:
        controller: an organisation's code, a kind of controller of a feed (`gp_practice`) or a feed's name.
        codes: organisation code (normal) -> feeds in which it was seen.
    """
    wanted = normal_controller(controller)
    if not wanted:
        return None
    named = {feed.name for feed in feeds if wanted == feed.name or wanted in map(normal_controller, feed.controllers)}
    return frozenset(named | codes.get(wanted, frozenset())) or None
