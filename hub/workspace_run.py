"""The story of `sde workspace run`: a command in exactly the sandbox that the spawner uses, and nothing left after it.

Promise: the person's approval is checked as for a workspace, both ends of the run are in the audit log under the
operator's name, and the run's channel is closed however the run ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from governance.access import check_can_spawn
from governance.audit import append_event
from governance.channels import close_channel, open_channel
from governance.settings import Settings
from governance.store import Store
from hub.disk import DiskWatch
from hub.lent_services import services_for_a_run
from hub.names import RUN_PREFIX, places_of
from hub.orphans import CHANNEL_FILE, sweep_dead_runs
from hub.relay import WorkspaceRelay
from hub.sandbox_process import Streams
from hub.workspace_image import DEFAULT_IMAGE, check_image
from hub.workspace_start import Prepared, Started, end_workspace, prepare_workspace, start_workspace, watched

TOKEN_BYTES = 32
DISK_SECONDS = 10.0
GRACE_SECONDS = 2.0
OURS = Streams(stdin=None)  # all three streams are the caller's own
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class RunRequest:
    """Who asks for what: `operator` (an actor's name) runs `command` as `subject` in `project`, in that image."""

    operator: str
    subject: str
    project: str
    command: tuple[str, ...]
    image: str = DEFAULT_IMAGE


def run_in_workspace(settings: Settings, store: Store, request: RunRequest, streams: Streams = OURS) -> int:
    """Run it to its end and return its exit code (128 + signal number if a signal ended it or us).

    Raises the register's Refusal if the person may not work in the project now, and those of `hub.workspace_start`.
    """
    return asyncio.run(_run(settings, store, request, streams))


async def _run(settings: Settings, store: Store, request: RunRequest, streams: Streams) -> int:
    with store.reading() as session:
        check_can_spawn(session, request.subject, request.project)
    check_image(request.image)
    sweep_dead_runs(settings, store)
    places = places_of(settings.folder, request.subject, request.project, name=f"{RUN_PREFIX}{secrets.token_hex(4)}")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    stopping = _Stopping()
    async with services_for_a_run(settings):
        prepared = await asyncio.to_thread(prepare_workspace, places, request.image)
        async with _channel(settings, store, request, prepared, token) as ended:
            code = await _run_sandbox(settings, request, prepared, token, streams, stopping)
            ended["exit_code"] = code
    return code


@asynccontextmanager
async def _channel(
    settings: Settings, store: Store, request: RunRequest, prepared: Prepared, token: str
) -> AsyncIterator[dict[str, int]]:
    """The run's channel and sockets; both ends are audited. The block may leave its exit code in what it is given."""
    detail: dict[str, int] = {}
    channel = open_channel(store, subject=request.subject, project=request.project, token=token, kind="operator")
    try:
        (prepared.places.run / CHANNEL_FILE).write_text(channel)
        _audit(store, request, "workspace.run_started", {"channel": channel, "subject": request.subject})
        relay = WorkspaceRelay(settings, prepared.places, subject=request.subject, channel=channel, uid=prepared.uid)
        try:
            await relay.open()
            yield detail
        finally:
            await relay.close()
    finally:
        close_channel(store, channel)
        _audit(store, request, "workspace.run_ended", {"channel": channel, "subject": request.subject, **detail})
        shutil.rmtree(prepared.places.run, ignore_errors=True)


async def _run_sandbox(
    settings: Settings, request: RunRequest, prepared: Prepared, token: str, streams: Streams, stopping: _Stopping
) -> int:
    # In this very thread: the kernel ends the sandbox when the thread that started it ends.
    started = start_workspace(
        settings,
        prepared,
        command=request.command,
        variables=_variables(request, token),
        streams=streams,
        dies_with_parent=True,
    )
    popen = started.sandbox.popen
    watching = asyncio.create_task(_watch_disk(settings, prepared, started, stopping))
    try:
        while popen is not None and popen.poll() is None and stopping.by is None:
            await asyncio.sleep(0.02)
    finally:
        watching.cancel()
        await asyncio.to_thread(end_workspace, started, grace=GRACE_SECONDS)
    if stopping.by is not None:
        return 128 + stopping.by
    return _exit_code(popen.returncode if popen is not None else -signal.SIGKILL)


async def _watch_disk(settings: Settings, prepared: Prepared, started: Started, stopping: _Stopping) -> None:
    """As the hub watches its workspaces: a run that goes on filling a folder far over its quota is ended."""
    watch, one = DiskWatch(settings), watched(settings, prepared.places, prepared.uid, started)
    while True:
        with contextlib.suppress(OSError):
            if (await asyncio.to_thread(watch.look, one)).must_end:
                stopping.by = signal.SIGXFSZ
                return
        await asyncio.sleep(DISK_SECONDS)


def _variables(request: RunRequest, token: str) -> dict[str, str]:
    return {
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_USER": request.subject,
        "JUPYTERHUB_SERVER_NAME": request.project,
    }


def _exit_code(status: int) -> int:
    return 128 - status if status < 0 else status


def _audit(store: Store, request: RunRequest, event: str, detail: dict[str, str | int]) -> None:
    with store.transaction() as session:
        append_event(session, event=event, actor=request.operator, project=request.project, detail=detail)


class _Stopping:
    """Remembers the signal that asks us to end. `by` is its number."""

    def __init__(self) -> None:
        self.by: int | None = None
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, self._note, number)

    def _note(self, number: int) -> None:
        self.by = number
