"""Bringing files in on behalf of a member, from the operator's machine. Promise: the same checks, the same review and
the same limits as in a browser; the chain names the operator beside the member.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from egress.airlock import Airlock
from egress.directions import IN
from egress.drafting import Description, Incoming, create_draft
from egress.files import open_regular
from egress.states import State
from egress.submission import submit
from governance.audit import Detail, append_event
from governance.refusal import Refusal


def hand_in(
    airlock: Airlock, *, operator: str, author: str, project: str, description: Description, files: Sequence[Path]
) -> tuple[str, State]:
    """Draft, submit and screen; returns the request's id and where it is afterwards. Raises Refusal `no-such-file` and
    those of create_draft and submit."""
    with ExitStack() as opened:
        try:
            given = [Incoming(file.name, opened.enter_context(open_regular(file))) for file in files]
        except OSError:
            raise Refusal("no-such-file", "A file cannot be read.", "Name plain files that are there.") from None
        request = create_draft(
            airlock, actor=author, project=project, description=description, files=given, direction=IN
        )
    with airlock.store.transaction() as session:
        detail: Detail = {"request": request, "subject": author, "files": len(files)}
        append_event(session, event="ingress.handed_in", actor=operator, project=project, detail=detail)
    return request, submit(airlock, actor=author, request_id=request)
