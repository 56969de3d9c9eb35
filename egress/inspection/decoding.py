"""Turns bytes into text, in a fixed order: byte order mark, UTF-16 by its shape, UTF-8, then CP-1252."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from egress.inspection.cells import INVISIBLE
from egress.inspection.document import Seen, Sighting

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins the same
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")  # not tab, newlines, form feed, escape
MOST_CONTROLS = 0.002  # share of control characters above which bytes are no text
#: Base64 or hexadecimal without a break, or in lines of equal length: a file inside the text.
UNBROKEN = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]{1000,}")  # tried only where a word begins
WRAPPED = re.compile(r"(?:^[A-Za-z0-9+/]{60,100}\r?\n){20,}", re.MULTILINE)
#: Each of the two, wherever it begins, fills some stretch of this length that begins at a multiple of it.
STRETCH = 500
SOLID = re.compile(rf"[A-Za-z0-9+/_=\r\n-]{{{STRETCH}}}")
PICTURE_DATA = re.compile(r"data:image/[\w.+-]+;base64,[A-Za-z0-9+/=\s%]+", re.IGNORECASE)


@dataclass(frozen=True)
class Decoded:
    """Text of a file with its encoding and what was odd about it.

    `text` is None if the bytes are no text; `encoding` is then given if they are but for NUL bytes.
    """

    text: str | None
    encoding: str = ""
    sightings: tuple[Sighting, ...] = ()


def decode(content: bytes) -> Decoded:
    """The text in some bytes. Never raises."""
    text, encoding = _first_that_fits(content)
    if text is None:
        return Decoded(None, sightings=(Sighting(Seen.UNDECODABLE, ""),))
    if len(CONTROLS.findall(text)) > MOST_CONTROLS * len(text):
        return Decoded(None, sightings=(Sighting(Seen.UNDECODABLE, ""),))
    if "\x00" in text:
        return Decoded(None, encoding, (Sighting(Seen.NUL_BYTES, ""),))
    return Decoded(text, encoding, tuple(look_for_hidden_text(text, "")))


def look_for_hidden_text(text: str, where: str) -> list[Sighting]:
    """Encoded blobs and invisible characters in a text."""
    seen = []
    plain = PICTURE_DATA.sub("", text) if "data:image/" in text.lower() else text
    solid = any(SOLID.match(plain, at) for at in range(0, len(plain), STRETCH))
    if solid and (UNBROKEN.search(plain) or WRAPPED.search(plain)):
        seen.append(Sighting(Seen.ENCODED_BLOB, where))
    if not text.isascii() and (count := len(INVISIBLE.findall(text.removeprefix("\ufeff")))):
        seen.append(Sighting(Seen.INVISIBLE_CHARACTERS, where, count))
    return seen


def _first_that_fits(content: bytes) -> tuple[str | None, str]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding), encoding
    for encoding in _candidates(content):
        text = _strictly(content, encoding)
        if text is not None:
            return text, encoding
    return None, ""  # only UTF-16 and UTF-32 without a mark can come to this; latin-1 takes any byte


def _candidates(content: bytes) -> tuple[str, ...]:
    """UTF-16 and UTF-32 without a mark show as NULs at fixed places of Latin text; UTF-8 would take them too."""
    head = content[:4096]
    if len(head) > 7 and len(content) % 4 == 0:
        filled = [len(head[place::4]) - head[place::4].count(0) for place in range(4)]
        if filled[0] and not filled[2] and not filled[3]:  # a letter beyond Latin fills the second byte
            return ("utf-32-le",)
        if filled[3] and not filled[0] and not filled[1]:
            return ("utf-32-be",)
    if len(head) > 3:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if odd * 3 > len(head) and even == 0:
            return ("utf-16-le",)
        if even * 3 > len(head) and odd == 0:
            return ("utf-16-be",)
    return ("utf-8", "cp1252", "latin-1")


def _strictly(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeError:
        return None
