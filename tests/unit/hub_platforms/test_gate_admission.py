"""What the channel gate lets begin, and what a greeting may be: no connection is made here."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.channels import OpenChannel
from governance.settings import Settings
from governance.store import Store
from hub.relay.gate_identity import certificate_file, read_certificate, server_context
from hub.relay.gate_room import GateRoom
from hub.relay.gate_server import MOST_UNKNOWN, MOST_UNKNOWN_OF_ONE, ChannelGate
from hub.relay.relay import CONNECTIONS_PACE
from hub.sidecar.greeting import HOLES, INWARD, LONGEST, NOTICES, read_greeting, write_greeting

SECRET = "0123456789abcdef" * 4


@pytest.fixture
def gate(settings: Settings, store: Store) -> ChannelGate:
    return ChannelGate(settings, store, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_an_address_knocks_in_its_own_pace(gate: ChannelGate) -> None:
    burst = CONNECTIONS_PACE[1]
    let_in = sum(gate.may_knock("10.0.0.1") for _ in range(burst * 2))
    assert burst <= let_in < burst * 1.5
    assert gate.may_knock("10.0.0.2")


def test_the_unknown_are_few(gate: ChannelGate) -> None:
    gate._unknown["10.0.0.1"] = MOST_UNKNOWN_OF_ONE
    assert not gate.may_knock("10.0.0.1")
    assert gate.may_knock("10.0.0.2")
    gate._unknown["10.0.0.3"] = MOST_UNKNOWN
    assert not gate.may_knock("10.0.0.2")


def test_a_room_that_has_closed_opens_no_socket_again(settings: Settings, store: Store) -> None:
    async def story() -> None:
        room = GateRoom(settings, OpenChannel("c", "alice", "p"))
        await room.close()
        read_end, write_end = await asyncio.open_unix_connection(str(settings.folder.run / "own.sock"))
        await room.inward.wait((read_end, write_end))
        assert write_end.is_closing()
        assert not room.places.server_socket.exists()

    async def with_listener() -> None:
        async with await asyncio.start_unix_server(lambda _r, w: w.close(), str(settings.folder.run / "own.sock")):
            await story()

    settings.folder.create()
    asyncio.run(with_listener())


@pytest.mark.parametrize("purpose", [*HOLES, INWARD, NOTICES])
def test_what_a_sidecar_says_is_understood(purpose: str) -> None:
    line = write_greeting(SECRET, purpose)
    assert len(line) <= LONGEST
    read = read_greeting(line)
    assert read is not None
    assert (read.secret, read.purpose) == (SECRET, purpose)
    assert SECRET not in repr(read)


@given(st.binary(max_size=120))
def test_nothing_else_is(line: bytes) -> None:
    read = read_greeting(line)
    assert read is None or write_greeting(read.secret, read.purpose) == line


@given(at=st.integers(0, 80), byte=st.integers(0, 255))
def test_one_byte_makes_another_line(at: int, byte: int) -> None:
    line = bytearray(write_greeting(SECRET, "guard"))
    changed = bytes([*line[:at], byte, *line[at + 1 :]])
    read = read_greeting(changed)
    assert read is None or (changed == bytes(line)) or read.secret != SECRET


def test_the_gates_certificate_is_made_once_and_its_key_is_private(settings: Settings) -> None:
    settings.folder.create()
    first = read_certificate(settings)
    server_context(settings)
    assert read_certificate(settings) == first
    assert "PRIVATE" not in first
    file: Path = certificate_file(settings)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.glob("gate*")] == ["gate.pem"]
    file.chmod(0o640)
    with pytest.raises(PermissionError):
        server_context(settings)
