"""What the edge adds: to a small answer, to a round trip with a kernel, and what a large answer loses on its way.

    python -m benchmarks.edge [ROUNDS]

Everything is a process of its own, as in the gateway: a workspace's server (which plays the kernel too: the five
messages of a short cell), `python -m hub.edge`, and the browser, which is this one. Each way takes turns with its
baseline in one run, so that a busy machine slows both; ratios mean more than milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

import aiohttp
import uvloop
from aiohttp import web

from governance.demo_register import load_demo_register
from governance.registry import initialise
from governance.settings import Settings, load_settings
from hub.edge.client import EdgeClient
from tests.support.edge_lab import entry_cookie
from tests.support.own_certificate import trusting, write_pair

ROUNDS = 500
LARGE_BYTES, LARGE_ROUNDS = 256 * 2**20, 3
PIECE = 2**18
PREFIX = "/user/researcher-a/gi-bleed/"
OWNER = {"user": "researcher-a", "server_name": "gi-bleed"}
PARENT = {"msg_id": "0" * 32, "session": "1" * 32, "username": "researcher", "msg_type": "execute_request"}
EXECUTE = json.dumps({"header": PARENT, "content": {"code": "1 + 1", "silent": False}, "channel": "shell"})


def said(kind: str, **content: object) -> str:
    """One message of a kernel."""
    return json.dumps({"header": {**PARENT, "msg_type": kind}, "parent_header": PARENT, "content": content})


CELL = (
    said("status", execution_state="busy"),
    said("execute_input", code="1 + 1", execution_count=1),
    said("execute_result", data={"text/plain": "2", "text/html": "<b>2</b>" * 40}),
    said("execute_reply", status="ok", execution_count=1),
    said("status", execution_state="idle"),
)


# the workspace's server


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    """A small JSON, a cell's messages for each request, or very many zeros."""
    if request.path.endswith("/channels"):
        kernel = web.WebSocketResponse(compress=False)
        await kernel.prepare(request)
        async for _ in kernel:
            for message in CELL:
                await kernel.send_str(message)
        return kernel
    if not request.path.endswith("/large"):
        return web.json_response({"started": True})
    large = web.StreamResponse(headers={"Content-Length": str(LARGE_BYTES)})
    await large.prepare(request)
    for _ in range(LARGE_BYTES // PIECE):
        await large.write(bytes(PIECE))
    return large


async def serve(path: str) -> None:
    """Until it is ended."""
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.UnixSite(runner, path).start()
    await asyncio.Event().wait()


# what plain copying costs: the same bytes through a process that looks at none of them


async def relay(path: str, port: int) -> None:
    """Until it is ended."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(path, limit=PIECE)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(PIECE):
                sink.write(data)
                await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer), return_exceptions=True)

    async with await asyncio.start_server(copy, "127.0.0.1", port, limit=PIECE) as server:
        await server.serve_forever()


# the browser


def megabytes_a_second(connect: Callable[[], socket.socket], host: str, cookie: str) -> float:
    """Of one large answer, read as fast as one thread can."""
    buffer = bytearray(2**20)
    with connect() as connection:
        head = f"GET {PREFIX}large HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        began, got = time.perf_counter(), 0
        while got < LARGE_BYTES and (size := connection.recv_into(buffer)):
            got += size
        if got < LARGE_BYTES:
            raise SystemExit(f"only {got} bytes came: {bytes(buffer[:200])!r}")
        return got / 1e6 / (time.perf_counter() - began)


async def cell_milliseconds(kernel: aiohttp.ClientWebSocketResponse) -> float:
    """From the request to the last of the cell's messages."""
    began = time.perf_counter()
    await kernel.send_str(EXECUTE)
    for _ in CELL:
        await kernel.receive_str()
    return (time.perf_counter() - began) * 1000


async def small_milliseconds(session: aiohttp.ClientSession, url: str) -> float:
    """One small answer."""
    began = time.perf_counter()
    async with session.get(url) as found:
        await found.read()
    return (time.perf_counter() - began) * 1000


async def measure(settings: Settings, path: Path, rounds: int) -> None:
    """The two kinds of round trips, directly and through the edge, in turns."""
    small: dict[str, list[float]] = {"direct": [], "edge": []}
    cells: dict[str, list[float]] = {"direct": [], "edge": []}
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as direct,
        aiohttp.ClientSession(headers={"Cookie": entry_cookie(settings)}) as through,
        direct.ws_connect(f"http://x{PREFIX}api/kernels/1/channels") as near,
        through.ws_connect(f"{settings.url}{PREFIX}api/kernels/1/channels") as far,
    ):
        for _ in range(rounds):
            small["direct"].append(await small_milliseconds(direct, f"http://x{PREFIX}api/status"))
            small["edge"].append(await small_milliseconds(through, f"{settings.url}{PREFIX}api/status"))
            cells["direct"].append(await cell_milliseconds(near))
            cells["edge"].append(await cell_milliseconds(far))
    report("a small answer", small)
    report("a cell's round trip", cells)


def report(what: str, times: dict[str, list[float]]) -> None:
    """Medians, the 99th percentile, the difference."""
    cuts = {name: quantiles(found, n=100) for name, found in times.items()}
    told = ", ".join(f"{name} p50 {cut[49]:.2f} p99 {cut[98]:.2f} ms" for name, cut in cuts.items())
    print(f"{what}: {told}; the edge adds {cuts['edge'][49] - cuts['direct'][49]:.2f} ms at p50")


def report_large(settings: Settings, path: Path, relay_port: int) -> None:
    """Megabytes a second of a large answer: directly, through plain copying, through the edge."""

    def unix() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        return connection

    ways: dict[str, Callable[[], socket.socket]] = {
        "direct": unix,
        "plain copying": lambda: socket.create_connection(("127.0.0.1", relay_port)),
        "edge": lambda: socket.create_connection((settings.host, settings.port)),
    }
    host = settings.url.removeprefix("http://")
    cookie = entry_cookie(settings)
    rates = {
        name: median(megabytes_a_second(way, host, cookie) for _ in range(LARGE_ROUNDS)) for name, way in ways.items()
    }
    print("a large answer: " + ", ".join(f"{name} {rate:.0f} MB/s" for name, rate in rates.items()))
    print(f"the edge carries {rates['edge'] / rates['plain copying']:.2f} of what plain copying does")


def report_tls(settings: Settings, certificate: Path) -> None:
    """The same through an edge that speaks TLS, to a browser that decrypts."""
    trusts = trusting(certificate)

    def secure() -> socket.socket:
        plain = socket.create_connection((settings.host, settings.port))
        return trusts.wrap_socket(plain, server_hostname=settings.host)

    host = settings.url.removeprefix("https://")
    cookie = entry_cookie(settings)
    rate = median(megabytes_a_second(secure, host, cookie) for _ in range(LARGE_ROUNDS))
    print(f"a large answer over TLS: edge {rate:.0f} MB/s")


@contextmanager
def running(*arguments: str) -> Iterator[None]:
    """A process beside this one."""
    process = subprocess.Popen([sys.executable, *arguments])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def prepare(settings: Settings, path: Path, relay_port: int) -> None:
    """Wait until all of them answer, and route the workspace."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            (await asyncio.open_unix_connection(str(path)))[1].close()
            (await asyncio.open_connection("127.0.0.1", relay_port))[1].close()
        except OSError:
            await asyncio.sleep(0.1)
        else:
            break
    await EdgeClient(settings.folder.run, patience=60).add(PREFIX, f"http+unix://{quote(str(path), safe='')}", OWNER)


def main() -> None:
    """Measure in a state folder of its own."""
    match sys.argv[1:]:
        case ["serve", path]:
            return uvloop.run(serve(path))
        case ["relay", path, port]:
            return uvloop.run(relay(path, int(port)))
        case [number]:
            rounds = int(number)
        case _:
            rounds = ROUNDS
    with tempfile.TemporaryDirectory(prefix="sde-") as folder:
        relay_port = free_port()
        os.environ |= {"SDE_STATE": folder, "SDE_PORT": str(free_port()), "SDE_TRAFFIC_CAP_BYTES": str(2**50)}
        settings = load_settings()
        store = initialise(settings)
        load_demo_register(store)
        path = settings.folder.run / "s.sock"
        with (
            running("-m", "benchmarks.edge", "serve", str(path)),
            running("-m", "benchmarks.edge", "relay", str(path), str(relay_port)),
        ):
            with running("-m", "hub.edge"):
                asyncio.run(prepare(settings, path, relay_port))
                asyncio.run(measure(settings, path, rounds))
                report_large(settings, path, relay_port)
            certificate, key = write_pair(Path(folder) / "tls")
            os.environ |= {"SDE_TLS_CERTIFICATE_FILE": str(certificate), "SDE_TLS_KEY_FILE": str(key)}
            with running("-m", "hub.edge"):
                asyncio.run(prepare(settings, path, relay_port))
                report_tls(load_settings(), certificate)
        store.close()
    return None


if __name__ == "__main__":
    main()
