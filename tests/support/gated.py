"""A real channel gate and real sidecars as processes, over loopback TLS, in front of services that only record."""

from __future__ import annotations

import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.channels import open_channel
from governance.settings import Settings, load_settings
from governance.store import Store
from hub.names import WorkspacePlaces, places_of
from hub.relay.gate_identity import read_certificate
from hub.sidecar.gate import client_context
from hub.sidecar.greeting import NAME, write_greeting
from tests.support.scratch import surroundings

SECONDS = 20.0


def until(true: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_gate(state: Path) -> Settings:
    """Settings of this state folder whose gate has a port of its own."""
    return load_settings(state=state, gate_port=free_port())


@contextmanager
def process(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process, ended at the end."""
    environment = {**surroundings(), "PYTHONPATH": str(Path(__file__).parents[2]), **variables}
    with subprocess.Popen([sys.executable, *arguments], env=environment, stderr=subprocess.PIPE) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()


@contextmanager
def running_gate(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The gate's own program, once it listens."""
    variables = {"SDE_STATE": str(settings.folder.root), "SDE_GATE_PORT": str(settings.gate_port)}
    with process("-m", "hub.relay.gate", **variables) as started:
        assert until(lambda: _listens(settings) or started.poll() is not None)
        assert started.poll() is None, started.stderr
        yield started


def _listens(settings: Settings) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((settings.gate_host, settings.gate_port)) == 0


@dataclass
class Gated:
    """One workspace's channel, its secret, and the folder that its sidecar shares."""

    settings: Settings
    places: WorkspacePlaces
    channel: str
    secret: str
    folder: Path

    @property
    def guard(self) -> Path:
        return self.folder / "guard" / "guard.sock"

    @property
    def hub(self) -> Path:
        return self.folder / "hub" / "hub.sock"

    @property
    def handing(self) -> Path:
        return self.folder / "server" / "listening.sock"


def open_gated(settings: Settings, store: Store, subject: str, project: str, folder: Path) -> Gated:
    """Open a channel with a secret, as the spawners of platforms do."""
    secret = secrets.token_hex(32)
    channel = open_channel(store, subject=subject, project=project, token="own-token", gate_secret=secret)
    return Gated(settings, places_of(settings.folder, subject, project), channel, secret, folder)


@contextmanager
def running_sidecar(gated: Gated, *, secret: str = "", gate: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """The sidecar's own program, once its sockets are there. It sees nothing of the state folder."""
    with ExitStack() as stack:
        credentials = Path(tempfile.mkdtemp())
        stack.callback(shutil.rmtree, credentials)
        (credentials / "secret").write_text(secret or gated.secret)
        (credentials / "certificate.pem").write_text(read_certificate(gated.settings))
        started = stack.enter_context(
            process(
                *("-m", "hub.sidecar", "--gate", gate or f"127.0.0.1:{gated.settings.gate_port}"),
                *("--credentials", str(credentials), "--folder", str(gated.folder)),
            )
        )
        assert until(lambda: gated.handing.exists() or started.poll() is not None)
        yield started


class Line:
    """A bare TLS connection to the gate, for what no sidecar would say."""

    def __init__(self, settings: Settings) -> None:
        self.raw = socket.create_connection((settings.gate_host, settings.gate_port), timeout=SECONDS)
        self.tls = client_context(read_certificate(settings)).wrap_socket(self.raw, server_hostname=NAME)

    def say(self, *parts: bytes) -> Line:
        for part in parts:
            self.tls.sendall(part)
        return self

    def greet(self, secret: str, purpose: str) -> Line:
        return self.say(write_greeting(secret, purpose))

    def hear(self) -> bytes:
        """Everything until the gate ends the connection; nothing if it ends it without a word."""
        heard = b""
        try:
            while part := self.tls.recv(65536):
                heard += part
        except (ConnectionError, ssl.SSLError):
            pass
        return heard

    def close(self) -> None:
        self.tls.close()
