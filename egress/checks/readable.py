"""Readable: what cannot be read to its end cannot be vetted, so it does not leave."""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.document import Document, Seen
from governance.disclosure import DisclosureProfile

NAME = "could-not-be-read"
JUDGED: dict[Seen, tuple[Severity, str, str]] = {
    Seen.DAMAGED: (
        Severity.FAIL,
        "The content is broken or cut off, so it cannot be checked.",
        "Write the file again and check that it opens.",
    ),
    Seen.UNDECODABLE: (
        Severity.FAIL,
        "The content is not text in a known encoding.",
        "Save it as UTF-8 text.",
    ),
    Seen.NUL_BYTES: (Severity.FAIL, "The text holds NUL bytes.", "Save it as UTF-8 text."),
    Seen.TOO_DEEP: (
        Severity.FAIL,
        "The content is nested too deeply to be checked.",
        "Send a flat table instead.",
    ),
    Seen.TOO_MANY_PARTS: (
        Severity.FAIL,
        "The content is cut in too many pieces to be checked.",
        "Send a flat table instead.",
    ),
    Seen.TOO_LARGE: (
        Severity.FAIL,
        "The content unpacks to more than can be checked.",
        "Send results, not data; split the file.",
    ),
    Seen.UNCOMPUTED: (
        Severity.FAIL,
        "It holds formulas without their results, so what it will show cannot be checked.",
        "Open it in a spreadsheet program, paste the results as values, and save it.",
    ),
    Seen.LONG_LINES: (
        Severity.REVIEW,
        "It has lines too long to be read as a table.",
        "Send tables as csv.",
    ),
    Seen.ENCRYPTED: (Severity.FAIL, "The content is encrypted.", "Save it without a password."),
    Seen.UNREAD_TEXT: (
        Severity.REVIEW,
        "Figures and fonts of a PDF can show what no program reads.",
        "Send tables as csv and figures as png or svg, or expect the checkers to read it line by line.",
    ),
}


def check_readable(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for anything that a reader had to give up on."""
    del profile
    for sighting in document.sightings:
        if sighting.kind in JUDGED:
            severity, why, fix = JUDGED[sighting.kind]
            yield Finding(NAME, severity, sighting.where, why, fix)
