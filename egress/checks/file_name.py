"""File name: no path parts, no hidden or misleading characters, no identifier. The name is published with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.cells import INVISIBLE
from egress.inspection.document import Document
from egress.inspection.identifiers import BIRTHDAY, EMAIL, holds_nhs_number, holds_postcode
from governance.disclosure import DisclosureProfile

NAME = "file-name"
LONGEST_NAME = 128  # bytes of UTF-8; well under the 255 of file systems, with room for a prefix
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f<>:\"|?*\ud800-\udfff]")
#: Device names of Windows, which open a device under any extension.
RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
FIX = "Rename the file: letters, digits, spaces, dots, hyphens and underscores, at most 128 bytes."


def check_file_name(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for a name that could leave its folder, hide, mislead or identify somebody."""
    del profile
    if document.where:  # a part has no name
        return
    for why in _faults(document.name):
        yield Finding(NAME, Severity.FAIL, "the name", why, FIX)


def _faults(name: str) -> Iterator[str]:
    if not name or name in {".", ".."} or "/" in name or "\\" in name:
        yield "The name holds path parts."
    if UNSAFE.search(name) or INVISIBLE.search(name):
        yield 'The name holds control, invisible or direction characters, or one of < > : " | ? *.'
    if name.startswith((".", "-", "~", " ")) or name.endswith((".", " ")):
        yield "The name begins or ends with a character that hides it or that programs misread."
    if RESERVED.fullmatch(name):
        yield "The name is that of a device."
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        yield "The name is too long."
    spaced = name.replace("_", " ")
    if holds_nhs_number(spaced, "", in_cell=True) or EMAIL.search(name) or BIRTHDAY.search(spaced):
        yield "The name holds a direct identifier."
    elif holds_postcode(spaced.rpartition(".")[0] or spaced, in_cell=True):
        yield "The name holds a full postcode."
