"""Hidden content: bytes, texts and files inside a file that nobody sees who only looks at it."""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.document import Document, Seen
from governance.disclosure import DisclosureProfile

NAME = "hidden-content"
PLAIN_FIGURE = "Save the figure again with a plotting library, without metadata."
JUDGED: dict[Seen, tuple[Severity, str, str]] = {
    Seen.TRAILING_BYTES: (Severity.FAIL, "There are bytes after the end of the content.", PLAIN_FIGURE),
    Seen.SECOND_FORMAT: (Severity.FAIL, "The content is also, or in truth, of another type.", PLAIN_FIGURE),
    Seen.EMBEDDED_FILE: (Severity.FAIL, "A file is embedded in it.", "Send that file by itself, or leave it out."),
    Seen.EXTRA_FRAMES: (Severity.FAIL, "The picture has more than one frame.", PLAIN_FIGURE),
    Seen.ENCODED_BLOB: (
        Severity.FAIL,
        "The text holds a long encoded block, as a file hidden in text would be.",
        "Leave the encoded block out.",
    ),
    Seen.LARGE_METADATA: (Severity.REVIEW, "Its metadata is larger than programs write.", "Clear the metadata."),
    Seen.PRIVATE_CHUNK: (Severity.REVIEW, "The picture holds a block of an unknown kind.", PLAIN_FIGURE),
    Seen.TEXT_CHUNK: (Severity.REVIEW, "The picture carries a text that is not seen.", PLAIN_FIGURE),
    Seen.CAMERA_DATA: (Severity.REVIEW, "The picture carries camera data (EXIF).", PLAIN_FIGURE),
    Seen.INVISIBLE_CHARACTERS: (
        Severity.REVIEW,
        "The text holds invisible or direction characters.",
        "Remove them; they can hide or reorder what is read.",
    ),
}


def check_hidden_content(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for hidden bytes and files, REVIEW for texts that a program may have added by itself."""
    del profile
    for sighting in document.sightings:
        if sighting.kind in JUDGED:
            severity, why, fix = JUDGED[sighting.kind]
            yield Finding(NAME, severity, sighting.where, why, fix)
