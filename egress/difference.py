"""The visible difference of a request from its last turn: files added, removed and replaced, cells that changed, texts
that changed. Promise: whoever may look at the files sees it, and a reviewer's look at them is on record; the tables
are read in the locked child.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.comparing import CellChange, Comparison, compare
from egress.groups import Words
from egress.inspection.asking import SECONDS
from egress.inspection.child_process import ChildProcess
from egress.inspection.plain_tables import read_tables
from egress.moving import find_request, note
from egress.policies import check_can_view
from egress.states import EDITABLE, Action, State, Who
from egress.turns import TurnWords, files_of_turn, words_of_turn
from governance.store.airlock import EgressFile, EgressRequest
from governance.store.projects import IntendedOutput

__all__ = ["CellChange", "FileChange", "TextChange", "TurnDifference", "changes_since_last_turn"]


class Change(StrEnum):
    """What became of a file since the last turn."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"


@dataclass(frozen=True)
class FileChange:
    """One file that is not as it was. `cells`: of a replaced file, what differs in its tables; None if they could not
    be read, or this reader may not look into files."""

    name: str
    change: Change
    before: str
    after: str
    cells: Comparison | None = None


@dataclass(frozen=True)
class TextChange:
    """One text of the author's that is not as it was. `group`: empty for the request's own."""

    group: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class TurnDifference:
    """What is not as it was in the turn `since`. `unchanged`: names of the files that are."""

    since: int
    files: tuple[FileChange, ...]
    texts: tuple[TextChange, ...]
    unchanged: tuple[str, ...]


def changes_since_last_turn(airlock: Airlock, viewer: str, request_id: str) -> TurnDifference | None:
    """How the request differs from its last turn: as submitted, or as edited now where it is with its author. None in a
    first turn. Raises Refusal `no-such-request` and those of check_can_view."""
    with airlock.store.transaction() as session:
        request = find_request(session, viewer, request_id)
        part = check_can_view(session, viewer, request)
        since = request.turn - (0 if State(request.state) in EDITABLE else 1)
        if since < 1:
            return None
        before, after = files_of_turn(request, since), files_of_turn(request, since + 1)
        texts = tuple(_compare_texts(session, request, since))
        looks = part is not Who.ADMINISTRATOR
        pairs = tuple(_pair(before, after))
        for old, new in pairs:
            if looks and part is not Who.AUTHOR and old is not None and new is not None and old.sha256 != new.sha256:
                note(session, request, Action.PREVIEW, actor=viewer, sha256=new.sha256, beside=old.sha256)
    with ChildProcess("tables", SECONDS) as child:
        files = tuple(_compare_files(airlock, child if looks else None, pairs))
    same = tuple(new.name for old, new in pairs if old is not None and new is not None and old.sha256 == new.sha256)
    return TurnDifference(since, files, texts, same)


def _pair(
    before: tuple[EgressFile, ...], after: tuple[EgressFile, ...]
) -> Iterator[tuple[EgressFile | None, EgressFile | None]]:
    """Each file of either turn with the one of the other turn that has its name."""
    old = {file.name.casefold(): file for file in before}
    for file in after:
        yield old.pop(file.name.casefold(), None), file
    for gone in old.values():
        yield gone, None


def _compare_files(
    airlock: Airlock, child: ChildProcess | None, pairs: tuple[tuple[EgressFile | None, EgressFile | None], ...]
) -> Iterator[FileChange]:
    for old, new in pairs:
        if old is None and new is not None:
            yield FileChange(new.name, Change.ADDED, "", new.sha256)
        elif new is None and old is not None:
            yield FileChange(old.name, Change.REMOVED, old.sha256, "")
        elif old is not None and new is not None and old.sha256 != new.sha256:
            cells = _compare_cells(airlock, child, old, new) if child is not None else None
            yield FileChange(new.name, Change.REPLACED, old.sha256, new.sha256, cells)


def _compare_cells(airlock: Airlock, child: ChildProcess, old: EgressFile, new: EgressFile) -> Comparison | None:
    limit = airlock.settings.egress_file_bytes
    before = read_tables(child, airlock.files.path(old.sha256), old.name, limit)
    after = read_tables(child, airlock.files.path(new.sha256), new.name, limit)
    return None if before is None or after is None else compare(before, after)


def _compare_texts(session: Session, request: EgressRequest, since: int) -> Iterator[TextChange]:
    before = words_of_turn(session, request, since)
    after = words_of_turn(session, request, since + 1) or TurnWords.of(request)
    if before is None:
        return
    here, there = _fields(session, before), _fields(session, after)
    for group, field in dict.fromkeys((*here, *there)):
        old, new = here.get((group, field), ""), there.get((group, field), "")
        if old != new:
            yield TextChange(group, field, old, new)


def _fields(session: Session, words: TurnWords) -> Mapping[tuple[str, str], str]:
    """(group, name of the text) -> text."""
    intended = session.get(IntendedOutput, words.intended_output) if words.intended_output is not None else None
    own = {
        "title": words.title,
        "exception": words.exception,
        "intended output": intended.title if intended is not None else words.intended_reason,
    }
    return {("", name): text for name, text in own.items()} | {
        (group, name): text for group, said in words.groups.items() for name, text in _named(said).items()
    }


def _named(words: Words) -> Mapping[str, str]:
    return {
        "context": words.context,
        "variables": words.variables,
        "population": words.population,
        "people": "" if words.people is None else str(words.people),
        "controls": words.controls,
        "relation to earlier releases": words.earlier,
    }
