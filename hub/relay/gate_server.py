"""The channel gate: takes connections of sidecars, learns from the register whose each is, and hands it to that room.

Promise: without the secret of an open channel a connection gets not one byte, whatever was wrong, and costs the gate
little: a few at a time for each address, a few mistakes a minute, a few seconds each.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
from collections import Counter

import structlog
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from governance.channels import OpenChannel, find_channel_of_secret, which_are_open
from governance.settings import Settings
from governance.store import Store
from hub.relay.gate_newcomer import Newcomer
from hub.relay.gate_room import GateRoom
from hub.relay.pace import Pace
from hub.relay.relay import CONNECTIONS_PACE
from hub.sidecar.carrying import Stream, close, watch
from hub.sidecar.greeting import INWARD, NOTICES, Greeting, read_greeting

log = structlog.get_logger("hub.gate")

GREETING_SECONDS, HANDSHAKE_SECONDS = 5.0, 5.0
MOST_UNKNOWN, MOST_UNKNOWN_OF_ONE = 256, 32  # connections that have not said whose they are
MISTAKES = RateLimitItemPerMinute(20)  # of one address; beyond it the register is no longer asked
MOST_PACES = 4096  # addresses remembered
SWEEP_SECONDS = 1.0
PAUSE_SECONDS = 0.2


class ChannelGate:
    """The gate of one gateway."""

    def __init__(self, settings: Settings, store: Store, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._store = store
        self._context = context
        self._rooms: dict[str, GateRoom] = {}
        self._known: dict[str, str] = {}  # hash of a secret -> the channel it was admitted to
        self._unknown: Counter[str] = Counter()
        self._paces: dict[str, Pace] = {}
        self._mistakes = MovingWindowRateLimiter(MemoryStorage())
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()

    async def run(self, listening: socket.socket) -> None:
        """Serve until cancelled; then nothing is left open."""
        duties = {asyncio.create_task(self._accept(listening)), asyncio.create_task(self._sweep())}
        try:
            await asyncio.wait(duties, return_when=asyncio.FIRST_COMPLETED)
            for duty in duties:
                if duty.done():
                    duty.result()
        finally:
            for task in (*duties, *self._tasks):
                task.cancel()
            await asyncio.gather(*duties, *self._tasks, return_exceptions=True)
            await asyncio.gather(*(room.close() for room in self._rooms.values()))

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listening)
            except OSError:  # the process is short of descriptors: the queue can wait
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            address = str(peer[0])
            if not self.may_knock(address):
                connection.close()
                continue
            self._unknown[address] += 1
            task = asyncio.create_task(self._admit(connection, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def may_knock(self, address: str) -> bool:
        """Whether a handshake may begin: few connections that are still unknown, and a pace for each address."""
        if self._unknown.total() >= MOST_UNKNOWN or self._unknown[address] >= MOST_UNKNOWN_OF_ONE:
            return False
        if len(self._paces) > MOST_PACES:
            self._paces.clear()
        return self._paces.setdefault(address, Pace(*CONNECTIONS_PACE)).wait_seconds() == 0

    async def _admit(self, connection: socket.socket, address: str) -> None:
        """From a bare connection to a room, or to nothing."""
        newcomer, room = Newcomer(), None
        try:
            greeting = await self._greet(connection, newcomer)
            room = await self._room_of(greeting, address)
            if room is None or greeting is None:
                newcomer.abort()
                return
        except Exception as error:  # fail closed: whatever went wrong, nobody is admitted
            newcomer.abort()
            if not isinstance(error, OSError | TimeoutError):
                log.error("gate.failed", error=type(error).__name__)
            return
        finally:
            self._unknown -= Counter((address,))
        try:
            await _hand_to(room, greeting.purpose, newcomer)
        except OSError as error:
            newcomer.abort()
            log.error("gate.failed", error=type(error).__name__)

    async def _greet(self, connection: socket.socket, newcomer: Newcomer) -> Greeting | None:
        loop = asyncio.get_running_loop()
        try:
            connection.setblocking(False)
            watch(connection)
            await loop.connect_accepted_socket(
                lambda: newcomer, connection, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except BaseException:
            connection.close()
            raise
        async with asyncio.timeout(GREETING_SECONDS):
            return read_greeting(await newcomer.line)

    async def _room_of(self, greeting: Greeting | None, address: str) -> GateRoom | None:
        """The room of the open channel with this secret. The register is asked each time."""
        if greeting is None:
            self._mistakes.hit(MISTAKES, address)
            return None
        digest = hashlib.sha256(greeting.secret.encode()).hexdigest()
        if digest not in self._known and not self._mistakes.test(MISTAKES, address):
            return None  # who was admitted before is not shut out by mistakes made beside it
        channel = await asyncio.to_thread(find_channel_of_secret, self._store, greeting.secret)
        if channel is None:
            self._known.pop(digest, None)
            self._mistakes.hit(MISTAKES, address)
            if not self._mistakes.test(MISTAKES, address):
                log.warning("gate.refusing", address=address)
            return None
        self._known[digest] = channel.id
        return await self._open_room(channel)

    async def _open_room(self, channel: OpenChannel) -> GateRoom:
        """An earlier channel of the same workspace is closed in the register, and leaves its socket to this one."""
        async with self._opening:
            if channel.id not in self._rooms:
                for earlier in [room for room in self._rooms.values() if room.is_of(channel)]:
                    await self._rooms.pop(earlier.channel.id).close()
                self._rooms[channel.id] = GateRoom(self._settings, channel)
            return self._rooms[channel.id]

    async def _sweep(self) -> None:
        """Whatever ends a channel, its connections end within a moment too."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            if not self._rooms:
                continue
            try:
                still_open = await asyncio.to_thread(which_are_open, self._store, list(self._rooms))
            except Exception as error:  # nobody can say who may stay: all leave, and come back when it answers
                log.error("gate.failed", error=type(error).__name__)
                still_open = frozenset()
            async with self._opening:
                for channel in self._rooms.keys() - still_open:
                    await self._rooms.pop(channel).close()
            self._known = {digest: channel for digest, channel in self._known.items() if channel in self._rooms}


async def _hand_to(room: GateRoom, purpose: str, newcomer: Newcomer) -> None:
    if purpose == INWARD:
        await room.inward.wait(newcomer.as_stream())
    elif purpose == NOTICES:
        await _tell_notices(room, newcomer.as_stream())
    else:
        hole = room.outward[purpose]
        await hole.pace.turn()
        if hole.is_full:
            newcomer.abort()
        else:
            newcomer.become(hole.handler())


async def _tell_notices(room: GateRoom, stream: Stream) -> None:
    writer = stream[1]
    with contextlib.suppress(OSError):
        writer.write(await asyncio.to_thread(room.read_notices))
        await writer.drain()
    await close(writer)
