"""The workspaces' way to hand in an ACRO session: its files as they are, unpacked nowhere but in a folder that is gone
when the answer is sent.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from egress.acro import read_session
from egress.acro.session import CHECKSUMS, RESULTS
from egress.airlock import Airlock
from egress.names import check_file_name
from egress.reading import read_request
from egress.service.desk import CurrentCaller, CurrentDesk, run
from egress.service.forms import read_form
from egress.service.workspace_api import show_request
from egress.session_drafting import draft_session
from egress.views import RequestView
from governance.access import check_can_submit
from governance.callers import Caller

ENDING = ".txt"
Uploads = Sequence[tuple[str, BinaryIO]]
router = APIRouter(prefix="/v1")


@router.post("/sessions")
async def post_session(request: Request, desk: CurrentDesk, caller: CurrentCaller) -> JSONResponse:
    """A draft from a session: `files` are results.json and the outputs, `checksums` what lies in that folder."""
    async with read_form(request) as form:
        view = await run(_draft, desk.airlock, caller, form.uploads("files"), form.uploads(CHECKSUMS))
    return JSONResponse(show_request(desk.airlock, view), 201)


def _draft(airlock: Airlock, caller: Caller, files: Uploads, checksums: Uploads) -> RequestView:
    with airlock.store.reading() as session:
        check_can_submit(session, caller.subject, caller.project)
    folder = Path(tempfile.mkdtemp(prefix="session-", dir=airlock.settings.folder.airlock))
    try:
        (folder / CHECKSUMS).mkdir()
        for name, source in files:
            _write(folder / _check_name(name), source)
        for name, source in checksums:
            _write(folder / CHECKSUMS / f"{_check_name(name.removesuffix(ENDING))}{ENDING}", source)
        read = read_session(folder, limit=airlock.settings.egress_file_bytes)
        made = draft_session(airlock, actor=caller.subject, project=caller.project, session=read)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return read_request(airlock, caller.subject, made)


def _check_name(name: str) -> str:
    return name if name == RESULTS else check_file_name(name)


def _write(file: Path, source: BinaryIO) -> None:
    with file.open("wb") as target:
        shutil.copyfileobj(source, target)
