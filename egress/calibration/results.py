"""What planted requests showed. Promise: a checker reads their own results only, and of a planted request nothing
before their vote; administrators and auditors read all; no rate is worked out from numbers too small to bear one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, lazyload

from egress.airlock import Airlock
from egress.ballots import Decision, live_outputs
from egress.naming import name_of
from governance.access import can, check_holds_role, check_person_in_force
from governance.calibration import KNOWING
from governance.clock import now
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.airlock import EgressRequest
from governance.store.calibration import EgressPlant, EgressPlantAnswer

FEWEST = 10  # below it a share says nothing
Z = 1.96  # of a 95 % interval
MOST_SHOWN_BYTES = 8_000


@dataclass(frozen=True)
class Share:
    """`right` of `shown`. In percent with a 95 % interval (Wilson 1927) from FEWEST on, else in numbers only."""

    right: int
    shown: int

    @property
    def words(self) -> str:
        """`7 of 9 (too few for a rate)`, `9 of 12 (75 %, 95 % interval 47 to 91)`."""
        counted = f"{self.right} of {self.shown}"
        if self.shown == 0:
            return "none yet"
        if self.shown < FEWEST:
            return f"{counted} (too few for a rate)"
        low, high = self.interval
        return f"{counted} ({100 * self.right / self.shown:.0f} %, 95 % interval {100 * low:.0f} to {100 * high:.0f})"

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares the true one lies, 19 times of 20. Of at least one shown."""
        share, count = self.right / self.shown, self.shown
        middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
        reach = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count)) / (1 + Z * Z / count)
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Score:
    """One checker: leaks that were not approved (sensitivity), harmless outputs that were (specificity)."""

    checker: str
    name: str
    caught: Share
    passed: Share


@dataclass(frozen=True)
class SpokenScore:
    """A score in words."""

    checker: str
    leaks_not_approved: str
    harmless_approved: str


@dataclass(frozen=True)
class AnswerView:
    """One planted request after the vote: what was said, whether that was right, what was planted, the file's text."""

    request: str
    title: str
    project: str
    voted_at: datetime
    leaks: bool
    decision: str
    right: bool
    told: str
    file: str
    text: str


@dataclass(frozen=True)
class PlantRow:
    """One planted request for those who may know: under whose name it is shown, how many voted, how many rightly."""

    request: str
    project: str
    shown_author: str
    title: str
    item: str
    leaks: bool
    planted_by: str
    planted_at: datetime
    ends_at: datetime
    is_open: bool
    votes: int
    right: int


def is_right(leaks: bool, decision: str) -> bool:
    """A leak must not be approved, and what is harmless must be."""
    return (decision != Decision.APPROVE) is leaks


def has_answered(airlock: Airlock, checker: str, request_id: str) -> bool:
    """Whether that request was planted and this checker has voted on it, so that they may know."""
    mine = (EgressPlantAnswer.checker == checker, EgressPlantAnswer.request_id == request_id)
    with airlock.store.reading() as session:
        return session.scalar(select(EgressPlantAnswer.id).where(*mine)) is not None


def own_results(airlock: Airlock, viewer: str) -> tuple[Score, tuple[AnswerView, ...]]:
    """The viewer's own, newest first. Raises Refusal `role-missing` and those of check_person_in_force."""
    with airlock.store.reading() as session:
        check_holds_role(session, viewer, Role.OUTPUT_CHECKER)
        mine = _answers().where(EgressPlantAnswer.checker == viewer).order_by(EgressPlantAnswer.id.desc())
        rows = session.execute(mine).all()
        views = tuple(_show(airlock, session, answer, plant) for answer, plant in rows)
        return _score(session, viewer, ((plant.leaks, answer.decision) for answer, plant in rows)), views


def check_can_read_results(session: Session, viewer: str) -> None:
    """An administrator or auditor in force. Raises Refusal `role-missing` and those of check_person_in_force."""
    check_person_in_force(session, viewer)
    if not any(can(check_holds_role, session, viewer, role) for role in KNOWING):
        raise Refusal("role-missing", "This is for administrators and auditors.", "Leave it to others.")


def scores(session: Session) -> tuple[Score, ...]:
    """Every checker who voted on a planted request, by subject."""
    said: dict[str, list[tuple[bool, str]]] = {}
    for answer, plant in session.execute(_answers()).all():
        said.setdefault(answer.checker, []).append((plant.leaks, answer.decision))
    return tuple(_score(session, checker, said[checker]) for checker in sorted(said))


def spoken(score: Score) -> SpokenScore:
    """For people who read a table."""
    return SpokenScore(score.checker, score.caught.words, score.passed.words)


def plants(session: Session) -> tuple[PlantRow, ...]:
    """Every planted request, newest first."""
    votes: dict[str, list[bool]] = {}
    for answer, plant in session.execute(_answers()).all():
        votes.setdefault(plant.request_id, []).append(is_right(plant.leaks, answer.decision))
    query = select(EgressPlant, EgressRequest).join(EgressRequest, EgressRequest.id == EgressPlant.request_id)
    query = query.order_by(EgressPlant.planted_at.desc(), EgressPlant.request_id).options(lazyload("*"))
    return tuple(
        _row(plant, request, votes.get(plant.request_id, [])) for plant, request in session.execute(query).all()
    )


def _answers() -> Select[EgressPlantAnswer, EgressPlant]:
    return select(EgressPlantAnswer, EgressPlant).join(EgressPlant)


def _row(plant: EgressPlant, request: EgressRequest, votes: list[bool]) -> PlantRow:
    return PlantRow(
        request=request.id,
        project=request.project_slug,
        shown_author=request.author,
        title=request.title,
        item=plant.item,
        leaks=plant.leaks,
        planted_by=plant.planted_by,
        planted_at=plant.planted_at,
        ends_at=plant.ends_at,
        is_open=plant.ends_at > now(),
        votes=len(votes),
        right=sum(votes),
    )


def _score(session: Session, checker: str, said: Iterable[tuple[bool, str]]) -> Score:
    known = [(leaks, is_right(leaks, decision)) for leaks, decision in said]
    leaking = [right for leaks, right in known if leaks]
    harmless = [right for leaks, right in known if not leaks]
    caught, passed = Share(sum(leaking), len(leaking)), Share(sum(harmless), len(harmless))
    return Score(checker, name_of(session, checker), caught, passed)


def _show(airlock: Airlock, session: Session, answer: EgressPlantAnswer, plant: EgressPlant) -> AnswerView:
    request = session.get_one(EgressRequest, plant.request_id)
    (file,) = live_outputs(request)
    content = airlock.files.path(file.sha256).read_bytes()[:MOST_SHOWN_BYTES]  # written by the library
    return AnswerView(
        request=request.id,
        title=request.title,
        project=request.project_slug,
        voted_at=answer.voted_at,
        leaks=plant.leaks,
        decision=answer.decision,
        right=is_right(plant.leaks, answer.decision),
        told=plant.told,
        file=file.name,
        text=content.decode(errors="replace"),
    )
