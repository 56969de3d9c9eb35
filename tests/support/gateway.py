"""A real gateway for tests: `sde up` in a state folder of its own on a free port, and people who sign in to it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

SDE = str(Path(sys.executable).parent / "sde")
START_SECONDS = 300.0  # the first start makes the demonstration, and other tests use the machine too
STOP_SECONDS = 60.0
BROWSER = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "gateway-test"}


def free_port() -> int:
    """A TCP port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """One state folder and the gateway on it. `with Gateway(folder) as gateway:` starts and stops it.

    Attributes:
        state: the state folder; survives stop and start.
        url: the address, without a trailing slash.
        environment: for further `sde` commands on the same state (`run`).
    """

    def __init__(self, state: Path, *, port: int | None = None, command: tuple[str, ...] = (SDE, "up")) -> None:
        self.state = state
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SDE_")},
            "SDE_STATE": str(state),
            "SDE_PORT": str(self.port),
            "SDE_SIGN_INS_PER_MINUTE": "1000",  # many people of a test share one address
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }
        self.started_in = 0.0
        self.trusts: ssl.SSLContext | bool = True  # of which certificates its browsers think well
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._console = state.parent / f"{state.name}-console.txt"

    def start(self) -> Self:
        """Start and wait for the line `ready:`. Raises RuntimeError with the console and the logs' ends."""
        began = time.monotonic()
        with self._console.open("w") as console:
            self._process = subprocess.Popen(
                self._command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=console,
                text=True,
                start_new_session=True,
            )
        line = self._first_line()
        if line.strip() != f"ready: {self.url}":
            self.stop()
            raise RuntimeError(f"the gateway did not start ({line!r})\n{self.tell()}")
        self.started_in = time.monotonic() - began
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, and wait; returns the exit status. Kills what is left after STOP_SECONDS."""
        process = self._process
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
            self._process = None

    def sign_in(self, account: str) -> httpx.Client:
        """A browser in which this account has signed in and the portal is open. Close it (`contextlib.closing`)."""
        client, answer = self.try_sign_in(account)
        if answer.status_code != httpx.codes.OK or "/services/portal/" not in str(answer.url):
            client.close()
            raise RuntimeError(f"{account} was not let in: {answer.status_code} {answer.url}\n{self.tell()}")
        return client

    def try_sign_in(self, account: str) -> tuple[httpx.Client, httpx.Response]:
        """The same, with whatever page comes at the end."""
        client = httpx.Client(
            base_url=self.url, headers=BROWSER, follow_redirects=True, timeout=30.0, trust_env=False, verify=self.trusts
        )
        page = client.get("/")
        if f'value="{account}"' not in page.text:
            raise RuntimeError(f"no sign-in page: {page.status_code} {page.url}\n{self.tell()}")
        answer = client.post(page.url, data={"sub": account}, headers={"Origin": self.url, "Referer": str(page.url)})
        return client, answer

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One `sde` command on the same state folder."""
        return subprocess.run(
            (SDE, *arguments), env=self.environment, capture_output=True, text=True, check=check, timeout=120
        )

    def tell(self) -> str:
        """Console and logs' ends, for a test that failed."""
        ends = [f"--- console\n{self.console()}"]
        for log in sorted((self.state / "logs").glob("*.log")):
            ends.append(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]))
        return "\n".join(ends)

    def console(self) -> str:
        """What the operator saw on standard error."""
        return self._console.read_text() if self._console.exists() else ""

    @property
    def pid(self) -> int:
        """Of the running `sde up`."""
        if self._process is None:
            raise RuntimeError("the gateway is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _first_line(self) -> str:
        assert self._process is not None and self._process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            return self._process.stdout.readline() if ready.select(START_SECONDS) else ""
