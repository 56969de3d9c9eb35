"""Hidden content: bytes, texts and files inside a file that nobody sees who only looks at it."""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.document import Document, Seen
from governance.disclosure import DisclosureProfile

NAME = "hidden-content"
PLAIN_FIGURE = "Save the figure again with a plotting library, without metadata."
VISIBLE = "Delete what is hidden, or show it; hidden content can be brought back by anybody."
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
    Seen.HIDDEN_SHEET: (Severity.FAIL, "The sheet is hidden.", VISIBLE),
    Seen.HIDDEN_CELLS: (Severity.FAIL, "Rows or columns with values in them are hidden.", VISIBLE),
    Seen.HIDDEN_VALUE: (
        Severity.FAIL,
        "A number format shows a blank or a mark, while the value is still in the cell.",
        'Write "*" into the cell itself; a format hides nothing.',
    ),
    Seen.HIDDEN_TEXT: (
        Severity.FAIL,
        "Words or values are made invisible: hidden, in the colour of the page, or too small to read.",
        VISIBLE,
    ),
    Seen.HIDDEN_NAME: (
        Severity.FAIL,
        "A defined name is hidden, or holds a value or formula of its own.",
        "Delete such names in the name manager.",
    ),
    Seen.UNUSED_TEXT: (
        Severity.FAIL,
        "Words are left in the file that no cell shows any more.",
        "Copy what is to be sent into a new file.",
    ),
    Seen.COMMENT: (Severity.FAIL, "It holds comments or notes.", "Delete them; say it in the text."),
    Seen.TRACKED_CHANGE: (
        Severity.FAIL,
        "It holds tracked changes, with what was there before.",
        "Accept or reject all changes, and switch tracking off.",
    ),
    Seen.PIVOT_CACHE: (
        Severity.FAIL,
        "A pivot table carries the records that it was made of.",
        "Copy the table and paste it as values into a new file.",
    ),
    Seen.UNKNOWN_PART: (
        Severity.FAIL,
        "It holds a part of an unknown kind.",
        "Copy what is to be sent into a new file.",
    ),
    Seen.UNDRAWN_TEXT: (
        Severity.REVIEW,
        "Words in it are not drawn by a viewer (hidden by style, or in the colour of the page).",
        "Leave out what is not to be seen.",
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
