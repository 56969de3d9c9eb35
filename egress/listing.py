"""Lists of requests. Promise: a list shows exactly the requests that `check_can_view` would let that person open, and a
queue of ten thousand is read page by page: the database picks the rows, and a page costs a handful of questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, lazyload

from egress.airlock import Airlock
from egress.directions import Direction, direction_of
from egress.limits import DEFAULT, limits_of
from egress.standing import HOLDERS, Holder, standing_of
from egress.states import RESTING, State, Who, public_state
from egress.views import Summary
from governance.access import can, check_holds_role, check_person_in_force, find_projects_in_force
from governance.calibration import hidden_from, planted
from governance.clock import now
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.airlock import EgressFile, EgressRequest, EgressVote
from governance.store.people import Person
from governance.store.projects import Membership, Project

PAGE, LONGEST_PAGE = 50, 200
RESTING_STATES = tuple(sorted(state.value for state in RESTING))
_WAITING, _ENDED, _OWN = "waiting", "ended", "own"


@dataclass(frozen=True)
class Listing:
    """One page of a list. `next` names the page after it, empty on the last one."""

    rows: tuple[Summary, ...]
    next: str = ""


@dataclass(frozen=True)
class QueueLoad:
    """How much waits for reviewers, of what one person may see."""

    waiting: int
    overdue: int


@dataclass(frozen=True)
class _Place:
    """Where a page begins: after this row of that list."""

    part: str
    moment: datetime
    request_id: str

    @classmethod
    def read(cls, text: str, parts: Iterable[str]) -> _Place:
        """Raises Refusal `bad-page` for anything that no list wrote."""
        try:
            part, moment, request_id = text.split("~")
            place = cls(part, datetime.fromisoformat(moment), request_id)
        except ValueError:
            raise bad_page() from None
        if part not in parts or place.moment.tzinfo is None:
            raise bad_page()
        return place

    def write(self) -> str:
        return f"{self.part}~{self.moment.isoformat()}~{self.request_id}"


def bad_page() -> Refusal:
    """What is said of an address of a page that there is not."""
    return Refusal("bad-page", "There is no such page of the list.", "Start from its first page.")


def list_own(
    airlock: Airlock, viewer: str, project: str | None = None, *, after: str = "", size: int = PAGE
) -> Listing:
    """The viewer's own requests, last changed first, of one project or all. Raises Refusal `bad-page` and those of
    check_person_in_force."""
    with airlock.store.reading() as session:
        check_person_in_force(session, viewer)
        query = _lean().where(EgressRequest.author == viewer, ~planted())
        if project is not None:
            query = query.where(EgressRequest.project_slug == project)
        place = _Place.read(after, {_OWN}) if after else None
        rows = _newest_first(session, query, EgressRequest.changed_at, place, _limit(size))
        return _page(session, [(_OWN, row) for row in rows], Who.AUTHOR, _limit(size))


def list_for_others(
    airlock: Airlock,
    viewer: str,
    *,
    project: str | None = None,
    holder: Holder | None = None,
    direction: Direction | None = None,
    after: str = "",
    size: int = PAGE,
) -> Listing:
    """Submitted requests of others in which the viewer has a part: first those under way, by deadline; then those that
    rest, last moved first; all, or those of one project, of one who has the move, or of one direction. Raises Refusal
    `bad-page` and those of check_person_in_force."""
    most = _limit(size)
    with airlock.store.reading() as session:
        query = _lean().where(_is_seen_by(session, viewer))
        if project is not None:
            query = query.where(EgressRequest.project_slug == project)
        if direction is not None:
            query = query.where(EgressRequest.direction == direction.value)
        if holder is not None:
            query = query.where(
                EgressRequest.state.in_(
                    [state.value for state in State if HOLDERS[public_state(state, Who.CHECKER)] is holder]
                )
            )
        place = _Place.read(after, {_WAITING, _ENDED}) if after else None
        rows: list[tuple[str, EgressRequest]] = []
        if place is None or place.part == _WAITING:
            rows += [(_WAITING, row) for row in _by_deadline(session, query, place, most)]
            place = None
        if len(rows) <= most:
            resting = query.where(EgressRequest.state.in_(RESTING_STATES))
            left = most - len(rows)
            rows += [(_ENDED, row) for row in _newest_first(session, resting, EgressRequest.moved_at, place, left)]
        return _page(session, rows, Who.CHECKER, most)


def queue_load(airlock: Airlock, viewer: str) -> QueueLoad:
    """How many requests of others are under way, and how many of those should have been answered already."""
    with airlock.store.reading() as session:
        seen = (_is_seen_by(session, viewer), EgressRequest.state.not_in(RESTING_STATES))
        late = func.count(EgressRequest.id).filter(EgressRequest.due_at < now())
        waiting, overdue = session.execute(select(func.count(EgressRequest.id), late).where(*seen)).one()
        return QueueLoad(int(waiting), int(overdue))


def queue_projects(airlock: Airlock, viewer: str) -> tuple[str, ...]:
    """The projects with a submitted request in which the viewer has a part, by name."""
    with airlock.store.reading() as session:
        slugs = select(EgressRequest.project_slug).where(_is_seen_by(session, viewer)).distinct()
        return tuple(sorted(session.scalars(slugs)))


def summarise(session: Session, requests: Sequence[EgressRequest], part: Who) -> tuple[Summary, ...]:
    """One line a request, for a reader in that part. Three questions to the register, however many lines."""
    ids, moment = [request.id for request in requests], now()
    people = select(Person.subject, Person.name).where(Person.subject.in_({row.author for row in requests}))
    names = dict(session.execute(people).all())
    slugs = {request.project_slug for request in requests}
    projects = session.scalars(select(Project).where(Project.slug.in_(slugs)).options(lazyload("*")))
    limits = {(project.slug, way): limits_of(project, way) for project in projects for way in Direction}
    files = count_files(session, ids)
    return tuple(
        Summary(
            id=request.id,
            project=request.project_slug,
            author=request.author,
            author_name=names.get(request.author, request.author),
            title=request.title,
            direction=direction_of(request),
            state=public_state(State(request.state), part),
            turn=request.turn,
            created_at=request.created_at,
            changed_at=request.changed_at,
            submitted_at=request.submitted_at,
            files=files.get(request.id, 0),
            standing=standing_of(
                request, part, limits.get((request.project_slug, direction_of(request)), DEFAULT), moment
            ),
        )
        for request in requests
    )


def count_files(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """How many files each of these requests has now; those without any are left out."""
    live = (EgressFile.request_id.in_(ids), EgressFile.withdrawn_turn.is_(None))
    counted = select(EgressFile.request_id, func.count(EgressFile.id)).where(*live).group_by(EgressFile.request_id)
    return dict(session.execute(counted).all())


def _lean() -> Select[EgressRequest]:
    """Requests without their files, findings, votes and comments, which a line of a list does not show."""
    return select(EgressRequest).options(lazyload("*"))


def _is_seen_by(session: Session, viewer: str) -> ColumnElement[bool]:
    """`check_can_view` of somebody else's request as a condition, part by part (see egress.permissions)."""
    person = check_person_in_force(session, viewer)
    held = {role.role for role in person.roles if can(check_holds_role, session, viewer, Role(role.role))}
    others = and_(EgressRequest.author != viewer, EgressRequest.turn > 0, ~hidden_from(session, viewer))
    if Role.ADMINISTRATOR in held:
        return others
    ever_member = select(Membership.project_slug).where(Membership.subject == viewer)
    ways: list[ColumnElement[bool]] = []
    if Role.OUTPUT_CHECKER in held:
        ways.append(EgressRequest.project_slug.in_(find_projects_in_force(session)))
    if Role.DATA_STEWARD in held:
        vote = select(EgressVote.id).join(EgressFile, EgressFile.id == EgressVote.file_id)
        mine = (EgressFile.request_id == EgressRequest.id, EgressVote.turn == EgressRequest.turn)
        ways.append(~exists(vote.where(*mine, EgressVote.checker == viewer)))
    return and_(others, EgressRequest.project_slug.not_in(ever_member), or_(false(), *ways))


def _by_deadline(
    session: Session, query: Select[EgressRequest], place: _Place | None, most: int
) -> Sequence[EgressRequest]:
    key = (EgressRequest.due_at, EgressRequest.id)
    query = query.where(EgressRequest.state.not_in(RESTING_STATES))
    if place is not None:
        query = query.where(tuple_(*key) > (place.moment, place.request_id))
    return session.scalars(query.order_by(*key).limit(most + 1)).all()


def _newest_first(
    session: Session,
    query: Select[EgressRequest],
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    place: _Place | None,
    most: int,
) -> Sequence[EgressRequest]:
    if place is not None:
        query = query.where(tuple_(moment, EgressRequest.id) < (place.moment, place.request_id))
    return session.scalars(query.order_by(moment.desc(), EgressRequest.id.desc()).limit(most + 1)).all()


def _page(session: Session, found: Sequence[tuple[str, EgressRequest]], part: Who, most: int) -> Listing:
    """The rows of a page out of one more than fit on it."""
    shown = found[:most]
    follows = ""
    if len(found) > most and shown:
        last_part, last = shown[-1]
        moments = {_OWN: last.changed_at, _WAITING: last.due_at, _ENDED: last.moved_at}
        follows = _Place(last_part, moments[last_part] or last.changed_at, last.id).write()
    return Listing(summarise(session, [row for _, row in shown], part), follows)


def _limit(size: int) -> int:
    return max(1, min(size, LONGEST_PAGE))
