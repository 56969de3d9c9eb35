"""Copies the pages of a PDF into a new document: no properties, attachments, scripts, names, tags or earlier versions.

Library: pypdfium2, which writes a time and a random number into every copy; both are overwritten, so that the same
bytes give the same copy.
"""

from __future__ import annotations

import hashlib
import io
import re

import pypdfium2  # type: ignore[import-untyped]  # it ships no types

from egress.inspection.stripped import CannotStripError, Stripped

COPY_IDENTIFIER = re.compile(rb"/ID\[<[0-9A-Fa-f]{32}><[0-9A-Fa-f]{32}>\]")
COPY_TIME = re.compile(rb"/CreationDate\(D:\d{14}[^)]{0,8}\)")
MOST_PAGES = 2_000
REMOVED = ("document properties", "everything that is not on a page")


def bare_pdf(content: bytes) -> Stripped:
    """The pages alone. Raises CannotStripError for a document that cannot be opened or is too long."""
    if _is_own_copy(content):
        return Stripped(content)
    try:
        document = pypdfium2.PdfDocument(content)
        if len(document) > MOST_PAGES:
            raise CannotStripError
        copy = pypdfium2.PdfDocument.new()
        copy.import_pages(document)
        out = io.BytesIO()
        copy.save(out)
    except pypdfium2.PdfiumError:
        raise CannotStripError from None
    return Stripped(_without_chance(out.getvalue()), REMOVED)


def _without_chance(copy: bytes) -> bytes:
    """Time and identifier overwritten in place, so that every offset in the file still holds."""
    timeless = COPY_TIME.sub(lambda found: re.sub(rb"\d", b"0", found[0]), copy)
    plain = COPY_IDENTIFIER.sub(lambda found: re.sub(rb"<[0-9A-Fa-f]+>", b"<" + b"0" * 32 + b">", found[0]), timeless)
    digest = hashlib.sha256(plain).hexdigest()[:32].upper().encode()
    return COPY_IDENTIFIER.sub(b"/ID[<" + digest + b"><" + digest + b">]", plain)


def _is_own_copy(content: bytes) -> bool:
    """True for a copy made here: its identifier is the digest of the rest."""
    return COPY_IDENTIFIER.search(content) is not None and _without_chance(content) == content
