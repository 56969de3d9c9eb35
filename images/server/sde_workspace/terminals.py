"""Where the register allows a project terminals: JupyterLab's part, which page_config.json turns off for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_server.serverapp import ServerApp

PLUGINS = frozenset({"@jupyterlab/services-extension:terminal-manager", "@jupyterlab/terminal-extension"})
HOOK = "page_config_hook"
PageConfig = dict[str, Any]


def show_in_lab(server: ServerApp) -> None:
    """Take the terminal's plugins off the list of those that are turned off, behind whatever hook is there."""
    settings = server.web_app.settings
    before: Callable[[Any, PageConfig], PageConfig] = settings.get(HOOK) or (lambda _, page_config: page_config)

    def hook(handler: Any, page_config: PageConfig) -> PageConfig:
        changed = before(handler, page_config)
        off = changed.get("disabledExtensions", [])
        changed["disabledExtensions"] = [plugin for plugin in off if plugin not in PLUGINS]
        return changed

    settings[HOOK] = hook
