"""Submitting. Promise: a request is submitted by its live author, complete, with every byte as it was added."""

from __future__ import annotations

from egress.airlock import Airlock
from egress.ballots import live_files
from egress.files import StoredFile, file_changed
from egress.moving import find_request, move
from egress.policies import check_can_send
from egress.screening import screen
from egress.states import Action, State
from egress.turns import open_turn


def submit(airlock: Airlock, *, actor: str, request_id: str) -> State:
    """Submit a draft or a returned request, then screen it; returns where it is afterwards. Raises those of `send`."""
    send(airlock, actor=actor, request_id=request_id)
    return screen(airlock, request_id)


def send(airlock: Airlock, *, actor: str, request_id: str) -> None:
    """Submit a draft or a returned request, and leave its screening to whoever called.

    Raises Refusal `file-changed`, those of check_can_send and of governance.access.
    """
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_send(session, actor, request)
        for file in live_files(request):
            if not airlock.files.is_intact(StoredFile(file.sha256, file.size)):
                raise file_changed(file.name)
        open_turn(session, request)
        files, asked = len(live_files(request)), bool(request.exception_reason)
        move(session, request, Action.SUBMIT, State.SUBMITTED, actor=actor, files=files, exception=asked)
