"""File type: decided by content against the allow-list. Promise: no archive, model, data store or program passes."""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.detection import extension_of
from egress.inspection.document import Document
from egress.inspection.media_types import ALLOWED, JSON, OFFICE, PLAIN
from governance.disclosure import DisclosureProfile

NAME = "file-type"
ALLOWED_NAMES = ", ".join(sorted(extension.lstrip(".") for extension in ALLOWED))
#: Content that may stand under a more general extension.
MAY_STAND_UNDER = {(PLAIN, JSON)}


def check_file_type(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for content off the allow-list or the profile's, an extension off it, or one that contradicts the other."""
    if document.where:
        return
    extension = extension_of(document.name)
    claimed = ALLOWED.get(extension)
    if not document.media_type:
        yield Finding(
            NAME,
            Severity.FAIL,
            "",
            f"The content is {document.described}, which may not leave.",
            f"Send results as one of: {ALLOWED_NAMES}. Data stores, archives, models and programs stay inside.",
        )
    elif document.media_type in OFFICE and not profile.office_files:
        why = f"The content is {document.described}; this project's disclosure profile does not take Office files."
        yield Finding(NAME, Severity.FAIL, "", why, "Send tables as csv and texts as md, html or pdf.")
    elif claimed is None:
        yield Finding(
            NAME,
            Severity.FAIL,
            "",
            "The extension is missing or is not on the list of types that may leave.",
            f"Save it as one of: {ALLOWED_NAMES}.",
        )
    elif claimed != document.media_type and (claimed, document.media_type) not in MAY_STAND_UNDER:
        yield Finding(
            NAME,
            Severity.FAIL,
            "",
            f"The extension {extension} says one thing, the content is {document.described}.",
            "Give the file the extension of what it is.",
        )
