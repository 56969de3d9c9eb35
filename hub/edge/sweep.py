"""Stops the workspaces whose approval has ended, whoever ended it: the portal, a command line, or the calendar."""

from __future__ import annotations

from typing import Any

import structlog

from governance.refusal import Refusal
from hub.edge.approval import Approval
from hub.edge.table import Workspace

SWEEP_SECONDS = 10.0

log = structlog.get_logger("hub")


async def stop_unapproved(hub: Any, approval: Approval) -> None:
    """Stop each running workspace that the register no longer allows.

    The edge and the guard have refused it since the approval ended; this ends its processes.

    Args:
        hub: the running JupyterHub application.
        approval: the hub's own view of the register.
    """
    for workspace in _running(hub):
        try:
            await approval.check(workspace)
        except Refusal as refusal:
            await _stop(hub, workspace, refusal.code)


def _running(hub: Any) -> list[Workspace]:
    return [
        Workspace(user.name, name)
        for user in list(hub.users.values())
        for name, spawner in list(user.spawners.items())
        if spawner.ready
    ]


async def _stop(hub: Any, workspace: Workspace, code: str) -> None:
    user = hub.users.get(workspace.subject)
    spawner = user.spawners.get(workspace.project) if user is not None else None
    if spawner is None or not spawner.ready or spawner.pending:
        return
    log.info("workspace.approval-ended", code=code, project=workspace.project)
    await hub.proxy.delete_user(user, workspace.project)
    await user.stop(workspace.project)
