"""What checkers see beside a table. Promise: true counts are read for them when they look, and kept nowhere.

For checkers only: whoever calls this has checked that the viewer is not the request's author.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.ballots import live_outputs
from egress.provenance.records import Recorded, unpack_record
from egress.provenance.tables import How
from governance.store.airlock import EgressRequest
from governance.store.answers import EgressMatch
from governance.store.channels import QueryReceipt
from governance.store.released import ReleasedCell, ReleasedSeries

PEOPLE = "people"  # the guard's word for counts of people
UNKNOWN = -1
NAMED_AT_ONCE = 500


@dataclass(frozen=True)
class CellMatch:
    """One number of a table: where it stands (row from 0, -1 the header; which number of the cell), how it goes back to
    an answer, what the answer said, and how many people are truly in that answer cell (-1: not on record)."""

    row: int
    column: int
    figure: int
    value: float
    how: How
    receipt: str
    answer_row: int
    answer_column: int
    said: float | None
    words: str
    people: int


@dataclass(frozen=True)
class AnswerShown:
    """A question behind a table."""

    receipt: str
    asked_at: datetime
    subject: str
    sql: str


@dataclass(frozen=True)
class TableMatch:
    """One table of an output file. `earlier`: requests whose release it comes too near to."""

    file: str
    place: str
    cells: tuple[CellMatch, ...]
    answers: tuple[AnswerShown, ...]
    earlier: tuple[str, ...]

    @property
    def proven(self) -> int:
        """Numbers whose value and labels go back to an answer."""
        return sum(cell.how.is_proven for cell in self.cells)

    @property
    def weak(self) -> int:
        """Numbers that stand in an answer under other labels."""
        return sum(cell.how is How.VALUE_ONLY for cell in self.cells)

    @property
    def unmatched(self) -> int:
        """Numbers that come from no answer."""
        return sum(cell.how is How.NONE for cell in self.cells)

    @property
    def share(self) -> float:
        """Of proven numbers, 0 to 1; a table without numbers is all proven."""
        return self.proven / len(self.cells) if self.cells else 1.0


def matches_of(session: Session, request: EgressRequest) -> tuple[TableMatch, ...]:
    """Every table of the present turn's outputs, file by file, in order."""
    names = {file.id: file.name for file in live_outputs(request)}
    query = select(EgressMatch).where(EgressMatch.file_id.in_(names), EgressMatch.turn == request.turn)
    rows = session.scalars(query.order_by(EgressMatch.file_id, EgressMatch.number)).all()
    return tuple(_show(session, names[row.file_id], row) for row in rows)


def _show(session: Session, name: str, row: EgressMatch) -> TableMatch:
    record = unpack_record(row.content)
    people = _people(session, row.cut, {cell.link.sketch for cell in record.cells} - {b""})
    cells = tuple(_show_cell(cell, people) for cell in record.cells)
    receipts = dict.fromkeys(cell.receipt for cell in cells if cell.receipt)
    return TableMatch(name, row.place, cells, tuple(_answers(session, receipts)), record.earlier)


def _show_cell(cell: Recorded, people: Mapping[bytes, int]) -> CellMatch:
    link = cell.link
    return CellMatch(
        *cell.spot,
        cell.figure.value,
        link.how,
        link.receipt,
        link.row,
        link.column,
        link.said,
        link.words,
        people.get(link.sketch, UNKNOWN),
    )


def _people(session: Session, cut: str, sketches: set[bytes]) -> Mapping[bytes, int]:
    """How many people are in each set, from the guard's history of counts of people on the cut."""
    series = select(ReleasedSeries.id).where(ReleasedSeries.cut == cut, ReleasedSeries.name == PEOPLE)
    query = select(ReleasedCell.sketch, ReleasedCell.contributors)
    query = query.where(ReleasedCell.series_id == series.scalar_subquery())
    asked, found = sorted(sketches), dict[bytes, int]()
    for begin in range(0, len(asked), NAMED_AT_ONCE):
        some = query.where(ReleasedCell.sketch.in_(asked[begin : begin + NAMED_AT_ONCE]))
        found |= {row.sketch: row.contributors for row in session.execute(some)}
    return found


def _answers(session: Session, receipts: Iterable[str]) -> Iterable[AnswerShown]:
    for receipt in receipts:
        row = session.get_one(QueryReceipt, receipt)
        yield AnswerShown(row.id, row.asked_at, row.subject, row.sql)
