"""The channel of a workspace on another platform: real gate, real sidecars, loopback TLS; and attacks on the gate.

The services behind it only record. The workspace is a real sandbox whose two folders a sidecar fills, or a plain
process started by the image's entry point.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from governance.channels import close_channel
from governance.settings import Settings, load_settings
from governance.store import Store, open_store
from hub.notices import Notice, write_notice
from hub.relay import gate_server
from hub.workspace_image import REPOSITORY
from tests.support.gated import Gated, Line, open_gated, process, running_gate, running_sidecar, until, with_gate
from tests.support.walled import Recorder, relayed, walled

pytestmark = pytest.mark.slow

SCHEMA = "/v1/schema"
ENTER = REPOSITORY / "images" / "server" / "enter.py"
SERVER = """
import http.server, os, socket
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("from the workspace " + self.path).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def address_string(self): return ""
    def log_message(self, *a): pass
server = http.server.ThreadingHTTPServer(("", 0), Answer, bind_and_activate=False)
server.socket = socket.socket(fileno=int(os.environ["WORKSPACE_LISTENING_DESCRIPTOR"]))
server.serve_forever()
"""


class Unix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("x", timeout=20)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self.path))


def ask(path: Path, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = Unix(path)
    try:
        connection.request(method, target, body or None, {name.replace("_", "-"): at for name, at in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, demo_template: Path) -> Iterator[Settings]:
    state = tmp_path_factory.mktemp("gate") / "state"
    shutil.copytree(demo_template, state)
    loaded = with_gate(state)
    loaded.folder.create()
    yield loaded
    if not loaded.folder.run.is_relative_to(state):
        shutil.rmtree(loaded.folder.run, ignore_errors=True)


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def recorder(settings: Settings) -> Iterator[Recorder]:
    with relayed(settings) as recording:
        yield recording


@pytest.fixture(scope="module")
def gate(settings: Settings, recorder: Recorder) -> Iterator[None]:
    with running_gate(settings):
        yield


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp())
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def workspace(settings: Settings, store: Store, gate: None, folder: Path) -> Iterator[Gated]:
    """researcher-b's channel, with its sidecar."""
    gated = open_gated(settings, store, "researcher-b", "gi-bleed", folder)
    with running_sidecar(gated):
        yield gated


@pytest.fixture
def secret(settings: Settings, store: Store, gate: None, folder: Path) -> Gated:
    """researcher-b's channel, without a sidecar: for those who speak to the gate themselves."""
    return open_gated(settings, store, "researcher-b", "gi-bleed", folder)


class TestOutward:
    def test_a_request_arrives_with_the_channel_and_nothing_forged(self, workspace: Gated, recorder: Recorder) -> None:
        forged = {"x_sde_channel": "f" * 32, "cookie": "a=b", "x_forwarded_for": "1.2.3.4"}
        status, _ = ask(workspace.guard, "POST", "/v1/query", b"{}", authorization="Bearer own-token", **forged)
        assert status == 200
        service, method, path, headers, size = recorder.reached[-1]
        assert (service, method, path, size) == ("guard", "POST", "/v1/query", 2)
        assert headers["x-sde-channel"] == workspace.channel
        assert headers["authorization"] == "Bearer own-token"
        assert not {"cookie", "x-forwarded-for"} & headers.keys()
        assert workspace.secret not in json.dumps(recorder.reached)

    @pytest.mark.parametrize(
        "path", ["/services/airlock/", "/v1/../x", "/v1/%2e%2e/x", "//v1/schema", "/v1/a%2fb", "/metrics", "/v2/schema"]
    )
    def test_a_path_that_is_not_listed_does_not_pass(self, workspace: Gated, recorder: Recorder, path: str) -> None:
        before = len(recorder.reached)
        assert ask(workspace.guard, "GET", path)[0] == 403
        assert len(recorder.reached) == before

    def test_the_hub_answers_five_requests_for_this_person_only(self, workspace: Gated) -> None:
        assert ask(workspace.hub, "GET", "/hub/api/user")[0] == 200
        assert ask(workspace.hub, "POST", "/hub/api/users/researcher-b/activity", b"{}")[0] == 200
        assert ask(workspace.hub, "POST", "/hub/api/users/researcher-a/activity", b"{}")[0] == 403
        assert ask(workspace.hub, "POST", "/hub/api/users/researcher-b/tokens", b"{}")[0] == 403

    def test_a_body_past_the_limit_is_refused_named_or_chunked(self, workspace: Gated, settings: Settings) -> None:
        too_much = b"x" * (settings.query_bytes * 8 + 1)
        assert ask(workspace.guard, "POST", "/v1/query", too_much)[0] == 413
        connection = Unix(workspace.guard)
        connection.request("POST", "/v1/query", iter([too_much]), encode_chunked=True)
        assert connection.getresponse().status in (413, 503)
        connection.close()

    def test_two_readers_of_one_request_cannot_disagree(self, workspace: Gated, recorder: Recorder) -> None:
        """A request hidden behind another's length: refused, or read as a second request under the same rules."""
        hidden = b"GET /services/airlock/ HTTP/1.1\r\nHost: x\r\nX-SDE-Channel: " + b"f" * 32 + b"\r\n\r\n"
        for head in (
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            b"Content-Length: 4\r\nContent-Length: 5\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding : chunked\r\n",
        ):
            before = len(recorder.reached)
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(20)
                raw.connect(str(workspace.guard))
                raw.sendall(b"POST /v1/query HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n0\r\n\r\n" + hidden)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass
            for _, _, path, headers, _ in recorder.reached[before:]:
                assert (path, headers["x-sde-channel"]) == ("/v1/query", workspace.channel)

    def test_a_real_sandbox_speaks_through_a_sidecar(
        self, settings: Settings, store: Store, gate: None, recorder: Recorder
    ) -> None:
        """The folders that a sidecar fills are those the sandbox mounts: the way is the same on every platform."""
        with walled(settings, "researcher-a", "gi-bleed") as inside:
            gated = open_gated(settings, store, "researcher-a", "gi-bleed", inside.places.run)
            with running_sidecar(gated):
                said = inside.run(
                    "import socket\ns = socket.socket(socket.AF_UNIX); s.connect('/run/guard/guard.sock')\n"
                    "s.sendall(b'GET /v1/schema HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')\n"
                    "result = s.makefile().read()"
                )
                assert " 200 " in said
                assert recorder.reached[-1][3]["x-sde-channel"] == gated.channel
                there = inside.run("import os\nresult = sorted(os.listdir('/run/hub') + os.listdir('/run/guard'))")
                assert [name for name in there if name.endswith(".sock")] == ["airlock.sock", "guard.sock", "hub.sock"]


class TestInward:
    @pytest.fixture
    def server(self, workspace: Gated) -> Iterator[subprocess.Popen[bytes]]:
        """The image's entry point in front of a small server, as in the container."""
        with process(str(ENTER), sys.executable, "-c", SERVER, WORKSPACE_HANDING_SOCKET=str(workspace.handing)) as made:
            assert until(lambda: _answers(workspace.places.server_socket))
            yield made

    def test_the_gateway_reaches_the_server_at_the_usual_socket(self, workspace: Gated, server: object) -> None:
        for number in range(20):  # more than wait at once
            status, body = ask(workspace.places.server_socket, "GET", f"/user/{number}")
            assert (status, body) == (200, f"from the workspace /user/{number}".encode())

    def test_many_at_once_and_large_bodies_arrive_whole(self, workspace: Gated, server: object) -> None:
        connections = [Unix(workspace.places.server_socket) for _ in range(24)]
        body = bytes(range(256)) * 4096  # 1 MiB
        for connection in connections:
            connection.request("POST", "/", body)
        assert all(connection.getresponse().read() == body for connection in connections)
        for connection in connections:
            connection.close()

    def test_no_path_of_the_servers_socket_is_in_the_shared_folder(self, workspace: Gated, server: object) -> None:
        sockets = sorted(path.name for path in workspace.folder.rglob("*") if path.is_socket())
        assert sockets == ["airlock.sock", "guard.sock", "hub.sock", "listening.sock"]

    def test_the_server_is_gone_within_moments_of_the_channels_end(
        self, workspace: Gated, server: object, store: Store
    ) -> None:
        kept = Unix(workspace.places.server_socket)
        kept.request("GET", "/")
        kept.getresponse().read()
        close_channel(store, workspace.channel)
        assert until(lambda: not workspace.places.server_socket.exists(), 10)
        assert until(lambda: _is_refused(lambda: ask(workspace.guard, "GET", SCHEMA)), 10)
        with pytest.raises((http.client.HTTPException, OSError)):
            kept.request("GET", "/")
            kept.getresponse()
        kept.close()

    def test_notices_reach_the_workspaces_folder(self, workspace: Gated) -> None:
        assert until(workspace.places.hub_folder.exists)
        write_notice(workspace.places, Notice("n", "idle", "warning", "Closing soon."))
        told = workspace.folder / "hub" / "notices.json"
        assert until(lambda: told.exists() and b"Closing soon." in told.read_bytes())


class TestWithoutTheSecret:
    @pytest.mark.parametrize(
        "said",
        [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"SDE1 " + b"0" * 64 + b" guard\n",
            b"SDE1 " + b"0" * 64 + b" inward\n",
            b"SDE1 " + b"F" * 64 + b" guard\n",
            b"SDE1 ' OR 1=1 -- guard\n",
            b"\n",
            b"x" * 500,
            b"\x00\xff" * 100,
        ],
    )
    def test_not_one_byte_comes_back(self, settings: Settings, gate: None, said: bytes) -> None:
        line = Line(settings).say(said)
        assert line.hear() == b""
        line.close()

    @pytest.mark.parametrize("purpose", ["hub.sock", "Guard", "guard ", "../airlock", "", "guard\r"])
    def test_a_right_secret_opens_nothing_that_is_not_listed(self, secret: Gated, purpose: str) -> None:
        line = Line(secret.settings).say(
            f"SDE1 {secret.secret} {purpose}\n".encode() + b"GET /v1/schema HTTP/1.1\r\n\r\n"
        )
        assert line.hear() == b""
        line.close()

    def test_a_secret_is_worth_nothing_after_the_stop(self, secret: Gated, store: Store) -> None:
        request = b"GET /v1/schema HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert b" 200 " in Line(secret.settings).greet(secret.secret, "guard").say(request).hear()
        close_channel(store, secret.channel)
        assert Line(secret.settings).greet(secret.secret, "guard").say(request).hear() == b""

    def test_anothers_secret_speaks_for_the_other_and_a_new_one_ends_the_old(
        self, secret: Gated, store: Store, recorder: Recorder, folder: Path
    ) -> None:
        other = open_gated(secret.settings, store, "researcher-a", "gi-bleed", folder)
        request = b"GET /v1/schema HTTP/1.1\r\nHost: x\r\nX-SDE-Channel: %s\r\nConnection: close\r\n\r\n"
        line = Line(secret.settings).greet(other.secret, "guard").say(request % secret.channel.encode())
        assert b" 200 " in line.hear()
        assert recorder.reached[-1][3]["x-sde-channel"] == other.channel
        renewed = open_gated(secret.settings, store, "researcher-a", "gi-bleed", folder)
        assert Line(secret.settings).greet(other.secret, "guard").say(request % b"x").hear() == b""
        assert renewed.secret != other.secret

    def test_without_tls_the_gate_says_nothing_that_helps(self, secret: Gated) -> None:
        with socket.create_connection((secret.settings.gate_host, secret.settings.gate_port), timeout=20) as plain:
            plain.sendall(f"SDE1 {secret.secret} guard\nGET /v1/schema HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            heard = b""
            try:
                while part := plain.recv(4096):
                    heard += part
            except ConnectionError:
                pass
        assert b"HTTP" not in heard
        assert len(heard) < 16  # a TLS alert at most

    def test_older_tls_is_refused(self, settings: Settings, gate: None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with (
            socket.create_connection((settings.gate_host, settings.gate_port), timeout=20) as raw,
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            context.wrap_socket(raw)

    def test_a_sidecar_speaks_to_no_other_gate(
        self, settings: Settings, store: Store, gate: None, folder: Path, tmp_path: Path, demo_template: Path
    ) -> None:
        """A gate of another gateway, at the address it was told, gets no secret: the certificate is another."""
        state = tmp_path / "other"
        shutil.copytree(demo_template, state)
        other = with_gate(state)
        other.folder.create()
        gated = open_gated(settings, store, "researcher-b", "gi-bleed", folder)
        with running_gate(other), running_sidecar(gated, gate=f"127.0.0.1:{other.gate_port}"):
            assert _is_refused(lambda: ask(gated.guard, "GET", SCHEMA))
        if not other.folder.run.is_relative_to(state):
            shutil.rmtree(other.folder.run, ignore_errors=True)


class TestPatience:
    def test_who_says_nothing_is_sent_away(self, settings: Settings, gate: None) -> None:
        silent, slow = Line(settings), Line(settings).say(b"SDE1 00")
        began = time.monotonic()
        assert silent.hear() == slow.hear() == b""
        assert time.monotonic() - began < gate_server.GREETING_SECONDS + 10

    def test_the_silent_do_not_keep_a_workspace_out(self, workspace: Gated, settings: Settings) -> None:
        """Strangers hold half of what one address may have; the workspace behind that address is served."""
        assert until(workspace.places.server_socket.exists)
        with ExitStack() as stack:
            for _ in range(gate_server.MOST_UNKNOWN_OF_ONE // 2):
                stack.enter_context(socket.create_connection((settings.gate_host, settings.gate_port), timeout=20))
            assert ask(workspace.guard, "GET", SCHEMA)[0] == 200

    def test_mistakes_shut_out_who_makes_them_not_who_was_admitted(self, workspace: Gated, settings: Settings) -> None:
        assert ask(workspace.guard, "GET", SCHEMA)[0] == 200
        for number in range(40):
            assert Line(settings).greet(f"{number:064x}", "guard").hear() == b""
        assert ask(workspace.guard, "GET", SCHEMA)[0] == 200

    def test_a_gate_that_restarts_is_found_again(
        self, settings: Settings, store: Store, folder: Path, recorder: Recorder
    ) -> None:
        own = load_settings(state=settings.state, gate_port=with_gate(settings.state).gate_port)
        gated = open_gated(own, store, "researcher-b", "gi-bleed", folder)
        with running_sidecar(gated):
            with running_gate(own):
                assert until(gated.places.server_socket.exists)
            assert not gated.places.server_socket.exists()
            with running_gate(own):
                assert until(gated.places.server_socket.exists)
                assert ask(gated.guard, "GET", SCHEMA)[0] == 200


def _is_refused(step: object) -> bool:
    try:
        step()  # type: ignore[operator]
    except (OSError, http.client.HTTPException):
        return True
    return False


def _answers(path: Path) -> bool:
    try:
        return ask(path, "GET", "/ready")[0] == 200
    except (OSError, http.client.HTTPException):
        return False
