"""Turns: each submission with its moment, its deadline and the author's words as they were, so that the next turn can
be held against it. A deadline counts working days; bank holidays are not known here and count as such.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.directions import direction_of
from egress.groups import Words, live_groups
from egress.limits import limits_of
from governance.clock import now
from governance.store.airlock import EgressFile, EgressRequest, EgressTurn
from governance.store.projects import Project

SATURDAY = 5


@dataclass(frozen=True)
class TurnWords:
    """What the author said in one turn. `groups`: name -> words; the files in no group are under the empty name."""

    title: str
    exception: str
    intended_output: int | None
    intended_reason: str
    groups: Mapping[str, Words]

    @classmethod
    def of(cls, request: EgressRequest) -> TurnWords:
        """As the request has them now."""
        groups = {"": Words.of(request)} | {group.name: Words.of(group) for group in live_groups(request)}
        return cls(request.title, request.exception_reason, request.intended_output_id, request.intended_reason, groups)

    @classmethod
    def read(cls, document: str) -> TurnWords:
        """As they were written down."""
        told = json.loads(document)
        groups = {name: Words(**words) for name, words in told.pop("groups").items()}
        return cls(**told, groups=groups)

    def write(self) -> str:
        """To be read by `read`."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def open_turn(session: Session, request: EgressRequest) -> None:
    """Begin the next turn: number, moment, deadline, and the words kept as they are."""
    days = limits_of(session.get_one(Project, request.project_slug), direction_of(request)).working_days
    moment = now()
    request.turn += 1
    request.problem, request.attempts, request.retry_at, request.asked_by = "", 0, None, ""
    request.submitted_at, request.due_at = moment, add_working_days(moment, days)
    words = TurnWords.of(request).write()
    session.add(
        EgressTurn(request_id=request.id, turn=request.turn, submitted_at=moment, due_at=request.due_at, words=words)
    )


def words_of_turn(session: Session, request: EgressRequest, turn: int) -> TurnWords | None:
    """What the author said in that turn; None if it is not on record."""
    row = session.scalar(select(EgressTurn).where(EgressTurn.request_id == request.id, EgressTurn.turn == turn))
    return TurnWords.read(row.words) if row is not None else None


def files_of_turn(request: EgressRequest, turn: int) -> tuple[EgressFile, ...]:
    """The files that were submitted in that turn; of the turn after the present one, those in the request now."""
    return tuple(
        file
        for file in request.files
        if file.added_turn <= turn and (file.withdrawn_turn is None or file.withdrawn_turn >= turn)
    )


def turns_of(request: EgressRequest, file: EgressFile) -> tuple[int, ...]:
    """The turns in which that file was submitted."""
    last = request.turn if file.withdrawn_turn is None else file.withdrawn_turn
    return tuple(range(file.added_turn, last + 1))


def add_working_days(moment: datetime, days: int) -> datetime:
    """The same time of day, that many working days later; from a weekend it counts from the Monday."""
    while moment.weekday() >= SATURDAY:
        moment += timedelta(days=1)
    for _ in range(days):
        moment += timedelta(days=1)
        while moment.weekday() >= SATURDAY:
            moment += timedelta(days=1)
    return moment
