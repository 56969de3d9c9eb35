"""Writes the audit chain as JSON lines. Promise: a whole export proves itself with the public key alone, and memory
stays the same however long the chain is.

First line: what this is, the signed head and the signed days. Then one event a line, oldest first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from governance.audit.canonical import canonical_moment, quote
from governance.audit.chain import canonical_detail
from governance.audit.days import read_day_documents
from governance.audit.verification import read_raw

FORM = "sde-audit/1"


def export_lines(session: Session, head_file: Path | None) -> Iterator[str]:
    """The whole chain, a line at a time (without line ends)."""
    yield json.dumps({"form": FORM, **_signed(head_file)})  # read before the events, so that it knows no newer one
    for row in read_raw(session):
        yield event_line(row)


def event_line(row: Sequence[Any]) -> str:
    """One event. Its facts are an object where they are as we wrote them, else the text that the register holds."""
    seq, at, event, actor, project, detail, previous, digest = row
    where = "null" if project is None else quote(project)
    facts = detail if _is_ours(detail) else json.dumps(detail)
    return (
        f'{{"seq":{seq},"at":{quote(_moment(at))},"event":{quote(event)},"actor":{quote(actor)},"project":{where},'
        f'"detail":{facts},"previous":{quote(previous)},"digest":{quote(digest)}}}'
    )


def _is_ours(detail: Any) -> bool:
    try:
        known = json.loads(detail)
        return isinstance(known, dict) and canonical_detail(known) == detail
    except (ValueError, TypeError):
        return False


def _moment(at: str) -> str:
    try:
        return canonical_moment(at)
    except (ValueError, OverflowError):
        return at  # somebody changed it: whoever verifies is told


def _signed(head_file: Path | None) -> dict[str, Any]:
    if head_file is None:
        return {"head": None, "days": []}
    try:
        head = json.loads(head_file.read_text())
    except (OSError, ValueError):
        head = None
    return {"head": head, "days": read_day_documents(head_file)}
