"""The addresses below `sde/`: what the Lab asks and tells, and the gateway's one request before it closes.

`news`, `saved`, `active` and `check` are for the signed-in Lab, with the server's own sign-in and XSRF checks.
`closing` is for the gateway, which has no token of this server. It is known by a header that the edge takes off every
request from outside and by the socket, which no code inside can reach; and all it does is save.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, authenticated

from sde_workspace.activity import note_use, tell_hub
from sde_workspace.checking import are_paths, check_files
from sde_workspace.labs import OpenLabs
from sde_workspace.notices import read_notices, revision

LONGEST_WAIT = 25.0
LOOK_SECONDS = 1.0
TELL_HUB_SECONDS = 5.0
LAB_NAME = re.compile(r"[0-9a-f]{24}")
FAREWELL_HEADER = "X-SDE-Farewell"


class LabHandler(APIHandler):
    """What the handlers for the Lab share."""

    _track_activity = False

    def initialize(self, server: ServerApp, labs: OpenLabs) -> None:
        """The server and its open Labs."""
        self.server, self.labs = server, labs

    def lab_name(self, name: Any) -> str:
        """The page's own name for itself."""
        if not isinstance(name, str) or not LAB_NAME.fullmatch(name):
            raise HTTPError(400)
        return name

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        sent = self.get_json_body()
        if not isinstance(sent, dict):
            raise HTTPError(400)
        return sent


class NewsHandler(LabHandler):
    """Waits until there is something new to say, at most LONGEST_WAIT."""

    waiting_for = ""

    @authenticated
    async def get(self) -> None:
        """`lab`: the page; `notices`, `closing`: what it has seen."""
        name = self.waiting_for = self.lab_name(self.get_argument("lab"))
        seen = self.get_argument("notices", ""), self.get_argument("closing", "")
        ends = time.monotonic() + LONGEST_WAIT
        with self.labs.asking(name):
            while self._is_known(*seen) and time.monotonic() < ends:
                await self.labs.wait_for_round(LOOK_SECONDS)
        self.waiting_for = ""
        try:
            await self.finish({"revision": revision(), "notices": read_notices(), "closing": self.labs.closing})
        except StreamClosedError:
            return

    def _is_known(self, notices: str, closing: str) -> bool:
        return self.waiting_for != "" and notices == revision() and self.labs.closing in (0, _number(closing))

    def on_connection_close(self) -> None:
        """The page was closed."""
        if self.waiting_for:
            self.labs.left(self.waiting_for)
            self.waiting_for = ""
        super().on_connection_close()


class SavedHandler(LabHandler):
    """A Lab has saved what it could."""

    @authenticated
    async def post(self) -> None:
        """`lab`, `closing`, `saved`, `unsaved`."""
        sent = self.body()
        counts = {name: sent.get(name) for name in ("closing", "saved", "unsaved")}
        if not all(isinstance(count, int) and 0 <= count < 10_000 for count in counts.values()):
            raise HTTPError(400)
        number = counts.pop("closing")
        self.labs.said(self.lab_name(sent.get("lab")), number, **counts)
        self.set_status(204)
        await self.finish()


class ActiveHandler(LabHandler):
    """Somebody is here. With `now` the hub hears at once, because a notice waits for it."""

    told = float("-inf")

    @authenticated
    async def post(self) -> None:
        """`lab`, `now`."""
        sent = self.body()
        self.lab_name(sent.get("lab"))
        note_use(self.server)
        if sent.get("now") is True and time.monotonic() - ActiveHandler.told > TELL_HUB_SECONDS:
            ActiveHandler.told = time.monotonic()
            await tell_hub(self.server)
        self.set_status(204)
        await self.finish()


class CheckHandler(LabHandler):
    """Somebody asks what the airlock would say of files."""

    @authenticated
    async def post(self) -> None:
        """`lab`, `paths`: as the Lab names files."""
        sent = self.body()
        self.lab_name(sent.get("lab"))
        paths = sent.get("paths")
        if not are_paths(paths):
            raise HTTPError(400)
        note_use(self.server)
        await self.finish(await check_files(self.server, paths))


class ClosingHandler(RequestHandler):
    """The gateway is about to close this workspace: answers when every open Lab has saved."""

    def initialize(self, labs: OpenLabs) -> None:
        """The open Labs."""
        self.labs = labs

    def check_xsrf_cookie(self) -> None:
        """There is no cookie: see the module's first words."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Nothing is sent; {"labs", "saved", "unsaved"} is answered."""
        if self.request.headers.get(FAREWELL_HEADER) != "1":
            raise HTTPError(403)
        await self.finish(await asyncio.shield(asyncio.ensure_future(self.labs.save_all())))


def handlers_of(server: ServerApp, labs: OpenLabs) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """The addresses, below the server's own prefix."""
    base_url = server.web_app.settings["base_url"]
    both = {"server": server, "labs": labs}
    return [
        (url_path_join(base_url, "sde", "news"), NewsHandler, both),
        (url_path_join(base_url, "sde", "saved"), SavedHandler, both),
        (url_path_join(base_url, "sde", "active"), ActiveHandler, both),
        (url_path_join(base_url, "sde", "check"), CheckHandler, both),
        (url_path_join(base_url, "sde", "closing"), ClosingHandler, {"labs": labs}),
    ]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
