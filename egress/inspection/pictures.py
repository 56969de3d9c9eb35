"""Reads PNG and JPEG down to the last byte: what is drawn, what is written beside it, what follows the end."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from egress.inspection.document import Passage, Seen, Sighting, within
from egress.inspection.media_types import PNG, PNG_SIGNATURE
from egress.inspection.pieces import Pieces

MOST_PIXELS = 40_000_000
Image.MAX_IMAGE_PIXELS = MOST_PIXELS

#: Chunks of the PNG specification that hold the picture and how to show it.
PICTURE_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"hIST"}
    | {b"pHYs", b"sPLT", b"tIME", b"cICP", b"mDCV", b"cLLI"}
)
TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
MOVING_CHUNKS = frozenset({b"acTL", b"fcTL", b"fdAT"})
#: What plotting libraries write of themselves: no finding.
OWN_MARK = re.compile(rb"Software\x00[\x20-\x7e]{0,80}|Title\x00|Creation Time\x00[\x20-\x7e]{0,40}")
LONGEST_TEXT = 2**20
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # JPEG markers without a length
JPEG_START, JPEG_END, JPEG_SCAN, JPEG_COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
JPEG_APPLICATION = range(0xE1, 0xF0)
HARMLESS_SEGMENTS = (b"ICC_PROFILE\x00", b"Adobe")


@dataclass(frozen=True)
class Segment:
    """A PNG chunk or JPEG segment: its name or marker, and its content."""

    name: bytes
    content: bytes


class BrokenPictureError(Exception):
    """The structure of a picture does not hold to its end."""


def read_picture(content: bytes, media_type: str, where: str) -> Pieces:
    """Read a PNG or JPEG. Never raises."""
    sightings: list[Sighting] = []
    passages: list[Passage] = []
    if not _can_be_drawn(content):
        sightings.append(Sighting(Seen.DAMAGED, where))
    try:
        walk, look = (_png_chunks, _look_at_chunk) if media_type == PNG else (_jpeg_segments, _look_at_segment)
        for segment in walk(content):
            kind, text = look(segment)
            if kind is not None:
                sightings.append(Sighting(kind, where, len(segment.content)))
            if text:
                passages.append(Passage(within(where, "text beside the picture"), text))
    except (BrokenPictureError, struct.error, IndexError, zlib.error):
        sightings.append(Sighting(Seen.DAMAGED, where))
    return Pieces(tuple(passages), sightings=tuple(dict.fromkeys(sightings)))


#: What each block beside the picture is called where a release says that it took it off.
CALLED: dict[Seen, str] = {
    Seen.TRAILING_BYTES: "bytes after the end",
    Seen.TEXT_CHUNK: "texts beside the picture",
    Seen.CAMERA_DATA: "camera data",
    Seen.EXTRA_FRAMES: "further frames",
    Seen.PRIVATE_CHUNK: "blocks of unknown kinds",
}


def words_beside_picture(content: bytes, media_type: str) -> tuple[str, ...]:
    """What is written beside the pixels, in words. Raises BrokenPictureError, and struct, index and zlib errors."""
    words = []
    for segment in (_png_chunks if media_type == PNG else _jpeg_segments)(content):
        kind, text = (_look_at_chunk if media_type == PNG else _look_at_segment)(segment)
        words += [CALLED[kind]] if kind else [CALLED[Seen.TEXT_CHUNK]] if text else []
    return tuple(dict.fromkeys(words))


def _can_be_drawn(content: bytes) -> bool:
    """Decode every pixel, under the limit of pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
                picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError, struct.error):
        return False
    except (Image.DecompressionBombWarning, zlib.error, EOFError, IndexError, KeyError, OverflowError):
        return False
    return True


def _png_chunks(content: bytes) -> Iterator[Segment]:
    """Chunks in order; whatever follows IEND comes last, as a segment named b""."""
    at = len(PNG_SIGNATURE)
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise BrokenPictureError
        yield Segment(name, content[at + 8 : end - 4])
        at = end
        if name == b"IEND":
            break
    if at < len(content):
        yield Segment(b"", content[at:])


def _look_at_chunk(chunk: Segment) -> tuple[Seen | None, str]:
    if not chunk.name:
        return Seen.TRAILING_BYTES, chunk.content[:LONGEST_TEXT].decode("latin-1")
    if chunk.name in TEXT_CHUNKS:
        text = _inflated(chunk) if chunk.name != b"tEXt" else chunk.content
        kind = None if OWN_MARK.fullmatch(text) else Seen.TEXT_CHUNK
        return kind, text[:LONGEST_TEXT].decode("utf-8", "replace")
    if chunk.name == b"eXIf":
        return Seen.CAMERA_DATA, chunk.content[:LONGEST_TEXT].decode("latin-1")
    if chunk.name in MOVING_CHUNKS:
        return Seen.EXTRA_FRAMES, ""
    return (None if chunk.name in PICTURE_CHUNKS else Seen.PRIVATE_CHUNK), ""


def _inflated(chunk: Segment) -> bytes:
    """Keyword and text of a zTXt or iTXt chunk, decompressed up to a limit."""
    keyword, _, rest = chunk.content.partition(b"\x00")
    if chunk.name == b"zTXt":
        return keyword + b"\x00" + zlib.decompressobj().decompress(rest[1:], LONGEST_TEXT)
    compressed, fields = rest[:1] == b"\x01", rest[2:].split(b"\x00", 2)
    text = fields[-1]
    return keyword + b"\x00" + (zlib.decompressobj().decompress(text, LONGEST_TEXT) if compressed else text)


def _jpeg_segments(content: bytes) -> Iterator[Segment]:
    """Segments in order; entropy-coded data is skipped; whatever follows the end comes last, named b""."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise BrokenPictureError
        marker = content[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == JPEG_END:
            break
        at += 2
        if marker in STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", content, at)
        if length < 2 or at + length > len(content):
            raise BrokenPictureError
        yield Segment(bytes([marker]), content[at + 2 : at + length])
        at += length
        if marker == JPEG_SCAN:
            at = _end_of_scan(content, at)
    if at + 2 < len(content):
        yield Segment(b"", content[at + 2 :])


def _end_of_scan(content: bytes, at: int) -> int:
    """Position of the first marker after entropy-coded data (FF 00 and restarts belong to the data)."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise BrokenPictureError
        if content[at + 1] != 0 and content[at + 1] not in STANDALONE:
            return at
        at += 2


def _look_at_segment(segment: Segment) -> tuple[Seen | None, str]:
    text = segment.content.decode("latin-1")
    if not segment.name:
        return Seen.TRAILING_BYTES, text[:LONGEST_TEXT]
    marker = segment.name[0]
    if marker == JPEG_COMMENT:
        return Seen.TEXT_CHUNK, text
    if marker in JPEG_APPLICATION and not segment.content.startswith(HARMLESS_SEGMENTS):
        return (Seen.CAMERA_DATA if segment.content.startswith(b"Exif") else Seen.TEXT_CHUNK), text
    return None, ""
