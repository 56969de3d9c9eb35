"""Shows a submitted file to a checker as a static html page: no script runs, nothing is fetched, all text is escaped.

Promise: the file is read and the page is built in a locked child; whatever happens there, a page comes back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from egress.inspection.child_process import ChildProcess
from egress.inspection.locked_child import MOST_BYTES, MOST_FINDINGS
from egress.inspection.messages import Question
from egress.inspection.opening import CannotOpenError, open_for_checks
from governance.disclosure import PROFILES, DisclosureProfile

SECONDS = 30.0  # of the processor
LONGEST_PAGE = 96 * 2**20  # pictures grow by a third in base64, and again where a jpeg becomes a png
NOT_SHOWN = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Preview</title></head>'
    "<body><p>This file cannot be shown safely. Its findings say why, or it took too long to draw.</p></body></html>"
)


def render_for_checker(
    path: Path,
    media_type: str,
    profile: DisclosureProfile = PROFILES["nhs-sde"],
    *,
    limit: int = MOST_BYTES,
    found: Sequence[tuple[str, str]] = (),
) -> str:
    """A complete static html page for one file. Never raises on any content; a constant page if all else fails.

    Args:
        path: where the bytes are.
        media_type: as in its CheckReport, by content.
        profile: small and unrounded counts are marked by its numbers.
        limit: most bytes of a file.
        found: severity and place of each finding on it, in the order in which the page numbers them; the first place
            of number 3 can be linked to as `#f3`.
    """
    try:
        opened = open_for_checks(path, limit)
    except CannotOpenError:
        return NOT_SHOWN
    about: dict[str, object] = {"media_type": media_type, "threshold": profile.threshold, "round_to": profile.round_to}
    about["flags"] = [(number, *finding) for number, finding in enumerate(found[:MOST_FINDINGS], start=1)]
    with ChildProcess("render", SECONDS) as child:
        answer = child.ask(Question(about, opened.content).packed(), LONGEST_PAGE)
    try:
        html = json.loads(answer or b"")["html"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return NOT_SHOWN
    return html if isinstance(html, str) else NOT_SHOWN
