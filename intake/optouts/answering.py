"""Takes in the answer of the national check service: the file that holds only the numbers which may be used.

Promise: an answer that is not in every byte of the service's form, that holds a number which was not asked, or that is
the answer to an earlier request, changes nothing. What is believed of an answer is the earliest moment it can be of:
that of the request, unless the operator says when it was answered.

Kept is the newest answer only (the service's licence lets answers be kept for a while, not collected); of the others
stays when they came and how many numbers they had.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from governance.clock import now
from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import Store
from intake.optouts.asking import order_sql
from intake.optouts.changing import TARGET, Outcome, change_opt_outs
from intake.optouts.database import Connection, in_utc
from intake.optouts.reading import CLOCK_SLACK
from intake.progress import Progress

LINE_BYTES = len("0000000000,\n")
_LINES = re.compile(rb"(?:[0-9]{10},\n)*")
_SERVICE_REFUSED = b"The file contains"
FIRST_LINES, FEWEST_LINES = 1_000, 20  # looked at to tell the order of a request; fewer could be in it by chance


@dataclass(frozen=True)
class AnswerReport:
    """What an answer said: to which request, when it counts from and to, and of how many asked it allows how many."""

    request: int
    answered_at: datetime
    believed_until: datetime
    asked: int
    allowed: int
    version: int


@dataclass(frozen=True)
class _Request:
    number: int
    seed: str
    asked_at: datetime
    numbers: int


def import_check(
    settings: Settings,
    store: Store,
    file: Path,
    *,
    actor: str,
    answered_at: datetime | None = None,
    everybody_opted_out: bool = False,
    progress: Progress = lambda *_: None,
) -> AnswerReport:
    """Take in the service's answer to the newest request.

    Args:
        answered_at: when the service answered, if it is known; never before the request, never to come.
        everybody_opted_out: that an empty answer is meant. It would deny everybody, and mostly it is a lost file.

    Raises Refusal `no-such-file`, `no-open-request`, `request-expired`, `check-service-refused`, `bad-answer`,
    `empty-answer`, `answer-not-asked`, `answer-of-another-request`, `bad-moment` and those of `change_opt_outs`.
    """
    if not file.is_file():
        raise Refusal("no-such-file", f"There is no file {file.name}.", "Check the path.")
    believed = timedelta(days=settings.opt_out_answer_days)

    def work(connection: Connection, version: int) -> Outcome[AnswerReport]:
        request = _open_request(connection, believed)
        moment = _check_moment(answered_at, request)
        progress("reading the answer", 0, 1)
        content = _read(file, request, everybody_opted_out)
        allowed = _store(connection, request, content)
        connection.execute(
            f"INSERT INTO {TARGET}.answer VALUES (?, ?, ?, ?, ?, ?, ?)",
            [version, request.number, _bare(moment), _bare(now()), _digest(content), request.numbers, allowed],
        )
        for table in ("asked", "allowed"):
            connection.execute(f"DELETE FROM {TARGET}.{table} WHERE request <> {request.number}")
        report = AnswerReport(request.number, moment, moment + believed, request.numbers, allowed, version)
        progress("reading the answer", 1, 1)
        detail = {"request": request.number, "asked": request.numbers, "allowed": allowed}
        return Outcome(report, _digest(content), detail | {"answered_at": moment.isoformat()})

    return change_opt_outs(settings, store, work, event="optouts.check_imported", actor=actor)


def _open_request(connection: Connection, believed: timedelta) -> _Request:
    rows = connection.execute(
        f"SELECT number, seed, asked_at, numbers FROM {TARGET}.request ORDER BY number DESC LIMIT 1"
    ).fetchall()
    answered = connection.execute(f"SELECT coalesce(max(request), 0) FROM {TARGET}.answer").fetchall()[0][0]
    if not rows or rows[0][0] <= answered:
        raise Refusal(
            "no-open-request",
            "No request to the check service waits for an answer.",
            "Make one: sde optout check-export. An answer counts once, for the newest request.",
        )
    number, seed, asked_at, numbers = rows[0]
    request = _Request(number, seed, in_utc(asked_at), numbers)
    if now() >= request.asked_at + believed:
        raise Refusal(
            "request-expired",
            "The newest request is older than an answer may be, so its answer would not be believed.",
            "Make a new one: sde optout check-export",
        )
    return request


def _check_moment(answered_at: datetime | None, request: _Request) -> datetime:
    if answered_at is None:
        return request.asked_at
    moment = in_utc(answered_at)
    if not request.asked_at <= moment <= now() + CLOCK_SLACK:
        raise Refusal(
            "bad-moment",
            "An answer is given after its request and before now.",
            "Say when the service answered in UTC, or leave it out.",
        )
    return moment


def _read(file: Path, request: _Request, everybody_opted_out: bool) -> bytes:
    """The bytes of the answer, if they are one. Never reads more than an answer to this request can hold."""
    with file.open("rb") as stream:
        content = stream.read(request.numbers * LINE_BYTES + 1)
    if content.startswith(_SERVICE_REFUSED):
        raise Refusal(
            "check-service-refused",
            "This is not an answer: the check service says that the file it was sent holds an invalid number.",
            "Send the file as check-export wrote it; no other program may open and save it.",
        )
    if len(content) > request.numbers * LINE_BYTES:
        raise _bad_answer("it is longer than an answer to the newest request can be")
    if not content and not everybody_opted_out:
        raise Refusal(
            "empty-answer",
            "The answer is empty: everybody would have opted out. Nothing was changed.",
            "Fetch the answer again; if it is meant, say --everybody-opted-out.",
        )
    if not _LINES.fullmatch(content):
        raise _bad_answer("each line must be ten digits, a comma and LF, with no mark before and nothing after")
    return content


def _store(connection: Connection, request: _Request, content: bytes) -> int:
    """Fill `allowed`. Returns how many they are."""
    digits = np.frombuffer(content, dtype=np.uint8).reshape(-1, LINE_BYTES)[:, :10].astype(np.int64) - ord("0")
    numbers = digits @ (10 ** np.arange(9, -1, -1, dtype=np.int64))
    lines = pa.table({"place": pa.array(np.arange(len(numbers))), "nhs_number": pa.array(numbers)})
    connection.register("answered", lines)
    distinct, asked = connection.execute(
        "SELECT count(DISTINCT nhs_number), count(*) FILTER (nhs_number IN"
        f" (SELECT nhs_number FROM {TARGET}.asked WHERE request = {request.number})) FROM answered"
    ).fetchall()[0]
    if distinct != len(numbers):
        raise _bad_answer("a number stands in it more than once")
    if asked != len(numbers):
        raise Refusal(
            "answer-not-asked",
            f"{len(numbers) - asked:,} numbers of the answer were not in the newest request. Nothing was changed.",
            "It is the answer to another request, or it was changed on the way. Fetch the right one, or ask again.",
        )
    _check_order(connection, request, len(numbers))
    connection.execute(f"INSERT INTO {TARGET}.allowed SELECT {request.number}, nhs_number FROM answered")
    connection.unregister("answered")
    return int(distinct)


def _check_order(connection: Connection, request: _Request, lines: int) -> None:
    """That the answer is not in the order of an earlier request (a service that sorts its answers is in nobody's)."""
    if lines < FEWEST_LINES or _is_in_order(connection, request.seed):
        return
    earlier = connection.execute(
        f"SELECT seed FROM {TARGET}.request WHERE number < {request.number} ORDER BY number DESC"
    ).fetchall()
    if any(_is_in_order(connection, seed) for (seed,) in earlier):
        raise Refusal(
            "answer-of-another-request",
            "This is the answer to an earlier request. Nothing was changed.",
            "Fetch the answer to the newest request, or make a new one.",
        )


def _is_in_order(connection: Connection, seed: str) -> bool:
    rows = connection.execute(
        "SELECT bool_and(coalesce(mine > before, TRUE)) FROM ("
        f"SELECT {order_sql(seed, 'nhs_number')} AS mine, lag(mine) OVER (ORDER BY place) AS before"
        f" FROM answered WHERE place < {FIRST_LINES})"
    ).fetchall()
    return bool(rows[0][0])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _bare(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _bad_answer(why: str) -> Refusal:
    return Refusal(
        "bad-answer",
        f"The file is not an answer of the check service: {why}. Nothing was changed.",
        "Take the file as the service sent it; no other program may open and save it.",
    )
