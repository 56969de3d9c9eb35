"""Looks at one element of HTML or SVG for what can act, fetch or carry data. Shared by both readers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from egress.inspection.document import Seen


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Elements that run, load or send something by themselves (HTML Living Standard; SVG 2). Links (<a>) are not: a reader
#: must click them.
ACTIVE_ELEMENTS = _words(
    """iframe frame frameset object embed applet base form portal audio video foreignobject handler listener
    fencedframe bgsound marquee xml"""
)
ADDRESSES = _words(
    """href src srcset action formaction poster background cite data longdesc ping manifest profile code codebase
    lowsrc dynsrc from to values"""
)
SCRIPT_SCHEMES = ("javascript:", "vbscript:", "livescript:", "data:text/html", "data:application/xhtml")
OUTSIDE = re.compile(r"(?:https?|ftp|file|wss?|blob|mhtml|jar|smb):|//|\\\\", re.IGNORECASE)
IGNORED_IN_ADDRESS = re.compile(r"[\x00-\x20\u00a0\u200b-\u200f\ufeff]+")
DATA_ADDRESS = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[^,;]*)*),(.*)", re.IGNORECASE | re.DOTALL)
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
CSS_FETCH = re.compile(
    r"url\(\s*['\"]?\s*(?!['\"]?\s*(?:#|data:image/(?:png|jpeg|gif|svg)))[^)\s'\"]|@import", re.IGNORECASE
)
CSS_ACTS = re.compile(r"expression\s*\(|-moz-binding|behavior\s*:|javascript:", re.IGNORECASE)
CSS_PICTURE = re.compile(r"url\(\s*['\"]?(data:image/[^)'\"]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Noticed:
    """One thing about an element; `picture` holds the bytes and type of an embedded picture."""

    kind: Seen | None
    picture: tuple[str, bytes] | None = field(default=None, repr=False)


def look_at_element(tag: str, attributes: Mapping[str, str]) -> Iterator[Noticed]:
    """What is noteworthy about an element; tag and attribute names in lower case, without namespace."""
    if tag == "script":
        yield Noticed(Seen.SCRIPT)
    elif _is_active(tag, attributes):
        yield Noticed(Seen.ACTIVE_ELEMENT)
    for name, value in attributes.items():
        if name.startswith("on") and name[2:].isalpha():
            yield Noticed(Seen.EVENT_HANDLER)
        elif name == "style":
            yield from look_at_style(value)
        elif name in ADDRESSES:
            yield from _look_at_address(tag, name, value)


def _is_active(tag: str, attributes: Mapping[str, str]) -> bool:
    refreshes = tag == "meta" and attributes.get("http-equiv", "").strip().lower() == "refresh"
    redirects = tag in {"set", "animate"} and "href" in attributes.get("attributename", "").lower()
    return tag in ACTIVE_ELEMENTS or refreshes or redirects


def look_at_style(css: str) -> Iterator[Noticed]:
    """What is noteworthy about CSS, after undoing comments and escapes that hide words."""
    plain = CSS_ESCAPE.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), CSS_COMMENT.sub("", css))
    if CSS_FETCH.search(plain):
        yield Noticed(Seen.EXTERNAL_REFERENCE)
    if CSS_ACTS.search(plain):
        yield Noticed(Seen.ACTIVE_ELEMENT)
    for found in CSS_PICTURE.finditer(plain):
        yield _embedded(found[1])


def _look_at_address(tag: str, name: str, value: str) -> Iterator[Noticed]:
    address = IGNORED_IN_ADDRESS.sub("", value)
    lowered = address[:64].lower()
    if lowered.startswith(SCRIPT_SCHEMES):
        yield Noticed(Seen.SCRIPT_ADDRESS)
    elif lowered.startswith("data:"):
        yield _embedded(value.strip())
    elif OUTSIDE.match(address) and not (tag == "a" and name == "href"):
        yield Noticed(Seen.EXTERNAL_IMAGE if tag in {"img", "image"} else Seen.EXTERNAL_REFERENCE)
    elif name == "srcset" and OUTSIDE.search(address):
        yield Noticed(Seen.EXTERNAL_IMAGE)


def _embedded(address: str) -> Noticed:
    """An embedded picture is read as a picture; any other embedded data is a file inside the file."""
    found = DATA_ADDRESS.fullmatch(address)
    if found is None or (found[1] or "").lower() not in {"image/png", "image/jpeg", "image/jpg", "image/svg+xml"}:
        return Noticed(Seen.EMBEDDED_FILE)
    try:
        raw = unquote_to_bytes(found[3])
        content = base64.b64decode(raw) if "base64" in found[2].lower() else raw
    except (binascii.Error, ValueError):
        return Noticed(Seen.DAMAGED)
    return Noticed(None, (found[1].lower().replace("image/jpg", "image/jpeg"), content))
