"""The canonical text of an event and its digest. Promise: the same event has one text, whichever database or file it is
read from, and no two events have the same one.

The text is a JSON list without spaces, written here by hand with the C function that `json` itself uses for strings:
a verification reads every event of years.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii

quote = encode_basestring_ascii
STORED = len("2026-01-01 00:00:00.000000")  # how SQLite keeps a moment, in UTC


def digest_event(seq: int, at: str, event: str, actor: str, project: str | None, detail: str, previous: str) -> str:
    """SHA-256 (hex) over the canonical text of an event. `at` is an ISO moment; one without a zone is UTC.

    Raises ValueError or TypeError if a value is not of the column's type.
    """
    if not isinstance(seq, int):
        raise TypeError("an event's number is a number")
    if len(at) == STORED and at[10] == " " and at[19] == ".":  # no other moment has this text, so none is mistaken
        moment = f"{at[:10]}T{at[11:]}+00:00"
    else:
        moment = canonical_moment(at)
    where = "null" if project is None else quote(project)
    text = f"[{seq},{quote(moment)},{quote(event)},{quote(actor)},{where},{quote(detail)},{quote(previous)}]"
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_moment(at: str) -> str:
    """A moment in UTC with microseconds. Raises ValueError, TypeError, OverflowError for what is none."""
    moment = datetime.fromisoformat(at)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).isoformat(timespec="microseconds")
