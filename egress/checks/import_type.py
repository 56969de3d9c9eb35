"""Type of what comes in: code, reference data and documents, by content. Promise: no archive, data store, model,
pickle, program or page with scripts passes, whatever it is called.

Text is text: a script with an interpreter line and a file of SQL statements are code here, and may not leave.
"""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.detection import extension_of
from egress.inspection.document import Document
from egress.inspection.media_types import IMPORTABLE, OFFICE
from governance.disclosure import DisclosureProfile

NAME = "import-type"
NAMED = ", ".join(sorted(extension.lstrip(".") for extension in IMPORTABLE))
FIX = f"Bring in one of: {NAMED}."


def check_import_type(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for content or an extension off the list, or one that contradicts the other."""
    if document.where:
        return
    extension = extension_of(document.name)
    may_hold = IMPORTABLE.get(extension)
    why = ""
    if not document.media_type:
        why = f"The content is {document.described}, which may not be brought in."
    elif document.media_type in OFFICE and not profile.office_files:
        why = f"The content is {document.described}; this project's disclosure profile does not take Office files."
    elif may_hold is None:
        why = "The extension is missing or is not on the list of types that may be brought in."
    elif document.media_type not in may_hold:
        why = f"The extension {extension} says one thing, the content is {document.described}."
    if why:
        yield Finding(NAME, Severity.FAIL, "", why, FIX)
