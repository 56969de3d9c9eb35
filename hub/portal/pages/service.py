"""The routes that need nobody: health for the supervisor, the look's files, the way back from the hub's sign-in."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from governance.look import LOOK_FOLDER
from governance.refusal import Refusal
from hub.portal.identity import HubSignIn

#: The files that browsers may fetch, and nothing else of the folder.
STATIC: Mapping[str, str] = {"style.css": "text/css", "mark.svg": "image/svg+xml"}
STATIC_CACHE = "public, max-age=600"  # seconds; after that the browser asks again with the file's ETag


def health() -> PlainTextResponse:
    """That the process answers."""
    return PlainTextResponse("ok")


def static_file(name: str) -> FileResponse:
    """One file of the shared look. Raises Refusal `no-such-page`."""
    if name not in STATIC:
        raise Refusal("no-such-page", "There is no such page.", "Start from your projects.")
    return FileResponse(LOOK_FOLDER / name, media_type=STATIC[name], headers={"Cache-Control": STATIC_CACHE})


async def return_from_sign_in(request: Request) -> Response:
    """The hub sends the browser here with a code."""
    sign_in: HubSignIn = request.app.state.sign_in
    return await sign_in.return_from_hub(request)
