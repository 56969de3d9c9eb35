"""What counts as use of the workspace, for the hub's idle closing: keys and clicks in a Lab, changes of files, kernels
and sessions, work of kernels and terminals. What a Lab asks by itself, tab open and nobody there, does not count.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from jupyter_server._tz import utcnow
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyterhub.singleuser.extension import JupyterHubSingleUser

READING = frozenset({"GET", "HEAD", "OPTIONS"})
USED_THROUGH = ("api/contents", "api/sessions", "api/kernels")
TELL_SECONDS = 5.0
SETTING = "sde_last_activity"  # the server counts every setting of this ending


def count_only_use(server: ServerApp) -> None:
    """Replace the server's count of API requests, and count a busy kernel as used at this moment."""
    base_url = server.web_app.settings["base_url"]
    used = tuple(f"{base_url}{path}" for path in USED_THROUGH)
    counts_every_request = APIHandler.update_api_activity

    def update_api_activity(handler: APIHandler) -> None:
        if handler.request.method not in READING and handler.request.path.startswith(used):
            counts_every_request(handler)

    APIHandler.update_api_activity = update_api_activity
    known = server.web_app.last_activity

    def last_activity() -> datetime:
        latest: datetime = utcnow() if _is_busy(server.kernel_manager) else known()
        return latest

    server.web_app.last_activity = last_activity


def note_use(server: ServerApp) -> None:
    """Somebody is here now."""
    server.web_app.settings[SETTING] = utcnow()


async def tell_hub(server: ServerApp) -> None:
    """Report to the hub at once instead of at the next turn."""
    apps = {app for apps in server.extension_manager.extension_apps.values() for app in apps}
    for app in apps:
        if isinstance(app, JupyterHubSingleUser):
            await asyncio.wait_for(app.notify_activity(), TELL_SECONDS)


def _is_busy(kernels: Any) -> bool:
    return any(
        getattr(kernels.get_kernel(kernel), "execution_state", "") == "busy" for kernel in kernels.list_kernel_ids()
    )
