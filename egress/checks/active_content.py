"""Active content: scripts, handlers, actions and fetches. A released file must do nothing when it is opened."""

from __future__ import annotations

from collections.abc import Iterator

from egress.findings import Finding, Severity
from egress.inspection.document import Document, Seen
from egress.inspection.media_types import MARKDOWN
from governance.disclosure import DisclosureProfile

NAME = "active-content"
STATIC = "Send a static figure (png or svg) or a table (csv); export notebooks without widgets and scripts."
WHY: dict[Seen, str] = {
    Seen.SCRIPT: "It holds a script.",
    Seen.EVENT_HANDLER: "It holds an event handler.",
    Seen.ACTIVE_ELEMENT: "It holds an element that loads, sends or runs something.",
    Seen.SCRIPT_ADDRESS: "It holds an address that runs a script.",
    Seen.EXTERNAL_REFERENCE: "It fetches something from outside when opened.",
    Seen.EXTERNAL_IMAGE: "It fetches a picture from outside when opened.",
    Seen.ENTITY: "It defines XML entities.",
    Seen.PDF_ACTION: "It holds an action that runs when opened or clicked.",
    Seen.WIDGET_STATE: "It holds the state of an interactive widget, with the data behind it.",
    Seen.UNKNOWN_OUTPUT: "It holds an output of a type that is not on the list (interactive charts carry their data).",
}


def check_active_content(document: Document, profile: DisclosureProfile) -> Iterator[Finding]:
    """FAIL for whatever acts; a picture that a markdown file only links to is for a person to look at."""
    del profile
    for sighting in document.sightings:
        if sighting.kind in WHY:
            linked = sighting.kind is Seen.EXTERNAL_IMAGE and document.media_type == MARKDOWN
            severity = Severity.REVIEW if linked else Severity.FAIL
            yield Finding(NAME, severity, sighting.where, WHY[sighting.kind], STATIC)
