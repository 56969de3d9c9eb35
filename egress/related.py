"""Earlier releases that a reviewer should hold a file against. Promise: of the same project only, each with the reason
why it is named; a release of another project stays unknown here (what it comes too near to is a check's business).

Related is a release of a file of the same name, of a table about the same sets of people, or with mostly the same
labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.moving import find_request
from egress.policies import check_can_preview
from egress.provenance.records import Record, unpack_record
from egress.states import State
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressRelease, EgressReleasedFile, EgressRequest
from governance.store.answers import EgressMatch, ReleasedTable

Earlier = tuple[EgressReleasedFile, EgressRelease, EgressRequest]
MOST_COMPARED, MOST_SHOWN = 200, 20
MOSTLY = 0.5  # of a table's labels


class Why(StrEnum):
    """Why a release is named."""

    NAME = "same file name"
    PEOPLE = "same sets of people"
    LABELS = "mostly the same labels"


@dataclass(frozen=True)
class Related:
    """One earlier release: of which request, when, of which file of it, and why it is named."""

    request: str
    title: str
    file: str
    released_at: datetime
    recalled: bool
    whys: tuple[Why, ...]


@dataclass(frozen=True)
class _Traits:
    """What a table is about: the words its numbers stand under, and the sketches of their sets of people."""

    labels: frozenset[tuple[str, str]]
    sets: frozenset[bytes]

    @classmethod
    def of(cls, records: Iterable[Record]) -> _Traits:
        cells = [cell for record in records for cell in record.cells]
        labels = frozenset((cell.row_words, cell.column_words) for cell in cells)
        return cls(labels, frozenset(cell.link.sketch for cell in cells) - {b""})

    def whys(self, other: _Traits) -> Iterable[Why]:
        if self.sets & other.sets:
            yield Why.PEOPLE
        if len(self.labels & other.labels) >= MOSTLY * max(1, len(self.labels)):
            yield Why.LABELS


def related_releases(airlock: Airlock, *, actor: str, request_id: str, file_id: int) -> tuple[Related, ...]:
    """Newest first; nothing for somebody who may not look at the file now. Raises Refusal `no-such-request`."""
    with airlock.store.reading() as session:
        request = find_request(session, actor, request_id)
        try:
            file = check_can_preview(session, actor, request, file_id)
        except Refusal:
            return ()
        ours = _Traits.of(_records(session, request, file))
        tables = _released_tables(session, request)
        found = (
            _compare(file, ours, tables.get((other.id, left.name), []), (left, release, other))
            for left, release, other in _released_files(session, request)
        )
        return tuple(islice((one for one in found if one.whys), MOST_SHOWN))


def _compare(file: EgressFile, ours: _Traits, tables: list[Record], earlier: Earlier) -> Related:
    left, release, other = earlier
    same_name = left.name.casefold() == file.name.casefold()
    whys = (*([Why.NAME] if same_name else []), *ours.whys(_Traits.of(tables)))
    recalled = State(other.state) is State.RECALLED
    return Related(other.id, other.title, left.name, release.released_at, recalled, whys)


def _records(session: Session, request: EgressRequest, file: EgressFile) -> list[Record]:
    query = select(EgressMatch.content).where(EgressMatch.file_id == file.id, EgressMatch.turn == request.turn)
    return [unpack_record(content) for content in session.scalars(query)]


def _released_tables(session: Session, request: EgressRequest) -> dict[tuple[str, str], list[Record]]:
    """Tables that left, by request and file name; of very many the newest."""
    query = select(ReleasedTable).where(ReleasedTable.project_slug == request.project_slug)
    tables: dict[tuple[str, str], list[Record]] = {}
    for row in session.scalars(query.order_by(ReleasedTable.id.desc()).limit(MOST_COMPARED)):
        tables.setdefault((row.request_id, row.file_name), []).append(unpack_record(row.content))
    return tables


def _released_files(session: Session, request: EgressRequest) -> Iterable[Earlier]:
    query = select(EgressReleasedFile, EgressRelease, EgressRequest)
    query = query.join(EgressRelease, EgressRelease.id == EgressReleasedFile.release_id)
    query = query.join(EgressRequest, EgressRequest.id == EgressRelease.request_id)
    query = query.where(EgressRequest.project_slug == request.project_slug, EgressRequest.id != request.id)
    newest = query.order_by(EgressRelease.released_at.desc(), EgressReleasedFile.id).limit(MOST_COMPARED)
    return ((left, release, other) for left, release, other in session.execute(newest))
