"""Turns (channel, token) into a Caller. Promise: nothing in a request's body or path names a person or a project.

Three checks (docs/explanation/security-model.md, P2): the channel the call arrived on was made for one person and one
project; the token's SHA-256 is the one registered when the workspace started; for a hub channel the hub itself says
the token is alive and reaches exactly that server. Then the register is asked whether the membership is in force.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from governance.access import check_member_in_force
from governance.refusal import Refusal
from governance.store import Store
from governance.store.channels import Channel

CHANNEL_HEADER = "x-sde-channel"  # set by the workspace relay only, on the services' private sockets
INTROSPECTION_SECONDS = 30.0  # longest time a hub's answer is believed
MOST_REMEMBERED = 1_024  # answers kept at once

logger = structlog.get_logger()

#: token -> the servers ("user/project") the hub says it may reach; raises Refusal when the hub does not know it.
Introspect = Callable[[str], frozenset[str]]


@dataclass(frozen=True)
class Caller:
    """Who asks, for which project, over which channel."""

    subject: str
    project: str
    channel: str


class CallerIdentifier:
    """Turns (channel, token) into a Caller. May be shared by threads; remembers the hub's last answers for a moment."""

    def __init__(self, store: Store, introspect: Introspect) -> None:
        self._store = store
        self._introspect = introspect
        self._memory = _Memory()

    def identify(self, channel_id: str, token: str) -> Caller:
        """The caller.

        Raises Refusal `unknown-channel` (one text for every failure of channel, token or hub, whatever went wrong), or
        the register's own refusal when the approval is no longer in force.
        """
        try:
            caller = self._recognise(channel_id, token)
        except Exception as error:  # fail closed: whatever went wrong, nobody is identified
            raise _refuse(error) from None
        try:
            self._check_approval(caller)
        except Refusal:
            raise
        except Exception as error:
            raise _refuse(error) from None
        return caller

    def _check_approval(self, caller: Caller) -> None:
        with self._store.reading() as session:
            # The channel once more: the hub may have taken its time, and it may have been closed meanwhile.
            channel = session.get(Channel, caller.channel)
            if channel is None or channel.closed_at is not None:
                raise unknown_channel()
            check_member_in_force(session, caller.subject, caller.project)

    def _recognise(self, channel_id: str, token: str) -> Caller:
        digest = hashlib.sha256(token.encode()).hexdigest()
        with self._store.reading() as session:
            channel = session.get(Channel, channel_id)
            if channel is None or channel.closed_at is not None:
                raise unknown_channel()
            if not hmac.compare_digest(digest, channel.token_sha256):
                raise unknown_channel()
            caller, kind = Caller(channel.subject, channel.project_slug, channel.id), channel.kind
        if kind == "operator":  # a command line on the gateway's own machine, no hub involved
            return caller
        if kind != "hub" or self._reach(token, digest) != {f"{caller.subject}/{caller.project}"}:
            raise unknown_channel()
        return caller

    def _reach(self, token: str, digest: str) -> frozenset[str]:
        """What the hub says of a token; asked outside every database session, because the hub may be slow."""
        reach = self._memory.recall(digest)
        if reach is None:
            reach = self._introspect(token)
            self._memory.keep(digest, reach)
        return reach


class _Memory:
    """The hub's answers by the token's digest, `INTROSPECTION_SECONDS` each, `MOST_REMEMBERED` at most."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, digest: str) -> frozenset[str] | None:
        with self._lock:
            known = self._answers.get(digest)
        if known is None or time.monotonic() - known[0] >= INTROSPECTION_SECONDS:
            return None
        return known[1]

    def keep(self, digest: str, reach: frozenset[str]) -> None:
        with self._lock:
            self._answers[digest] = (time.monotonic(), reach)
            self._answers.move_to_end(digest)
            while len(self._answers) > MOST_REMEMBERED:
                self._answers.popitem(last=False)


def unknown_channel() -> Refusal:
    """The one text for every failure of channel or token."""
    return Refusal("unknown-channel", "This workspace is not connected to the service.", "Restart your workspace.")


def _refuse(error: Exception) -> Refusal:
    logger.warning("caller.refused", cause=type(error).__name__)
    return unknown_channel()
