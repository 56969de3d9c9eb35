"""The goals of the workspaces, measured on a real gateway with real workspaces, as a person meets them.

    python -m benchmarks.workspaces [WORKSPACES [SPAWNS]]

How long a start takes, alone and four at once; what idle workspaces weigh; how soon an ended membership is refused at
every gate; what a killed hub costs. Baselines of the same run: the start of a plain interpreter (the machine's own
measure), and JupyterHub's stock notebook server without a sandbox. On a busy machine read the ratios.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table
from websockets.exceptions import ConnectionClosed

from benchmarks import spawn
from benchmarks._world import Pair, World, descendants, proportional_mebibytes, running_world, wait_for
from governance.demo_register import ACTOR
from governance.registry import remove_member
from governance.settings import load_settings
from governance.store import open_store
from hub.names import places_of
from hub.services import SUPERVISOR, read_or_make_secret, token_file
from tests.support.kernel import Kernel
from tests.support.lone_hub import LoneHub

WORKSPACES, SPAWNS, AT_ONCE, PLAIN = 20, 5, 4, 20
SETTLE_SECONDS = 10.0
GOALS = {"spawn": 3.5, "four": 8.0, "memory": 2560.0, "refused": 5.0, "back": 10.0}
#: Asks the three sockets again and again, and writes down when each first refused.
WATCH = """
import http.client, json, os, socket, threading, time
class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("x", timeout=5)
        self.path = path
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)
def refused(path, target):
    try:
        connection = Unix(path)
        connection.request("GET", target, headers={"Authorization": "Bearer " + os.environ["JUPYTERHUB_API_TOKEN"]})
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status in (401, 403) and "no-extract" not in text
    except OSError:
        return True
def keep(name, what):
    with open("/home/researcher/.new", "w") as out:
        json.dump(what, out)
    os.replace("/home/researcher/.new", "/home/researcher/" + name)
def watch():
    gates = {"guard": ("/run/guard/guard.sock", "/v1/project"),
             "airlock": ("/run/guard/airlock.sock", "/v1/requests"),
             "hub, own token": ("/run/hub/hub.sock", "/hub/api/user")}
    seen = {name: None for name in gates}
    keep("watching", {name: refused(*gate) for name, gate in gates.items()})
    while not all(seen.values()):
        for name, gate in gates.items():
            if seen[name] is None and refused(*gate):
                seen[name] = time.time()
                keep("refused.json", seen)
        time.sleep(0.1)
threading.Thread(target=watch, daemon=True).start()
"""


@dataclass
class Figures:
    """What was measured, in seconds and MiB."""

    plain: list[float] = field(default_factory=list)
    stock: spawn.Times = field(default_factory=spawn.Times)
    spawns: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    at_once: float = 0.0
    idle: int = 0
    idle_memory: float = 0.0
    gateway_memory: float = 0.0
    refused: dict[str, float] = field(default_factory=dict)
    killed: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure and print."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    workspaces, spawns = (*numbers, *(WORKSPACES, SPAWNS)[len(numbers) :])[:2]
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="sde-") as folder:
        measure_plain(figures)
        asyncio.run(measure_stock(Path(folder), figures))
        with running_world(Path(folder), max(workspaces, AT_ONCE)) as world:
            measure_starts(world, figures, spawns)
            measure_idle(world, figures, workspaces)
            measure_killed_hub(world, figures, workspaces)
            measure_revocation(world, world.pairs[0], figures)
    report(figures, spawns)


def measure_plain(figures: Figures) -> None:
    for _ in range(PLAIN):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        figures.plain.append(time.perf_counter() - began)


async def measure_stock(folder: Path, figures: Figures) -> None:
    """The stock server, with a stand-in for the hub."""
    settings = load_settings(state=folder / "stock")
    settings.folder.create()
    async with LoneHub(settings, spawn.PERSON, spawn.PROJECT, spawn.TOKEN).listening():
        for _ in range(2):
            await spawn.measure_stock(settings, figures.stock)


def measure_starts(world: World, figures: Figures, spawns: int) -> None:
    """One after another, the first uncounted; then four at once."""
    world.start(world.pairs[0])
    world.stop(world.pairs[0])
    for _ in range(spawns):
        figures.spawns.append(world.start(world.pairs[0]))
        figures.stops.append(world.stop(world.pairs[0]))
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(world.start, world.pairs[:AT_ONCE]))
    figures.at_once = time.perf_counter() - began


def measure_idle(world: World, figures: Figures, workspaces: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:  # the hub starts four at once and no more
        list(pool.map(world.start, world.pairs[AT_ONCE:workspaces]))
    time.sleep(SETTLE_SECONDS)  # what runs once after a start has run
    rooms = descendants([pid for pair in world.pairs for pid in world.roots(pair)])
    figures.idle = sum(bool(world.roots(pair)) for pair in world.pairs)
    figures.idle_memory = proportional_mebibytes(rooms)
    figures.gateway_memory = proportional_mebibytes(descendants([world.gateway.pid]) - rooms)


def measure_killed_hub(world: World, figures: Figures, workspaces: int) -> None:
    """SIGKILL to the hub while a kernel holds a variable; seconds until the portal and the edge are as before."""
    pair = world.pairs[-1] if workspaces >= len(world.pairs) else world.pairs[0]
    before = {held: world.roots(held) for held in world.pairs if world.roots(held)}
    with Kernel(world.people[pair[0]], world.url(pair)) as kernel:
        kernel.run("held = 41")
        page = f"api/kernels/{kernel.id}"
        hub = hub_pid(world)
        began = time.perf_counter()
        os.kill(hub, signal.SIGKILL)
        with ThreadPoolExecutor(3) as pool:
            edge = pool.submit(wait_for, lambda: world.status(pair, page) == httpx.codes.OK, 120)
            portal = pool.submit(back_after, lambda: world.portal_shows(pair) and hub_pid(world, hub) > 0, began)
            counted = pool.submit(back_after, lambda: count_running(world) == len(before), began)
        figures.killed = {"edge forwards": edge.result(), "portal shows": portal.result(), "hub": counted.result()}
        survived = kernel.run("print(held + 1)").text.strip() == "42"
    after = {held: world.roots(held) for held in before}
    figures.killed["lost"] = float(sum(after[held] != before[held] for held in before) + (not survived))


def back_after(condition: Callable[[], bool], began: float) -> float:
    wait_for(condition, 120)
    return time.perf_counter() - began


def hub_pid(world: World, other_than: int = 0) -> int:
    """The hub's process; 0 while there is none."""
    for pid in descendants([world.gateway.pid]):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"hub.launch" in words and pid != other_than:
            return pid
    return 0


def count_running(world: World) -> int:
    """How many workspaces the hub says are ready."""
    try:
        found = ask_hub(world, "GET", "/users?state=ready&limit=200").json()
    except (httpx.HTTPError, ValueError):
        return -1
    return sum(len(person["servers"]) for person in found) if isinstance(found, list) else -1


def ask_hub(world: World, method: str, path: str) -> httpx.Response:
    token = read_or_make_secret(token_file(world.settings, SUPERVISOR))
    transport = httpx.HTTPTransport(uds=str(world.settings.folder.run / "hub.sock"))
    with httpx.Client(transport=transport, base_url="http://gateway/hub/api", timeout=10) as client:
        return client.request(method, path, headers={"Authorization": f"token {token}"})


def measure_revocation(world: World, pair: Pair, figures: Figures) -> None:
    """End the membership in the register, and watch every gate at once."""
    client, home = world.people[pair[0]], places_of(world.settings.folder, *pair).home
    ended: dict[str, float] = {}

    def until(name: str, condition: Callable[[], bool], clock: float) -> None:
        wait_for(condition, 60)
        ended[name] = time.time() - clock

    kernel = Kernel(client, world.url(pair))
    kernel.__enter__()
    kernel.run(WATCH)
    wait_for((home / "watching").exists, 30)
    early = [name for name, refused in json.loads((home / "watching").read_text()).items() if refused]
    if early:
        raise RuntimeError(f"refused while the membership is in force: {early}")
    roots, store = world.roots(pair), open_store(world.settings)
    began = time.time()
    remove_member(store, actor=ACTOR, slug=pair[1], subject=pair[0])
    watches = [
        threading.Thread(target=until, args=("page", lambda: world.status(pair, "api/status") == 403, began)),
        threading.Thread(target=until, args=("process", lambda: not any(map(is_alive, roots)), began)),
        threading.Thread(target=lambda: ended.update({"WebSocket": closed_after(kernel, began)})),
        threading.Thread(target=until, args=("start", lambda: start_refused(world, pair), began)),
    ]
    for watch in watches:
        watch.start()
    for watch in watches:
        watch.join()
    store.close()
    told = json.loads((home / "refused.json").read_text()) if (home / "refused.json").exists() else {}
    for gate, when in told.items():  # what had not refused when the process ended is refused by that
        ended[gate] = when - began if when else ended.get("process", 60.0)
    figures.refused = ended


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def closed_after(kernel: Kernel, began: float) -> float:
    try:
        while True:
            kernel.socket.recv(timeout=60)
    except (ConnectionClosed, TimeoutError):
        return time.time() - began


def start_refused(world: World, pair: Pair) -> bool:
    """Whether the portal's page has no button left for it."""
    page = world.people[pair[0]].get("/services/portal/")
    return f"/{pair[1]}/start" not in page.text and f"{pair[0]}/{pair[1]}/lab" not in page.text


def report(figures: Figures, spawns: int) -> None:
    table = Table(title=f"workspaces, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")
    for heading in ("", "measured", "goal", "against the baseline"):
        table.add_column(heading, justify="right" if heading else "left")
    plain, stock = median(figures.plain), median(figures.stock.stock)
    stock_memory = median(figures.stock.stock_memory)
    start, weight = median(figures.spawns), figures.idle_memory / max(1, figures.idle)
    table.add_row("plain interpreter", f"{plain * 1000:.0f} ms", "", "")
    table.add_row("stock server, no sandbox, no hub", f"{stock:.2f} s", "", f"{stock / plain:.0f} x plain")
    table.add_row(f"spawn, p50 of {spawns}", f"{start:.2f} s", f"{GOALS['spawn']} s", f"{start / stock:.2f} x stock")
    table.add_row("  worst", f"{max(figures.spawns):.2f} s", "", "")
    table.add_row("  stop, p50", f"{median(figures.stops):.2f} s", "", "")
    table.add_row(
        "four at once", f"{figures.at_once:.2f} s", f"{GOALS['four']} s", f"{figures.at_once / stock:.2f} x stock"
    )
    goal = GOALS["memory"] * figures.idle / WORKSPACES
    table.add_row(
        f"{figures.idle} idle workspaces", f"{figures.idle_memory:.0f} MiB", f"{goal:.0f} MiB",
        f"{weight / stock_memory:.2f} x stock each",
    )  # fmt: skip
    table.add_row("  with hub, edge and services", f"{figures.idle_memory + figures.gateway_memory:.0f} MiB", "", "")
    for name, seconds in sorted(figures.refused.items(), key=lambda item: item[1]):
        table.add_row(f"ended membership: {name}", f"{seconds:.2f} s", f"{GOALS['refused']} s", "")
    for name in ("edge forwards", "hub", "portal shows"):
        table.add_row(f"hub killed: {name} again", f"{figures.killed[name]:.2f} s", f"{GOALS['back']} s", "")
    table.add_row("hub killed: workspaces or variables lost", f"{figures.killed['lost']:.0f}", "0", "")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
