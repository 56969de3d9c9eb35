"""Reads a PDF: its pages (pdf_layout.py), dangerous names also inside compressed objects, and strings no page may show.

Promise: it never claims to have read all; a PDF always carries a finding that asks a person to look at it, for pictures
and fonts can show what no program reads.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from egress.inspection.document import Passage, Seen, Sighting, within
from egress.inspection.pdf_layout import read_layout
from egress.inspection.pieces import Pieces

#: ISO 32000-1: 7.11.4 (embedded files), 12.6.4 (actions), 12.7.8 (XFA forms), 13 (media).
DANGEROUS_NAMES: tuple[tuple[bytes, Seen], ...] = (
    (b"JavaScript", Seen.SCRIPT),
    (b"JS", Seen.SCRIPT),
    (b"OpenAction", Seen.PDF_ACTION),
    (b"AA", Seen.PDF_ACTION),
    (b"Launch", Seen.PDF_ACTION),
    (b"SubmitForm", Seen.PDF_ACTION),
    (b"ImportData", Seen.PDF_ACTION),
    (b"GoToR", Seen.PDF_ACTION),
    (b"GoToE", Seen.PDF_ACTION),
    (b"XFA", Seen.PDF_ACTION),
    (b"RichMedia", Seen.PDF_ACTION),
    (b"EmbeddedFile", Seen.EMBEDDED_FILE),
    (b"EmbeddedFiles", Seen.EMBEDDED_FILE),
    (b"Filespec", Seen.EMBEDDED_FILE),
    (b"FileAttachment", Seen.EMBEDDED_FILE),
    (b"Encrypt", Seen.ENCRYPTED),
    (b"OCProperties", Seen.UNDRAWN_TEXT),  # 8.11: layers, which can be switched off
)
NAME = re.compile(rb"/([A-Za-z][A-Za-z0-9#]{0,60})")
HEX_PAIR = re.compile(rb"#([0-9A-Fa-f]{2})")
STREAM = re.compile(rb"\bstream\r?\n")
SHORTEST_RAW_NAME = 3  # "/JS" turns up by chance in a megabyte of compressed data; its action always has a longer name
STRING = re.compile(rb"\(((?:[^()\\]|\\.){0,2000})\)|<([0-9A-Fa-f\s]{2,4000})>(?!>)", re.DOTALL)
EOF = b"%%EOF"
#: Text drawn in a mode that leaves no mark on the page (ISO 32000-1, 9.3.6: 3 and 7).
INVISIBLE_MODE = re.compile(rb"(?<![\d.])[37]\s+Tr\b.{0,4000}?(?:Tj|TJ)", re.DOTALL)
MOST_INFLATED = 64 * 2**20
MOST_STREAMS = 5_000
LONGEST_TAIL = 64  # bytes after the last %%EOF that are not blank


def read_pdf(content: bytes, where: str) -> Pieces:
    """Read a PDF. Never raises."""
    sightings = [Sighting(Seen.UNREAD_TEXT, where)]
    end = content.rfind(EOF)
    if end < 0:
        sightings.append(Sighting(Seen.DAMAGED, where))
    elif len(content[end + len(EOF) :].strip(b"\x00\r\n\t ")) > 0:
        sightings.append(Sighting(Seen.TRAILING_BYTES, where))
    names = {name for name in _names(content) if len(name) >= SHORTEST_RAW_NAME}
    words: list[str] = []
    layout = read_layout(content, where)
    pieces = (_without_streams(content), *_streams(content))
    for piece in pieces:
        names |= _names(piece)
        words += _strings(piece)
    if any(map(INVISIBLE_MODE.search, (content, *pieces))):
        sightings.append(Sighting(Seen.HIDDEN_TEXT, where))
    sightings += [Sighting(seen, where) for name, seen in DANGEROUS_NAMES if name in names]
    strings = (Passage(within(where, "text of the page"), "\n".join(words)),) if words else ()
    seen = tuple(dict.fromkeys((*sightings, *layout.sightings)))
    return Pieces((*layout.passages, *strings), layout.tables, sightings=seen)


def _names(piece: bytes) -> set[bytes]:
    """Every /Name in it, with the #xx escapes that hide letters undone."""
    return {HEX_PAIR.sub(lambda found: bytes([int(found[1], 16)]), name) for name in NAME.findall(piece)}


def _without_streams(content: bytes) -> bytes:
    """Objects alone: what lies outside of stream ... endstream."""
    return b" ".join(piece.rpartition(b"endstream")[2] for piece in STREAM.split(content))


def _streams(content: bytes) -> Iterator[bytes]:
    """Every stream that inflates, up to a total size; others (pictures, fonts) are not text."""
    left = MOST_INFLATED
    for count, found in enumerate(STREAM.finditer(content)):
        if count >= MOST_STREAMS or left <= 0:
            return
        end = content.find(b"endstream", found.end())
        try:
            inflated = zlib.decompressobj().decompress(content[found.end() : end], left)
        except zlib.error:
            continue
        left -= len(inflated)
        yield inflated


def _strings(piece: bytes) -> Iterator[str]:
    """Strings shown on the page, one text block (BT ... ET) a line, so that a number drawn in pieces is whole again."""
    for block in piece.split(b"BT")[1:]:
        shown = b""
        for plain, coded in STRING.findall(block.partition(b"ET")[0]):
            digits = b"".join(coded.split())
            shown += plain or bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
        if shown:
            yield shown.decode("latin-1")
