"""How often one client may begin or end a sign-in. Promise: nobody can make the hub or the provider work without end,
and whoever tries from many addresses cannot fill the edge's memory."""

from __future__ import annotations

import time
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from hub.edge.pages import TryLater
from hub.edge.paths import RequestPath

#: Each step has a count of its own, so that one sign-in costs one of each.
STEPS: tuple[tuple[str, ...], ...] = (
    ("hub", "login"),
    ("hub", "oauth_login"),
    ("hub", "oauth_callback"),
    ("provider", "oauth2", "authorize"),
)
MOST_CLIENTS = 10_000  # counted at once; more in one minute are no people
IPV6_PREFIX = 64  # one household has all addresses below it


class SignInLimit:
    """Counts of the present minute, in memory: a restart forgets them."""

    def __init__(self, per_minute: int, most_clients: int = MOST_CLIENTS) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._most_counts = most_clients * len(STEPS)

    def check(self, path: RequestPath, client: str) -> None:
        """Count a request that belongs to a sign-in. Raises TryLater `too-many-sign-ins` when it is one too many, or
        when more clients came than can be counted."""
        step = next((step for step in STEPS if path.segments[: len(step)] == step), None)
        if step is None:
            return
        key = ("/".join(step), network_of(client))
        known = self._item.key_for(*key) in self._storage.storage
        full = not known and len(self._storage.storage) >= self._most_counts
        if full or not self._limiter.hit(self._item, *key):
            reset = self._limiter.get_window_stats(self._item, *key).reset_time
            raise TryLater(
                "too-many-sign-ins",
                "There were too many sign-ins from your address.",
                "Wait a minute, then try again.",
                retry_seconds=min(60, max(1, round(reset - time.time()))),
            )


def network_of(client: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return ""  # a client without an address: all of them share one count
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> IPV6_PREFIX << IPV6_PREFIX))
