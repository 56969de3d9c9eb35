"""The gateway's own addresses: what browsers type, where the edge listens, how the hub reaches it itself."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from governance.refusal import Refusal
from governance.settings import Settings

Network = IPv4Network | IPv6Network
EVERY_INTERFACE = ("0.0.0.0", "::")  # noqa: S104  (names them, binds nothing)


def check_public_url(settings: Settings) -> None:
    """Raise Refusal `bad-settings` unless browsers can type the address.

    A path is refused, because cookies and the origin of its pages must be the gateway's own; so is an edge on every
    interface without a name, a public address of plain HTTP although the
    edge speaks TLS, and a list of proxies that is none.
    """
    trusted_proxies(settings)
    if urlsplit(settings.url).path:
        raise Refusal("bad-settings", "SDE_PUBLIC_URL has a path.", "Give the gateway a host name of its own.")
    if settings.scheme == "https" and not settings.url.startswith("https:"):
        raise Refusal("bad-settings", "SDE_PUBLIC_URL is not https.", "The edge speaks TLS: write https://.")
    if settings.host in EVERY_INTERFACE and not settings.public_url:
        raise Refusal("bad-settings", "SDE_HOST is every interface.", "Set SDE_PUBLIC_URL to what browsers type.")


def trusted_proxies(settings: Settings) -> tuple[Network, ...]:
    """The networks of `trusted_proxies`. Raises Refusal `bad-settings`."""
    try:
        return tuple(ip_network(part.strip()) for part in settings.trusted_proxies.split(",") if part.strip())
    except ValueError:
        raise Refusal(
            "bad-settings", "SDE_TRUSTED_PROXIES is no list of addresses.", "Write addresses with commas between."
        ) from None


def local_host(settings: Settings) -> str:
    """The host under which this machine reaches the edge; an edge on every interface is on this one too."""
    return "127.0.0.1" if settings.host in EVERY_INTERFACE else settings.host


def listener_url(settings: Settings) -> str:
    """The edge's own port, as this machine reaches it."""
    return f"{settings.scheme}://{local_host(settings)}:{settings.port}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def netloc_of(url: str) -> str:
    """Host and port as a browser writes them: lowercase, the scheme's own port left out."""
    parts = urlsplit(url)
    return parts.netloc.lower().removesuffix(":80" if parts.scheme == "http" else ":443")


def known_hosts(settings: Settings) -> frozenset[str]:
    """The values of `Host` that mean this gateway: its public name, and its own listener for the hub's calls."""
    here = listener_url(settings)
    return frozenset({netloc_of(settings.url), netloc_of(here), urlsplit(here).netloc.lower()})
