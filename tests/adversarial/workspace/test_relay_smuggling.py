"""Attacks on the relay from inside a workspace: two readings of one request, forged identities, floods.

Behind the relay something only records. Whatever arrives there must be one request that the rules allow, as this
workspace; and the process that runs the relay (the hub's own) must keep its memory, descriptors and log.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
import structlog

from tests.adversarial.workspace.conftest import CHANNEL, NEIGHBOUR_CHANNEL
from tests.support.attack_code import RAW
from tests.support.walled import Recorder, Walled

pytestmark = pytest.mark.slow

POST = b"POST /v1/query HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /v1/project HTTP/1.1\r\nHost: x\r\n"
HIDDEN = b"GET /hub/admin HTTP/1.1\r\nHost: x\r\n\r\n"
#: Requests that two programs could read differently. None may arrive.
AMBIGUOUS = {
    "length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 38\r\n\r\n" + HIDDEN,
    "a signed length": POST + b"Content-Length: +5\r\n\r\nabcde",
    "a length in hex": POST + b"Content-Length: 0x5\r\n\r\nabcde",
    "a length with a blank": POST + b"Content-Length: 5 5\r\n\r\nabcde",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "bare line feeds": b"GET /v1/project HTTP/1.1\nHost: x\n\n" + HIDDEN,
    "a line feed in a chunk's extension": POST + b"Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n",
    "a chunk with a sign": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
    "a folded header": GET + b"Accept: a\r\n x-sde-channel: b\r\n\r\n",
    "a blank before the colon": GET + b"x-sde-channel : b\r\n\r\n",
    "a return inside a header": GET + b"Accept: a\rx-sde-channel: b\r\n\r\n",
    "a zero inside a header": GET + b"Accept: a\0b\r\n\r\n",
    "tabs in the first line": b"GET\t/v1/project\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank in the path": b"GET /v1/project /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a header too long": GET + b"Accept: " + b"x" * 100_000 + b"\r\n\r\n",
    "headers too many": GET + b"".join(b"a%d: b\r\n" % number for number in range(5000)) + b"\r\n",
    "another host in the first line": b"GET http://hub/v1/project HTTP/1.1\r\nHost: x\r\n\r\n",
    "two slashes": b"GET //evil/v1/project HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fragment": b"GET /v1/project#/../../hub HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT hub:80 HTTP/1.1\r\nHost: x\r\n\r\n",
}
#: Requests with one meaning that carry something forged. They may arrive, as this workspace's and without it.
CARRYING = {
    "a channel": GET + b"x-sde-channel: %s\r\n" % NEIGHBOUR_CHANNEL.encode(),
    "a channel with underscores": GET + b"x_sde_channel: %s\r\n" % NEIGHBOUR_CHANNEL.encode(),
    "a channel named by Connection": GET + b"Connection: x-sde-channel, close\r\n",
    "a channel in a trailer": POST + b"Transfer-Encoding: chunked\r\nTrailer: x-sde-channel\r\n",
    "an upgrade": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "an upgrade to HTTP/2": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAA\r\n",
    "another method": POST + b"X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n",
    "who we are": GET + b"X-Forwarded-User: root\r\nX-Remote-User: root\r\nForwarded: for=10.0.0.1\r\nCookie: a=b\r\n",
}
PASSED = {"host", "x-sde-channel", "accept", "authorization", "content-type", "user-agent"}
TRANSPORT = {"connection", "content-length", "transfer-encoding", "accept-encoding"}


def open_descriptors() -> int:
    """Of the process that runs the relay: this one."""
    return len(list(Path("/proc/self/fd").iterdir()))


class TestReading:
    @pytest.mark.parametrize("name", AMBIGUOUS)
    def test_what_can_be_read_in_two_ways_does_not_arrive(self, inside: Walled, recorder: Recorder, name: str) -> None:
        answer = inside.run(RAW + f"result = raw(GUARD, {AMBIGUOUS[name]!r})")
        assert answer.split()[1] in ("400", "403", "405"), answer
        assert recorder.reached == []

    @pytest.mark.parametrize("name", CARRYING)
    def test_what_is_forged_does_not_pass(self, inside: Walled, recorder: Recorder, name: str) -> None:
        sent = CARRYING[name]
        chunked = b"2\r\n{}\r\n0\r\nx-sde-channel: " + NEIGHBOUR_CHANNEL.encode() + b"\r\n\r\n"
        whole = sent + b"\r\n" + (chunked if b"chunked" in sent else b"")
        inside.run(RAW + f"result = raw(GUARD, {whole!r}, wait=0.5)")
        for service, method, path, headers, _ in recorder.reached:
            assert (service, method, path) in (("guard", "GET", "/v1/project"), ("guard", "POST", "/v1/query"))
            assert headers["x-sde-channel"] == CHANNEL
            assert set(headers) <= PASSED | TRANSPORT
        assert len(recorder.reached) <= 1

    def test_requests_behind_one_another_are_judged_one_by_one(self, inside: Walled, recorder: Recorder) -> None:
        three = GET + b"\r\n" + HIDDEN + GET + b"Connection: close\r\n\r\n"
        answers = inside.run(RAW + f"result = raw(GUARD, {three!r})")
        assert [part[:3] for part in answers.split("HTTP/1.1 ")[1:]] == ["200", "403", "200"]
        assert [path for _, _, path, _, _ in recorder.reached] == ["/v1/project"] * 2

    def test_a_request_hidden_in_a_body_stays_a_body(self, inside: Walled, recorder: Recorder) -> None:
        hidden = b"GET /hub/api/user HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        sent = hidden % len(HIDDEN) + HIDDEN
        inside.run(RAW + f"result = raw(HUB, {sent!r})")
        assert [(path, size) for _, _, path, _, size in recorder.reached] == [("/hub/api/user", len(HIDDEN))]

    def test_a_compressed_body_is_not_unpacked_on_the_way(self, inside: Walled, recorder: Recorder) -> None:
        code = """
import gzip
body = gzip.compress(bytes(2**20))
head = b"POST /v1/query HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Encoding: gzip\\r\\n"
head += b"Content-Length: %d\\r\\n\\r\\n"
result = [len(body), raw(GUARD, head % len(body) + body)[:12]]
"""
        length, _ = inside.run(RAW + code)
        assert [size for *_, size in recorder.reached] == [length]
        assert "content-encoding" not in recorder.reached[0][3]


class TestFloods:
    def test_descriptors_sent_along_are_not_kept(self, inside: Walled, recorder: Recorder) -> None:
        before = open_descriptors()
        code = """
with socket.socket(socket.AF_UNIX) as s:
    s.connect(GUARD)
    with open("/dev/null") as null:
        socket.send_fds(s, [b"GET /v1/project HTTP/1.1\\r\\nHost: x\\r\\n"], [null.fileno()] * 200)
        for _ in range(20):
            socket.send_fds(s, [b"Accept: a\\r\\n"], [null.fileno()] * 200)
    s.sendall(b"\\r\\n")
    result = s.recv(12).decode()
"""
        inside.run(RAW + code)
        assert open_descriptors() - before < 50

    def test_slow_bodies_hold_a_bounded_number_of_descriptors_and_end(self, inside: Walled) -> None:
        before = open_descriptors()
        code = """
held = []
for path in (GUARD, AIRLOCK):
    for _ in range(150):
        s = socket.socket(socket.AF_UNIX); s.settimeout(5)
        try:
            s.connect(path)  # its queue may be full
            s.sendall(b"POST /v1/query HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100\\r\\n\\r\\nx")
        except OSError:
            pass
        held.append(s)
result = len(held)
"""
        inside.run(RAW + code)
        # in, out, and the recorder, for two sockets
        assert open_descriptors() - before <= 3 * 2 * 64 + 50
        inside.run("held = None; import gc; gc.collect()")

    def test_a_flood_waits_and_writes_few_lines(
        self, inside: Walled, recorder: Recorder, caplog: pytest.LogCaptureFixture
    ) -> None:
        code = """
import threading, time
done = []
def ask(end):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(HUB); s.settimeout(10)
        while time.monotonic() < end:
            s.sendall(b"GET /hub/admin HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            if not s.recv(65536):
                return
            done.append(1)
threads = [threading.Thread(target=ask, args=(time.monotonic() + 4,)) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
result = len(done)
"""
        with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
            answered = inside.run(RAW + code)
            for _ in range(20):
                inside.run(RAW + "result = raw(HUB, b'no http at all\\r\\n\\r\\n', wait=5)")
        assert answered < 100 + 4 * 5 + 20  # what may pass at once, the pace for four seconds, and a margin
        assert len([line for line in lines if line["event"] == "relay.refused"]) <= 2
        traces = [record for record in caplog.records if record.exc_info and record.exc_info[0]]
        assert [record for record in traces if "Bad" in str(record.exc_info)] == []

    def test_a_flood_of_one_workspace_does_not_slow_its_neighbour(self, inside: Walled, neighbour: Walled) -> None:
        code = """
import threading, time
end = time.monotonic() + 3
def ask():
    while time.monotonic() < end:
        raw(GUARD, b"GET /v1/project HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
[threading.Thread(target=ask, daemon=True).start() for _ in range(20)]
result = 1
"""
        inside.run(RAW + code)
        began = time.monotonic()
        for _ in range(5):
            assert " 200 " in neighbour.run(
                RAW
                + "result = raw(GUARD, b'GET /v1/project HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n', 20)"
            )
        assert time.monotonic() - began < 20

    def test_the_relays_sockets_are_the_only_files_there(self, inside: Walled, neighbour: Walled) -> None:
        for room in (inside, neighbour):
            for folder in (room.places.hub_folder, room.places.guard_folder):
                assert {file.suffix for file in Path(folder).iterdir()} <= {".sock", ".json"}
