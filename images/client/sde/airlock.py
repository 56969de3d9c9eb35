"""Hands files to the airlock for review, and lists what was handed over."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pandas as pd

from sde.transport import call

SERVICE = "airlock"


def submit(
    files: str | Path | Iterable[str | Path],
    *,
    context: str,
    controls: str,
    title: str = "",
    supporting: str | Path | Iterable[str | Path] = (),
) -> dict[str, object]:
    """Ask to take files out of the workspace.

    Args:
        files: the output files; each will be checked, then reviewed by two output checkers.
        context: what they show, of which people and variables, and how they were made.
        controls: what disclosure control you applied (suppression, rounding).
        title: a short name for the request.
        supporting: files that help the checkers and are never released.

    Returns the request: id, state, address of its page, findings. Raises Refused.
    """
    answer = _send(
        "/v1/requests",
        {"files": _paths(files), "supporting": _paths(supporting)},
        {"context": context, "controls": controls, "title": title},
    ).json()
    print(f"Egress request {answer['id']}: {answer['state']}. Follow it in the portal under Egress requests.")
    for finding in answer.get("findings", []):
        if finding["severity"] != "PASS":
            print(f"  {finding['severity']} {finding['file']} {finding['where']}: {finding['why']} {finding['fix']}")
    return dict(answer)


def submit_session(folder: str | Path) -> dict[str, object]:
    """Draft an egress request from a folder that ACRO's `finalise` wrote, as it is.

    Its outputs become files of the request, its comments and statuses your words, its results.json is for the checkers
    and never leaves. Nothing is submitted yet: look at the draft in the portal, then submit it there.

    Returns the request: id, state, address of its page. Raises Refused.
    """
    place = Path(folder)
    files = sorted(path for path in place.iterdir() if path.is_file())
    checksums = sorted(path for path in (place / "checksums").glob("*.txt") if path.is_file())
    answer = _send("/v1/sessions", {"files": files, "checksums": checksums}, {}).json()
    print(f"Egress request {answer['id']}: {answer['state']}. Complete and submit it: {answer['url']}")
    return dict(answer)


def requests() -> pd.DataFrame:
    """Your egress requests in this project."""
    return pd.DataFrame(call(SERVICE, "GET", "/v1/requests").json())


def _paths(files: str | Path | Iterable[str | Path]) -> list[Path]:
    return [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]


def _send(path: str, groups: dict[str, list[Path]], fields: dict[str, str]) -> httpx.Response:
    with ExitStack() as opened:
        parts = [
            (group, (file.name, opened.enter_context(file.open("rb"))))
            for group, files in groups.items()
            for file in files
        ]
        return call(SERVICE, "POST", path, files=parts, data=fields)
