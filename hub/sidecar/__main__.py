"""Runs a sidecar: `python -m hub.sidecar --gate ADDRESS:PORT`; its secret and the gate's certificate are files."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from hub.sidecar.carrying import Stream, carry, close
from hub.sidecar.gate import Gate, client_context
from hub.sidecar.greeting import BEGIN, HOLES, INWARD, NOTICES
from hub.sidecar.sockets import HANDING_FILE, HOLE_FILES, hand_over, listen, serve

WAITING = 8  # inward connections kept waiting at the gate
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
NOTICE_SECONDS = 5.0
NOTICE_FILE = Path("hub/notices.json")


@dataclass
class Sidecar:
    """One workspace's sidecar. `folder` is shared with it; `server`, its server's socket, is seen by us only."""

    gate: Gate
    folder: Path
    server: Path
    _carrying: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        handed = listen(self.server)
        self.server.chmod(0o600)
        servers = [await serve(self.folder / HOLE_FILES[hole], self._outward(hole)) for hole in HOLES]
        duties: list[Coroutine[Any, Any, None]] = [
            hand_over(self.folder / HANDING_FILE, handed),
            self._bring_notices(),
            *(self._wait_inward() for _ in range(WAITING)),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for duty in duties:
                    group.create_task(duty)
        finally:
            for server in servers:
                server.close()
            handed.close()

    def _outward(self, hole: str) -> Any:
        async def answer(inside: Stream) -> None:
            with contextlib.suppress(OSError, TimeoutError):
                await carry(inside, await self.gate.connect(hole))

        return answer

    async def _wait_inward(self) -> None:
        """Keep one connection waiting at the gate; when it is needed, carry it to the server and bring another."""
        pause = FIRST_PAUSE
        while True:
            try:
                outside = await self.gate.connect(INWARD)
                begun = await outside[0].read(len(BEGIN))
            except (OSError, TimeoutError):
                begun, outside = b"", None
            if outside is not None and begun == BEGIN:
                pause = FIRST_PAUSE
                self._begin(outside)
                continue
            if outside is not None:
                await close(outside[1])
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _begin(self, outside: Stream) -> None:
        task = asyncio.create_task(self._inward(outside))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _inward(self, outside: Stream) -> None:
        try:
            inside = await asyncio.open_unix_connection(str(self.server))
        except OSError:
            await close(outside[1])
        else:
            await carry(outside, inside)

    async def _bring_notices(self) -> None:
        """The gateway's notices to the person, put where the Lab looks for them."""
        file = self.folder / NOTICE_FILE
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                reader, writer = await self.gate.connect(NOTICES)
                try:
                    async with asyncio.timeout(NOTICE_SECONDS):
                        told = await reader.read(-1)
                finally:
                    await close(writer)
                if told and (not file.exists() or file.read_bytes() != told):
                    fresh = file.with_suffix(".new")
                    fresh.write_bytes(told)
                    fresh.replace(file)
            await asyncio.sleep(NOTICE_SECONDS)


def read_arguments(arguments: list[str]) -> tuple[Gate, Path]:
    """The gate and the shared folder. Raises SystemExit with the reason."""
    parser = argparse.ArgumentParser(prog="sidecar", allow_abbrev=False)
    parser.add_argument("--gate", required=True, help="address:port of the channel gate; a number, never a name")
    parser.add_argument("--credentials", type=Path, default=Path("/run/secrets/gate"), help="folder of the two files")
    parser.add_argument("--folder", type=Path, default=Path("/run/channel"), help="shared with the workspace")
    given = parser.parse_args(arguments)
    host, _, port = given.gate.rpartition(":")
    try:
        address = str(ip_address(host.strip("[]")))
        secret = (given.credentials / "secret").read_text().strip()
        context = client_context((given.credentials / "certificate.pem").read_text())
        return Gate(address, int(port), secret, context), given.folder
    except (ValueError, OSError) as error:
        sys.exit(f"sidecar: {type(error).__name__} in --gate or --credentials")


def main() -> None:
    """Run until told to stop."""
    gate, folder = read_arguments(sys.argv[1:])
    if re.fullmatch(r"[0-9a-f]{64}", gate.secret) is None:
        sys.exit("sidecar: the secret is not one")
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as own:
        asyncio.run(_until_told(Sidecar(gate, folder, Path(own) / "s.sock")))


async def _until_told(sidecar: Sidecar) -> None:
    running = asyncio.create_task(sidecar.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


if __name__ == "__main__":
    main()
