"""What the edge adds to a request: the same small answer from a unix socket, directly and through the edge.

    python -m benchmarks.edge [REQUESTS]

The two ways take turns in one run, so that a busy machine slows both. Also the rate of a large answer through the edge.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote

import aiohttp
from aiohttp import web

from governance.demo_register import load_demo_register
from governance.registry import initialise
from governance.settings import Settings, load_settings
from hub.edge.assemble import make_edge
from hub.edge.table import make_route

REQUESTS = 500
LARGE_BYTES = 64 * 2**20
PATH = "/user/researcher-a/gi-bleed/api/status"


async def answer(request: web.Request) -> web.StreamResponse:
    """A small JSON, or zeros."""
    if request.path.endswith("/large"):
        return web.Response(body=bytes(LARGE_BYTES))
    return web.json_response({"started": True})


async def measure(settings: Settings, requests: int) -> None:
    """Start a server and an edge, ask both, print."""
    run, edge = settings.folder.run, make_edge(settings)
    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(run / "s.sock")).start()
    target = f"http+unix://{quote(str(run / 's.sock'), safe='')}"
    edge.table.add(
        make_route("/user/researcher-a/gi-bleed/", target, {"user": "researcher-a", "server_name": "gi-bleed"})
    )
    await edge.start(settings.host, settings.port)
    direct = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(run / "s.sock")))
    through = aiohttp.ClientSession()
    times: dict[str, list[float]] = {"direct": [], "edge": []}
    for _ in range(requests):
        for name, session, url in (("direct", direct, f"http://x{PATH}"), ("edge", through, settings.url + PATH)):
            began = time.perf_counter()
            async with session.get(url) as found:
                await found.read()
            times[name].append((time.perf_counter() - began) * 1000)
    began = time.perf_counter()
    async with through.get(settings.url + PATH.replace("status", "large")) as found:
        size = len(await found.read())
    rate = size / 2**20 / (time.perf_counter() - began)
    await asyncio.gather(direct.close(), through.close(), edge.stop(), runner.cleanup())
    report(times, rate)


def report(times: dict[str, list[float]], rate: float) -> None:
    """Medians, the 99th percentile, the ratio."""
    cuts = {name: quantiles(found, n=100) for name, found in times.items()}
    for name, cut in cuts.items():
        print(f"{name:>7}: p50 {cut[49]:.2f} ms, p99 {cut[98]:.2f} ms")
    added = cuts["edge"][49] - cuts["direct"][49]
    print(f"  added: p50 {added:.2f} ms ({cuts['edge'][49] / cuts['direct'][49]:.1f} times); large {rate:.0f} MiB/s")


def free_port() -> int:
    """A port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Measure in a state folder of its own."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else REQUESTS
    with tempfile.TemporaryDirectory(prefix="sde-") as folder:
        settings = load_settings(state=Path(folder), port=free_port())
        store = initialise(settings)
        load_demo_register(store)
        asyncio.run(measure(settings, requests))
        store.close()


if __name__ == "__main__":
    main()
