"""Turns (channel, token) into a Caller. Promise: nothing in a request's body or path names a person or a project.

Three checks (docs/explanation/security-model.md, P2): the channel the call arrived on was made for one person and one
project; the token's SHA-256 is the one registered when the workspace started; for a hub channel the hub itself says
the token is alive and reaches exactly that server. Then the register is asked whether the membership is in force.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass

from governance.access import check_member_in_force
from governance.refusal import Refusal
from governance.store import Store
from governance.store.channels import Channel

CHANNEL_HEADER = "x-sde-channel"  # set by the workspace relay only, on the services' private sockets
INTROSPECTION_SECONDS = 30.0  # longest time a hub's answer is believed

#: token -> the servers ("user/project") the hub says it may reach; raises Refusal when the hub does not know it.
Introspect = Callable[[str], frozenset[str]]


@dataclass(frozen=True)
class Caller:
    """Who asks, for which project, over which channel."""

    subject: str
    project: str
    channel: str


class CallerIdentifier:
    """Holds the store, the hub's introspection and its short memory. Thread-safe by plain dict operations."""

    def __init__(self, store: Store, introspect: Introspect) -> None:
        self._store = store
        self._introspect = introspect
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    def identify(self, channel_id: str, token: str) -> Caller:
        """The caller. Raises Refusal `unknown-channel` (one text for every failure of channel or token), or the
        register's own refusal when the approval is no longer in force."""
        refused = Refusal(
            "unknown-channel", "This workspace is not connected to the service.", "Restart your workspace."
        )
        digest = hashlib.sha256(token.encode()).hexdigest()
        with self._store.reading() as session:
            channel = session.get(Channel, channel_id)
            if channel is None or channel.closed_at is not None:
                raise refused
            if not hmac.compare_digest(digest, channel.token_sha256):
                raise refused
            caller = Caller(channel.subject, channel.project_slug, channel.id)
            if channel.kind == "hub" and self._reach(token, digest) != {f"{caller.subject}/{caller.project}"}:
                raise refused
            check_member_in_force(session, caller.subject, caller.project)
        return caller

    def _reach(self, token: str, digest: str) -> frozenset[str]:
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known[0] < INTROSPECTION_SECONDS:
            return known[1]
        reach = self._introspect(token)
        self._known[digest] = (time.monotonic(), reach)
        return reach
