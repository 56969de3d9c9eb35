"""Cookies of a request as they were sent, and the one that is the edge's own. No reader that forgives: what is judged
here is what is passed on."""

from __future__ import annotations

from collections.abc import Iterator

from multidict import CIMultiDict, CIMultiDictProxy

HUB_SESSION = "jupyterhub-session-id"  # names the browser's session at the hub; signing out takes it away
ENTRY = "sde-entry"  # see hub.edge.entry; no server behind the edge sees it, and none can set it

Headers = CIMultiDict[str] | CIMultiDictProxy[str]


def values_of(headers: Headers, name: str) -> list[str]:
    """Each value of the cookies of this name, in their order."""
    return [part.partition("=")[2].strip() for part in _parts(headers) if _name(part) == name]


def without_entry(headers: CIMultiDict[str]) -> None:
    """Take the edge's own cookie off what a server behind it will see."""
    kept = [part for part in _parts(headers) if _name(part) != ENTRY]
    headers.popall("Cookie", None)
    if kept:
        headers["Cookie"] = "; ".join(kept)


def _parts(headers: Headers) -> Iterator[str]:
    return (part.strip() for line in headers.getall("Cookie", ()) for part in line.split(";") if part.strip())


def _name(part: str) -> str:
    return part.partition("=")[0].strip()
