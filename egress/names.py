"""Checks of what people write: file names, titles, texts. Promise: a name kept here is one plain path component that
means the same on every machine and cannot reorder or hide what a checker reads.
"""

from __future__ import annotations

import re
import unicodedata

from governance.refusal import Refusal

LONGEST_FILE_NAME = 120  # bytes in UTF-8, so that it fits any file system with room to spare
LONGEST_TITLE, LONGEST_TEXT = 200, 5_000
FORBIDDEN_IN_NAMES = frozenset('/\\:*?"<>|')
#: Written by the release itself.
RESERVED_NAMES = frozenset(
    (
        "manifest.json",
        "manifest.sig",
        "results.json",
        "ro-crate-metadata.json",
        "checksums",
        "release.json",
        "recalled.json",
        "recalled.sig",
        "brought-in.json",
        "brought-in.sig",
    )
)
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def check_file_name(name: str) -> str:
    """The name in NFC. Raises Refusal `bad-file-name` for anything that is not one plain, visible path component, and
    for a name that a release writes itself."""
    kept = unicodedata.normalize("NFC", name)
    good = (
        kept.isprintable()  # no control, format (bidirectional), surrogate or unassigned character
        and 1 <= len(kept.encode()) <= LONGEST_FILE_NAME
        and FORBIDDEN_IN_NAMES.isdisjoint(kept)
        and kept[0] not in ".-~ "
        and kept[-1] not in ". "
        and not DEVICE.fullmatch(kept)
    )
    if not good:
        raise Refusal(
            "bad-file-name",
            "A file's name must be one plain name without folders, hidden characters or a leading dot or hyphen.",
            "Rename the file with letters, digits, hyphens and one extension.",
        )
    if kept.casefold() in RESERVED_NAMES:
        raise Refusal("bad-file-name", "A release writes a file of this name itself.", "Rename the file.", kept)
    return kept


def clean_title(title: str) -> str:
    """One line for lists, at most LONGEST_TITLE characters. Raises Refusal `text-too-long`."""
    return _clean(title, "title", LONGEST_TITLE, keep_lines=False)


def clean_text(text: str, field: str) -> str:
    """A text with lines, at most LONGEST_TEXT characters. Raises Refusal `text-too-long`."""
    return _clean(text, field, LONGEST_TEXT, keep_lines=True)


def _clean(text: str, field: str, longest: int, *, keep_lines: bool) -> str:
    """Browsers send CRLF and people paste tabs and zero-width marks: mend these, refuse only length."""
    lines = unicodedata.normalize("NFC", text).replace("\t", " ").splitlines()
    kept = ["".join(char for char in line if unicodedata.category(char)[0] != "C").rstrip() for line in lines]
    cleaned = ("\n" if keep_lines else " ").join(kept).strip()
    if len(cleaned) > longest:
        raise Refusal("text-too-long", f"The {field} has more than {longest} characters.", "Shorten it.", field)
    return cleaned
