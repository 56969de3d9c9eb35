"""The workspace's part in its own life, as a Jupyter server extension: notices of the gateway reach the Lab, open
documents are saved before the server ends, and the hub hears of real use only.

Its other half runs in the browser (images/server/lab/labextensions/sde-workspace). Good manners, not a boundary: code
in a kernel can replace this server, and then loses its author's unsaved work, not the gateway's promises.
"""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp

from sde_workspace import activity, ending, terminals
from sde_workspace.handlers import handlers_of
from sde_workspace.labs import OpenLabs


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "sde_workspace"}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    labs = OpenLabs()
    server.web_app.add_handlers(".*$", handlers_of(server, labs))
    activity.count_only_use(server)
    ending.save_before_ending(server, labs)
    if server.terminals_enabled:
        terminals.show_in_lab(server)
