"""How long a workspace takes: the bare sandbox, and the spawner from its call to a server that answers; and its memory.

    python -m benchmarks.spawn [SPAWNS]

Peers, in the same run and taking turns: an unconfined process for the sandbox, and JupyterHub's stock notebook server
(every extension, no sandbox) for the workspace. Needs no hub: a small stand-in gives the hub's few answers.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp

from governance.demo_register import load_demo_register
from governance.registry import initialise
from governance.settings import Settings, load_settings
from hub.names import places_of
from hub.relay import WorkspaceRelay
from hub.sandbox_process import Streams
from hub.workspace_image import find_image
from hub.workspace_start import end_workspace, prepare_workspace, start_workspace
from tests.support.lone_hub import LoneHub
from tests.support.walled import Recorder

SPAWNS, SANDBOXES, REQUESTS = 5, 20, 200
PERSON, PROJECT, TOKEN = "researcher-a", "gi-bleed", "benchmark-token"
GOAL_SECONDS, GOAL_MEBIBYTES = 4.0, 120.0


@dataclass
class Times:
    """Seconds of each way."""

    bare: list[float] = field(default_factory=list)
    sandbox: list[float] = field(default_factory=list)
    stock: list[float] = field(default_factory=list)
    spawn: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    stock_memory: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    relayed: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    spawns = int(sys.argv[-1]) if sys.argv[-1].isdigit() else SPAWNS
    times = Times()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(state=Path(folder) / "state")
        store = initialise(settings)
        load_demo_register(store)
        store.close()
        measure_sandbox(settings, times)
        asyncio.run(measure_relay(settings, times))
        asyncio.run(measure_spawns(settings, spawns, times))
    report(times, spawns)


def report(times: Times, spawns: int) -> None:
    bare, sandbox = median(times.bare) * 1000, median(times.sandbox) * 1000
    stock, spawn = median(times.stock), median(times.spawn)
    print(f"bare process   p50 {bare:7.1f} ms")
    print(f"sandbox        p50 {sandbox:7.1f} ms   {sandbox / bare:.1f} x bare (limits and own user included)")
    direct, relayed = median(times.direct) * 1000, median(times.relayed) * 1000
    print(f"relay hop      p50 {relayed - direct:7.2f} ms   {relayed:.2f} against {direct:.2f} ms without it")
    print(f"stock server   p50 {stock:7.2f} s    PSS {median(times.stock_memory):5.1f} MiB")
    print(
        f"workspace      p50 {spawn:7.2f} s    PSS {median(times.memory):5.1f} MiB   "
        f"{spawn / stock:.2f} x stock in time, {median(times.memory) / median(times.stock_memory):.2f} x in memory"
    )
    print(f"worst of {spawns}: {max(times.spawn):.2f} s, {max(times.memory):.1f} MiB")
    print(f"goals: p50 under {GOAL_SECONDS} s: {spawn < GOAL_SECONDS}; under {GOAL_MEBIBYTES} MiB: "
          f"{max(times.memory) <= GOAL_MEBIBYTES}")  # fmt: skip


def measure_sandbox(settings: Settings, times: Times) -> None:
    prepared = prepare_workspace(places_of(settings.folder, PERSON, PROJECT, name="bench"))
    for _ in range(SANDBOXES):
        began = time.perf_counter()
        subprocess.run(["true"], check=True)
        times.bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        started = start_workspace(settings, prepared, command=("true",), variables={}, streams=Streams())
        assert started.sandbox.popen is not None
        started.sandbox.popen.wait()
        times.sandbox.append(time.perf_counter() - began)
        end_workspace(started, grace=0)


async def measure_relay(settings: Settings, times: Times) -> None:
    """A small answer from the guard's socket, directly and through a workspace's relay, taking turns."""
    prepared = prepare_workspace(places_of(settings.folder, PERSON, PROJECT, name="bench"))
    recorder = Recorder(settings)
    runners = await recorder.open()
    relay = WorkspaceRelay(settings, prepared.places, subject=PERSON, channel="c", uid=prepared.uid)
    await relay.open()
    try:
        for _ in range(REQUESTS):
            for path, measured in (
                (settings.folder.run / "guard.sock", times.direct),
                (prepared.places.guard_socket, times.relayed),
            ):
                began = time.perf_counter()
                assert await answers(path, "/v1/project")
                measured.append(time.perf_counter() - began)
    finally:
        await relay.close()
        for runner in runners:
            await runner.cleanup()


async def measure_spawns(settings: Settings, spawns: int, times: Times) -> None:
    hub = LoneHub(settings, PERSON, PROJECT, TOKEN)
    async with hub.listening():
        for _ in range(spawns):
            spawner = hub.spawner()
            began = time.perf_counter()
            await spawner.start()
            times.spawn.append(time.perf_counter() - began)
            assert spawner._started is not None
            [server] = spawner._started.sandbox.first.children()
            times.memory.append(proportional_mebibytes(server.pid))
            await spawner.stop()
            await measure_stock(settings, times)


async def measure_stock(settings: Settings, times: Times) -> None:
    """The same environment's `jupyterhub.singleuser` as it comes, on a socket, without a sandbox."""
    with tempfile.TemporaryDirectory() as home:
        socket = Path(home) / "s.sock"
        python = find_image().environment / "bin" / "python"
        hub = f"http+unix://{str(settings.folder.run / 'hub.sock').replace('/', '%2F')}/hub/api"
        prefix = f"/user/{PERSON}/{PROJECT}/"
        variables = {
            "HOME": home, "PATH": os.environ["PATH"], "JUPYTERHUB_API_TOKEN": TOKEN, "JUPYTERHUB_API_URL": hub,
            "JUPYTERHUB_CLIENT_ID": "x", "JUPYTERHUB_SERVICE_PREFIX": prefix, "JUPYTERHUB_USER": PERSON,
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:8888{prefix}", "JUPYTERHUB_SERVER_NAME": PROJECT,
            "JUPYTERHUB_OAUTH_SCOPES": "[]", "JUPYTERHUB_OAUTH_ACCESS_SCOPES": "[]",
        }  # fmt: skip
        command = [python, "-m", "jupyterhub.singleuser", f"--ServerApp.sock={socket}", "--allow-root"]
        began = time.perf_counter()
        process = subprocess.Popen(command, env=variables, cwd=home, stderr=subprocess.DEVNULL)
        try:
            while not await answers(socket, f"{prefix}api"):
                assert process.poll() is None, "the stock server ended"
                await asyncio.sleep(0.02)
            times.stock.append(time.perf_counter() - began)
            times.stock_memory.append(proportional_mebibytes(process.pid))
        finally:
            process.kill()
            process.wait()


async def answers(socket: Path, path: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket))) as session,
            session.get(f"http://x{path}"),
        ):
            return True
    except aiohttp.ClientError:
        return False


def proportional_mebibytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


if __name__ == "__main__":
    main()
