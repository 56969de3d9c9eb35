"""Audit events reach a syslog receiver in order, none left out, over each transport and over its absence."""

from __future__ import annotations

import asyncio
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from governance.audit import append_event
from governance.settings import Settings
from governance.store import Store
from hub.housekeeping.forwarding import Forwarding

RFC5424 = re.compile(
    r'<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ sde-gateway - (\S{1,32}) \[audit@32473 seq="(\d+)" digest="'
    r'[0-9a-f]{64}"\] \ufeff(\{.*\})'
)


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(5)
        yield listening


def add(store: Store, *names: str) -> None:
    with store.transaction() as session:
        for name in names:
            append_event(session, event=name, actor="ünïcode\n")


def forwarding(store: Store, settings: Settings, target: str) -> Forwarding:
    return Forwarding(store, settings.model_copy(update={"audit_syslog": target}))


def read_stream(connection: socket.socket, number: int) -> list[int]:
    connection.settimeout(5)
    held, found = b"", []
    while len(found) < number:
        held += connection.recv(65536)
        while b" " in held and len(held) >= (size := int(held.split(b" ", 1)[0])) + held.index(b" ") + 1:
            begin = held.index(b" ") + 1
            found.append(check(held[begin : begin + size]))
            held = held[begin + size :]
    assert held == b""
    return found


def check(text: bytes) -> int:
    matched = RFC5424.fullmatch(text.decode())
    assert matched, text
    return int(matched[3])


def run(duty: Forwarding) -> None:
    asyncio.run(duty.send_them())


@pytest.mark.parametrize("kind", ["unix", "udp"])
def test_datagrams(store: Store, settings: Settings, kind: str) -> None:
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    with tempfile.TemporaryDirectory() as folder, socket.socket(family, socket.SOCK_DGRAM) as receiving:
        receiving.settimeout(5)
        receiving.bind(f"{folder}/log" if kind == "unix" else ("127.0.0.1", 0))
        place = f"{folder}/log" if kind == "unix" else f"127.0.0.1:{receiving.getsockname()[1]}"
        add(store, "query.refused", "a.alarm")
        run(forwarding(store, settings, f"{kind}:{place}"))
        texts = [receiving.recv(65536) for _ in range(3)]
    assert [check(text) for text in texts] == [1, 2, 3]
    assert [text[:6] for text in texts] == [b"<110>1", b"<109>1", b"<105>1"]


def test_a_receiver_that_goes_away_misses_nothing(store: Store, settings: Settings, receiver: socket.socket) -> None:
    duty = forwarding(store, settings, f"tcp:127.0.0.1:{receiver.getsockname()[1]}")
    add(store, "a.b")
    run(duty)
    connection, _ = receiver.accept()
    assert read_stream(connection, 2) == [1, 2]
    run(duty)  # it is still there: these count now
    add(store, "a.c", "a.d")
    connection.close()
    run(duty)
    again, _ = receiver.accept()
    assert read_stream(again, 2) == [3, 4]
    again.close()
    restarted = forwarding(store, settings, f"tcp:127.0.0.1:{receiver.getsockname()[1]}")
    run(restarted)
    third, _ = receiver.accept()
    assert read_stream(third, 2) == [3, 4], "what was sent right before the end comes twice rather than never"
    third.close()


def test_an_absent_receiver_is_told_of_once_and_delays_nothing(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    duty = forwarding(store, settings, f"unix:{tmp_path}/nobody")
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            run(duty)
    assert [line["event"] for line in logs] == ["audit.syslog-away"]
    run(forwarding(store, settings, ""))
