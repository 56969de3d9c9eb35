"""Which file a reviewer is shown, and which one after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from egress.ballots import FileKind
from egress.views import FileView


@dataclass(frozen=True)
class Choice:
    """`selected` is None in a request without files; `upcoming` is the next file that still wants the viewer's vote."""

    selected: FileView | None
    upcoming: FileView | None


def choose_file(files: Sequence[FileView], wanted: int) -> Choice:
    """The file that was asked for, else the first one that wants the viewer's vote, else the first."""
    waiting = [file for file in files if file.kind == FileKind.OUTPUT and not any(v.is_own for v in file.votes)]
    asked_for = [file for file in files if file.id == wanted]
    selected = next(iter((*asked_for, *waiting, *files)), None)
    if selected is None:
        return Choice(None, None)
    at = files.index(selected)
    later = [file for file in waiting if files.index(file) > at]
    earlier = [file for file in waiting if files.index(file) < at]
    return Choice(selected, next(iter((*later, *earlier)), None))
