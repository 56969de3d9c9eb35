"""Finds out how a delivered text is written, and makes plain UTF-8 of it where it is not.

Promise: one look over the bytes, in pieces; the same bytes always give the same answer; what is packed is never
unpacked beyond `MOST_EXPANSION` times its size.

A text is what its byte order mark says, else UTF-8 if it is valid UTF-8. If it is not: with any letter that UTF-8
writes in several bytes it is damaged UTF-8 (its bad rows are quarantined), else Windows-1252, which has Latin-1's
letters.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from governance.refusal import Refusal

CHUNK = 4 * 2**20
MOST_EXPANSION = 300  # a table of codes packs to a twentieth; zeros pack to a thousandth
SMALL_ENOUGH = 64 * 2**20  # bytes that may come out of however little
UTF_8, UTF_8_MARK, UTF_16, CP1252 = "utf-8", "utf-8-sig", "utf-16", "cp1252"
_SEVERAL_BYTES = re.compile(rb"[\xc3-\xf4][\x80-\xbf]")
_UNUSED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # no letter in Windows-1252


@dataclass(frozen=True)
class Writing:
    """How a text is written: its encoding, and whether lines end in more than one way."""

    encoding: str
    mixed_lines: bool


def find_writing(file: Path, *, packed: bool) -> Writing:
    """Look over the bytes. Raises Refusal `wrong-encoding`, `too-much-inside`, `unreadable-file`."""
    valid, several, unused, zero = True, False, False, False
    ends = {b"\n": 0, b"\r\n": 0, b"\r": 0}
    decoder = codecs.getincrementaldecoder("utf-8")()
    mark = b""
    last = b""
    for chunk in pieces(file, packed=packed):
        mark = mark or chunk[:3]
        if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return Writing(UTF_16, mixed_lines=True)  # written anew anyhow
        zero = zero or b"\0" in chunk
        valid = valid and _is_valid(decoder, chunk)
        if not chunk.isascii():
            several = several or _SEVERAL_BYTES.search(chunk) is not None
            unused = unused or _UNUSED.search(chunk) is not None
        _count_ends(ends, last, chunk)
        last = chunk[-1:]
    if zero or (not valid and not several and unused):
        raise Refusal(
            "wrong-encoding",
            f"{file.name} is not text in UTF-8, UTF-16 (with its mark) or Windows-1252.",
            "Ask the sender for UTF-8.",
        )
    mixed = ends[b"\r"] != ends[b"\r\n"] or 0 < ends[b"\r\n"] < ends[b"\n"]
    if mark == codecs.BOM_UTF8:
        return Writing(UTF_8_MARK, mixed)
    return Writing(UTF_8 if valid or several else CP1252, mixed)


def write_plain(file: Path, writing: Writing, target: Path, *, packed: bool) -> None:
    """Write the text anew in UTF-8 with LF. Bytes that are not of a damaged UTF-8 text stay as they are: the reader
    quarantines their rows. Raises Refusal `wrong-encoding`, `too-much-inside`; OSError."""
    if writing.encoding == UTF_8 and not writing.mixed_lines:
        with target.open("xb") as out:
            out.writelines(pieces(file, packed=packed))
        return
    damaged = writing.encoding in (UTF_8, UTF_8_MARK)
    reader = codecs.getincrementaldecoder(writing.encoding)(errors="surrogateescape" if damaged else "strict")
    turn = codecs.lookup("utf-8").encode
    with target.open("xb") as out:
        held = ""
        try:
            for chunk in pieces(file, packed=packed):
                text = held + reader.decode(chunk)
                held = "\r" if text.endswith("\r") else ""
                out.write(turn(_one_end(text.removesuffix("\r")), "surrogateescape" if damaged else "strict")[0])
            rest = _one_end(held + reader.decode(b"", final=True))
            out.write(turn(rest, "surrogateescape" if damaged else "strict")[0])
        except UnicodeError:
            raise Refusal(
                "wrong-encoding", f"{file.name} is not the {writing.encoding} it says.", "Ask the sender for UTF-8."
            ) from None


def pieces(file: Path, *, packed: bool) -> Iterator[bytes]:
    """The bytes of a file, unpacked if it is packed. Raises Refusal `too-much-inside`, `unreadable-file`."""
    most = max(SMALL_ENOUGH, file.stat().st_size * MOST_EXPANSION)
    done = 0
    with gzip.GzipFile(file, "rb") if packed else file.open("rb") as stream:
        while chunk := _read(stream, file):
            done += len(chunk)
            if packed and done > most:
                raise Refusal(
                    "too-much-inside",
                    f"{file.name} unpacks to more than {MOST_EXPANSION} times its size.",
                    "Deliver it unpacked if that is right.",
                )
            yield chunk


def _read(stream: gzip.GzipFile | BufferedReader, file: Path) -> bytes:
    try:
        return stream.read(CHUNK)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise Refusal("unreadable-file", f"{file.name} is damaged or not gzip.", "Ask the sender again.") from None


def _is_valid(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _count_ends(ends: dict[bytes, int], last: bytes, chunk: bytes) -> None:
    for end in ends:
        ends[end] += chunk.count(end)
    if last == b"\r" and chunk.startswith(b"\n"):
        ends[b"\r\n"] += 1


def _one_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
