"""Where the numbers of one file come from, for a reviewer. Promise: whoever may look at the file sees it, its author
never does, and a look at true counts is on record like a look at the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from egress.airlock import Airlock
from egress.moving import find_request, note
from egress.policies import check_can_preview
from egress.provenance import AnswerShown, CellMatch, TableMatch, matches_of
from egress.states import Action
from governance.refusal import Refusal


@dataclass(frozen=True)
class Answer:
    """A question behind a table, with a number of its own on the page, and how many of the table's numbers it gave."""

    number: int
    shown: AnswerShown
    cells: int


@dataclass(frozen=True)
class Trace:
    """One table of the file: its numbers, those that come from nowhere first; the questions behind them."""

    match: TableMatch
    cells: tuple[CellMatch, ...]
    answers: tuple[Answer, ...]

    def number_of(self, receipt: str) -> int:
        """The number of the question on the page, 0 for none."""
        return next((answer.number for answer in self.answers if answer.shown.receipt == receipt), 0)


def trace_file(airlock: Airlock, *, actor: str, request_id: str, file_id: int) -> tuple[Trace, ...]:
    """Table by table; nothing for somebody who may not look at the file now. Raises Refusal `no-such-request`."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        try:
            file = check_can_preview(session, actor, request, file_id)
        except Refusal:
            return ()
        found = tuple(match for match in matches_of(session, request) if match.file == file.name)
        if found:
            note(session, request, Action.PREVIEW, actor=actor, sha256=file.sha256, counts=True)
        return tuple(map(_trace, found))


def _trace(match: TableMatch) -> Trace:
    cells = sorted((cell for cell in match.cells if cell.how != "label"), key=lambda cell: cell.how.is_proven)
    answers = tuple(
        Answer(number, shown, sum(cell.receipt == shown.receipt for cell in cells))
        for number, shown in enumerate(match.answers, start=1)
    )
    return Trace(match, tuple(cells), answers)
