"""The door to sanitising: one file without its metadata, as it is released. Promise: what cannot be stripped in the
locked child is refused, never released as it was.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from egress.inspection.child_process import ChildProcess
from egress.inspection.media_types import ALLOWED_TYPES, PDF
from egress.inspection.messages import Question
from governance.refusal import Refusal

SECONDS = 30.0  # of the processor
LONGEST_ANSWER = 96 * 2**20  # a picture encoded anew may grow, and by a third again in base64
MOST_REMOVED = 50


@dataclass(frozen=True)
class Sanitised:
    """One file as it may be handed over.

    Attributes:
        content: the new bytes; those given, if there was nothing to remove.
        removed: what is gone, in words without any value ("document properties"); empty if nothing is.
    """

    content: bytes = field(repr=False)
    removed: tuple[str, ...] = ()


def sanitise(content: bytes, media_type: str) -> Sanitised:
    """The file without document properties, authors, comments, thumbnails, camera data and the like.

    The same bytes give the same result each time. What readers see is kept; png and jpeg are encoded anew even where
    there is nothing to remove (a jpeg loses a little each time). Takes up to SECONDS of the processor;
    parses in a locked child only.

    Raises:
        Refusal: `cannot-be-sanitised` for a type that may not leave, and whenever the child does not answer well.
    """
    if media_type not in ALLOWED_TYPES:
        raise _refusal()
    with ChildProcess("sanitise-pdf" if media_type == PDF else "sanitise", SECONDS) as child:
        answer = child.ask(Question({"media_type": media_type}, content).packed(), LONGEST_ANSWER)
    try:
        told = json.loads(answer or b"")
        kept = base64.b64decode(told["content"], validate=True)
        removed = tuple(str(words)[:200] for words in told["removed"][:MOST_REMOVED])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refusal() from None
    if not kept:
        raise _refusal()
    return Sanitised(kept, removed)


def _refusal() -> Refusal:
    return Refusal(
        "cannot-be-sanitised",
        "The hidden parts of the file could not be removed.",
        "Save it again in another allowed type, and submit that.",
    )
