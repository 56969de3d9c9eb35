"""Opens the zip package of an xlsx or docx within bounds. Promise: no bomb is unpacked, and no byte of it goes unseen.

Source: ECMA-376 part 2 (Open Packaging Conventions); APPNOTE 6.3 (the zip format).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise

from egress.inspection.document import Seen, Sighting
from egress.inspection.media_types import DOCX, XLSX

MOST_PARTS = 2_000
MOST_UNPACKED = 128 * 2**20  # of the whole package
END_SIZE = 22
LOCAL_HEADER = struct.Struct("<4s22xHH")
LONGEST_DESCRIPTOR = 24  # what follows data whose size was not known before
ENCRYPTED_BIT, DESCRIPTOR_BIT = 0x1, 0x8
HOSTILE_NAME = re.compile(r"(?:^|/)\.\.?(?:/|$)|^/|//|[\\:\x00-\x1f]|/$")
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, NotImplementedError)

CONTENT_TYPES = "[Content_Types].xml"
WORKBOOK, TEXT = "xl/workbook.xml", "word/document.xml"
#: A part that tells what a zip archive is, in words for a finding.
TELLING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:xl|word|ppt)/vbaProject\.bin", re.IGNORECASE), "an Office file with macros"),
    (re.compile(r"xl/(?:workbook\.bin|macrosheets/.*)", re.IGNORECASE), "a binary or macro workbook"),
    (re.compile(r"ppt/presentation\.xml"), "a presentation"),
    (re.compile(r"mimetype|content\.xml"), "an OpenDocument file"),
    (re.compile(r"(?:.*/)?data\.pkl|.*\.(?:pkl|pt|safetensors|joblib)"), "a zip archive with a model or pickle"),
    (re.compile(r".*\.npy"), "a NumPy archive"),
    (re.compile(r"META-INF/MANIFEST\.MF|.*\.class"), "a Java program"),
    (re.compile(r"(?:.*/)?\.git/.*"), "a zip archive with a git repository"),
)


class PackageError(Exception):
    """The package cannot be read to its end. `kind` says why."""

    def __init__(self, kind: Seen) -> None:
        super().__init__(kind.value)
        self.kind = kind


def office_type(content: bytes) -> tuple[str, str]:
    """Media type ("" unless it is an xlsx or docx without macros) and what the zip archive is, in words."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except BROKEN:
        return "", "a broken zip archive"
    for pattern, described in TELLING:
        if any(pattern.fullmatch(name) for name in names):
            return "", described
    if CONTENT_TYPES in names and (WORKBOOK in names) != (TEXT in names):
        return (XLSX, "an Excel workbook") if WORKBOOK in names else (DOCX, "a Word document")
    return "", "a zip archive"


class Package:
    """The parts of one package by name. Reading stops at MOST_UNPACKED bytes over all parts."""

    def __init__(self, content: bytes) -> None:
        """Raises PackageError: broken, encrypted, too many parts, names that are no part's or come twice."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
            self._members = {member.filename: member for member in self._archive.infolist()}
        except BROKEN:
            raise PackageError(Seen.DAMAGED) from None
        listed = self._archive.infolist()
        if len(listed) > MOST_PARTS:
            raise PackageError(Seen.TOO_MANY_PARTS)
        if any(member.flag_bits & ENCRYPTED_BIT for member in listed):
            raise PackageError(Seen.ENCRYPTED)
        same = {name.lower() for name in self._members}
        if len(same) < len(listed) or any(map(HOSTILE_NAME.search, self._members)):
            raise PackageError(Seen.DAMAGED)
        if sum(member.file_size for member in listed) > MOST_UNPACKED:
            raise PackageError(Seen.TOO_LARGE)
        self._content = content
        self._left = MOST_UNPACKED

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parts, in the order of the package."""
        return tuple(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """One part, unpacked. Raises PackageError if it is broken, or all that is read together is too large."""
        try:
            with self._archive.open(self._members[name]) as part:
                held = part.read(self._left + 1)
        except (*BROKEN, KeyError, RuntimeError):
            raise PackageError(Seen.DAMAGED) from None
        self._left -= len(held)
        if self._left < 0:
            raise PackageError(Seen.TOO_LARGE)
        return held

    def look_for_gaps(self) -> Iterator[Sighting]:
        """Bytes that belong to no part: before the first, between two, or after the end."""
        ends = [0]
        starts = []
        for member in sorted(self._members.values(), key=lambda member: member.header_offset):
            starts.append(member.header_offset)
            try:
                _, name, extra = LOCAL_HEADER.unpack_from(self._content, member.header_offset)
            except struct.error:
                yield Sighting(Seen.DAMAGED, "")
                return
            spare = LONGEST_DESCRIPTOR if member.flag_bits & DESCRIPTOR_BIT else 0
            ends += [member.header_offset + LOCAL_HEADER.size + name + extra + member.compress_size + spare]
        directory = self._archive.start_dir
        late = any(start > end for start, end in zip((*starts, directory), ends, strict=True))
        overlapping = any(first == second for first, second in pairwise(starts))
        end_at = self._content.rfind(b"PK\x05\x06")
        if late or overlapping or self._archive.comment or end_at + END_SIZE != len(self._content):
            yield Sighting(Seen.TRAILING_BYTES, "")
