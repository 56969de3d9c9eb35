"""Screening. Promise: nothing reaches a checker before every automatic check has spoken of exactly the bytes on record,
and a FAIL without a written exception goes back to its author at once.

The checks run outside any transaction (they take seconds), between two of them; a restart takes a screening up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import findings_of_turn, has_fail, live_files, live_outputs
from egress.budget import asked_by
from egress.checks import CheckReport
from egress.directions import IN, Direction, direction_of
from egress.files import StoredFile
from egress.findings import Finding, Severity
from egress.limits import profile_of
from egress.moving import load_request, move
from egress.policies import limits_for, project_of
from egress.provenance import Told, judge
from egress.states import Action, State
from governance.disclosure import DisclosureProfile
from governance.store.airlock import EgressFile, EgressFinding, EgressRequest

SERVICE = "service:screening"
UNCHECKED = Finding("screening", Severity.FAIL, "", "The file could not be checked.", "Add it again, or ask for help.")
OVER_BUDGET = Finding(
    "budget",
    Severity.FAIL,
    "",
    "The tables of the request have more cells than one person may be given in a day.",
    "Leave out what readers do not need, or split the request over days.",
)
WAITING = (State.SUBMITTED, State.SCREENING, State.BLOCKED)
logger = structlog.get_logger()


@dataclass(frozen=True)
class _Task:
    """One file to check: its row, its bytes on record, its name, and whether it would leave."""

    file_id: int
    stored: StoredFile
    name: str
    leaves: bool


@dataclass(frozen=True)
class _Screening:
    """One screening under way."""

    turn: int
    project: str
    direction: Direction
    profile: DisclosureProfile
    tasks: tuple[_Task, ...]


def screen(airlock: Airlock, request_id: str) -> State:
    """Check every file of a submitted request and move it on: to review, or back to its author.

    Checks that break count as FAIL. A request that is not waiting for its screening is left alone.
    """
    screening = _start(airlock, request_id)
    if screening is not None:
        reports = _check_files(airlock, screening)
        told = _trace(airlock, request_id, screening)
        _finish(airlock, request_id, screening, reports, told)
    return _return_blocked(airlock, request_id)


def screen_waiting(airlock: Airlock) -> int:
    """Screen whatever a stopped service left waiting; returns how many. Called when the service starts."""
    waiting = EgressRequest.state.in_([state.value for state in WAITING])
    with airlock.store.reading() as session:
        left = session.scalars(select(EgressRequest.id).where(waiting)).all()
    for request_id in left:
        screen(airlock, request_id)
    return len(left)


def _start(airlock: Airlock, request_id: str) -> _Screening | None:
    with airlock.store.transaction() as session:
        request = load_request(session, request_id)
        if State(request.state) is State.SUBMITTED:
            move(session, request, Action.SCREEN, State.SCREENING, actor=SERVICE)
        if State(request.state) is not State.SCREENING:
            return None
        tasks = [
            _Task(file.id, StoredFile(file.sha256, file.size), file.name, file in live_outputs(request))
            for file in live_files(request)
        ]
        tasks.sort(key=lambda task: not task.leaves)
        profile = profile_of(project_of(session, request))
        return _Screening(request.turn, request.project_slug, direction_of(request), profile, tuple(tasks))


def _finish(
    airlock: Airlock,
    request_id: str,
    screening: _Screening,
    reports: Iterable[CheckReport | None],
    told: Mapping[int, Told],
) -> None:
    with airlock.store.transaction() as session:
        request = load_request(session, request_id)
        if (State(request.state), request.turn) != (State.SCREENING, screening.turn):
            return  # another screening was faster
        _record(request, screening.tasks, reports)
        _record_provenance(session, request, told)
        _hold_to_budget(session, request)
        session.flush()
        _move_on(session, request)


def _return_blocked(airlock: Airlock, request_id: str) -> State:
    """The way back to the author is a step and an event of its own."""
    with airlock.store.transaction() as session:
        request = load_request(session, request_id)
        if State(request.state) is State.BLOCKED:
            move(session, request, Action.RETURN_BLOCKED, State.RETURNED, actor=SERVICE)
        return State(request.state)


def _check_files(airlock: Airlock, screening: _Screening) -> list[CheckReport | None]:
    """One report a file; None where the checks broke or spoke of other bytes than those on record."""
    tasks = screening.tasks
    try:
        reports = [*_reports(airlock, screening, leaves=True), *_reports(airlock, screening, leaves=False)]
    except Exception as error:  # a broken check must block, whatever broke it
        logger.error("egress.checks_broke", cause=type(error).__name__)
        return [None] * len(tasks)
    if len(reports) != len(tasks):
        return [None] * len(tasks)
    return [
        report if (report.sha256, report.size) == (task.stored.sha256, task.stored.size) else None
        for report, task in zip(reports, tasks, strict=True)
    ]


def _reports(airlock: Airlock, screening: _Screening, *, leaves: bool) -> list[CheckReport]:
    """What would leave is checked together; what stays may well show what the outputs hide."""
    tasks = [task for task in screening.tasks if task.leaves is leaves]
    given = [(airlock.files.path(task.stored.sha256), task.name) for task in tasks]
    return list(airlock.check(given, screening.profile, screening.direction)) if given else []


def _record(request: EgressRequest, tasks: Iterable[_Task], reports: Iterable[CheckReport | None]) -> None:
    rows = {file.id: file for file in request.files}
    for task, report in zip(tasks, reports, strict=True):
        row = rows[task.file_id]
        row.media_type, row.cells = (report.media_type, report.cells) if report else ("", 0)
        found = report.findings if report else (UNCHECKED,)
        row.findings.extend(_to_row(finding, request.turn) for finding in found)


def _trace(airlock: Airlock, request_id: str, screening: _Screening) -> dict[int, Told]:
    """Where the outputs' numbers come from, by file. What comes in, comes from no answer."""
    if screening.direction is IN:
        return {}
    outputs = [task for task in screening.tasks if task.leaves]
    files = [(airlock.files.path(task.stored.sha256), task.name) for task in outputs]
    request = request_id, screening.project
    told = judge(airlock.store, airlock.settings, airlock.read_tables, request, files)
    return {task.file_id: of_file for task, of_file in zip(outputs, told, strict=True)}


def _record_provenance(session: Session, request: EgressRequest, told: Mapping[int, Told]) -> None:
    for file in request.files:
        if file.id in told:
            file.findings.extend(_to_row(finding, request.turn) for finding in told[file.id].findings)
            for match in told[file.id].matches:
                match.file_id, match.turn = file.id, request.turn
                session.add(match)


def _hold_to_budget(session: Session, request: EgressRequest) -> None:
    """Say so where a day's budget of cells could never hold the request: how many there are is known only now."""
    asked, daily = asked_by(request), limits_for(session, request).daily
    if not daily.covers(asked):
        row = max(live_outputs(request), key=lambda file: file.cells)
        row.findings.append(_to_row(OVER_BUDGET, request.turn))


def _to_row(finding: Finding, turn: int) -> EgressFinding:
    return EgressFinding(
        turn=turn,
        check=finding.check,
        severity=finding.severity.value,
        where=finding.where,
        why=finding.why,
        fix=finding.fix,
    )


def _move_on(session: Session, request: EgressRequest) -> None:
    fails = sum(_count_fails(request, file) for file in live_files(request))
    if not has_fail(request) or request.exception_reason:
        move(session, request, Action.PASS, State.IN_REVIEW, actor=SERVICE, fails=fails)
    else:
        move(session, request, Action.BLOCK, State.BLOCKED, actor=SERVICE, fails=fails)


def _count_fails(request: EgressRequest, file: EgressFile) -> int:
    return sum(finding.severity == Severity.FAIL for finding in findings_of_turn(request, file))
