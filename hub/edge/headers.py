"""Headers in both directions. Promise: nobody outside can claim to be the edge or a workspace relay, and no answer of a
workspace can loosen what the browser is told to refuse."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote, urlsplit

from multidict import CIMultiDict, CIMultiDictProxy

from hub.edge.cookies import ENTRY, without_entry

HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
#: What only the edge itself, or the workspace relay, may say.
RESERVED = frozenset(("forwarded", "x-real-ip", "x-scheme", "x-request-id"))
RESERVED_PREFIXES = ("x-forwarded-", "x-sde-", "x-auth-", "x-remote-")
OURS = ("x-sde-",)  # what parts of the gateway tell each other
SERVER_SIGNATURES = frozenset(("server", "x-powered-by", "date"))
#: All that a workspace may say about an answer; cookies, redirects and the policy are looked at one by one. Left out on
#: purpose: Content-Disposition (downloads), Service-Worker-Allowed, Clear-Site-Data, Refresh, Link, Access-Control-*.
FROM_WORKSPACE = frozenset(
    {
        *("content-type", "content-length", "content-encoding", "content-language", "content-range", "accept-ranges"),
        *("etag", "last-modified", "expires", "vary", "cache-control", "retry-after", "allow"),
        *("content-security-policy", "x-jupyterhub-version"),
    }
)
STATIC = (("static",), ("lab", "extensions"))  # shipped with the environment: the same for everybody
OUR_SCRIPTS = ("lab", "extensions", "sde-workspace")  # small, and with no version in their names

TLS_SECONDS = 365 * 24 * 3600
EVERYWHERE = {
    "Server": "sde-gateway",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=()",
}


def content_policy(public_url: str) -> str:
    """Content-Security-Policy of a workspace: JupyterLab works, and a page can reach this origin only (CSP level 3).

    Inline script and eval stay allowed, because notebooks' outputs and JupyterLab itself use them; therefore every
    directive that could carry data elsewhere names 'self' alone. A top-level navigation cannot be refused by CSP.
    """
    parts = urlsplit(public_url)
    socket = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
    directives = (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        f"connect-src 'self' {socket}",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "frame-src 'self' blob:",
        "base-uri 'self'",
        "object-src 'none'",
    )
    return "; ".join(directives)


def for_tls(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """The same for a browser that came by TLS: it comes by TLS from now on, and sends no cookie otherwise."""
    cookies = headers.popall("Set-Cookie", [])
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        headers.add("Set-Cookie", cookie if "secure" in attributes else f"{cookie}; Secure")
    headers["Strict-Transport-Security"] = f"max-age={TLS_SECONDS}"
    return headers


def for_upstream(headers: CIMultiDictProxy[str], *, client: str, public_url: str) -> CIMultiDict[str]:
    """Headers of the request as the server behind the edge sees them."""
    kept = _end_to_end(headers, drop=RESERVED, drop_prefixes=RESERVED_PREFIXES)
    without_entry(kept)
    public = urlsplit(public_url)
    kept["Host"] = public.netloc
    kept["X-Forwarded-For"] = client
    kept["X-Forwarded-Proto"] = public.scheme
    kept["X-Forwarded-Host"] = public.netloc
    return kept


def for_browser(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Headers of an answer of the hub or a service."""
    kept = _end_to_end(headers, drop=SERVER_SIGNATURES, drop_prefixes=OURS)
    for name, value in EVERYWHERE.items():
        kept.setdefault(name, value)
    return kept


def for_browser_from_workspace(
    headers: CIMultiDictProxy[str], *, prefix: tuple[str, ...], below: tuple[str, ...], policy: str, public_url: str
) -> CIMultiDict[str]:
    """Headers of an answer of a workspace, whose server may be hostile.

    Args:
        headers: as the workspace sent them.
        prefix: segments that name the workspace; cookies may be set below it only.
        below: segments of the request below that prefix.
        policy: `content_policy(...)`; the workspace's own policy stays beside it and can only tighten.
        public_url: the gateway's own; a redirect elsewhere loses its address.
    """
    kept = CIMultiDict((name, value) for name, value in headers.items() if name.lower() in FROM_WORKSPACE)
    for cookie in headers.getall("Set-Cookie", ()):
        if _stays_below(cookie, prefix):
            kept.add("Set-Cookie", cookie)
    location = headers.get("Location", "")
    if location and _stays_here(location, public_url):
        kept["Location"] = location
    kept.update(EVERYWHERE)
    # Another policy than that of the portal and the airlock: a window that a notebook's script opens on one of their
    # pages is then in another browsing context group, and the script cannot read it or press its buttons.
    kept["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    kept.add("Content-Security-Policy", policy)
    may_stay = any(below[: len(static)] == static for static in STATIC)
    if not may_stay or below[: len(OUR_SCRIPTS)] == OUR_SCRIPTS:
        kept["Cache-Control"] = "no-store"
    return kept


def _end_to_end(
    headers: CIMultiDictProxy[str], *, drop: Iterable[str] = (), drop_prefixes: tuple[str, ...] = ()
) -> CIMultiDict[str]:
    named = {name.strip().lower() for value in headers.getall("Connection", ()) for name in value.split(",")}
    dropped = HOP_BY_HOP | named | set(drop)
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if name.lower() not in dropped and not name.lower().startswith(drop_prefixes or ("\0",))
    )


def _stays_here(location: str, public_url: str) -> bool:
    parts = urlsplit(location.replace("\\", "/"))
    own = urlsplit(public_url)
    return (not parts.scheme and not parts.netloc) or (parts.scheme, parts.netloc) == (own.scheme, own.netloc)


def _stays_below(cookie: str, prefix: tuple[str, ...]) -> bool:
    try:
        morsels = list(SimpleCookie(cookie).values())
    except CookieError:
        return False
    if len(morsels) != 1 or morsels[0]["domain"] or morsels[0].key == ENTRY:
        return False
    segments = tuple(unquote(part) for part in morsels[0]["path"].strip("/").split("/"))
    return segments[: len(prefix)] == prefix and not {".", ".."} & set(segments)
