"""Handlers that answer 403 where the notebook server would hand out whole files or a shell.

Good manners, not a boundary: code in a kernel can replace this server. The boundary is the gateway's edge proxy.
"""

from __future__ import annotations

import os

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import RequestHandler


class ClosedDoor(RequestHandler):
    """Refuses every method, for everybody."""

    @allow_unauthenticated
    def prepare(self) -> None:
        """Refuse before anything else is looked at."""
        self.set_status(403)
        self.finish({"message": "Closed in this service. Files leave through the airlock: sde.submit([...])."})


default_handlers = [
    (r"/files(/.*)?", ClosedDoor),
    (r"/nbconvert(/.*)?", ClosedDoor),
    (r"/api/nbconvert(/.*)?", ClosedDoor),
    (r"/lab/api/extensions(/.*)?", ClosedDoor),
]
if os.environ.get("JUPYTERHUB_SDE_TERMINALS") != "1":
    default_handlers += [(r"/terminals(/.*)?", ClosedDoor), (r"/api/terminals(/.*)?", ClosedDoor)]
