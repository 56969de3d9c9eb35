"""Opens the opt-outs for reading and says what they are worth now.

Promises: a file that is missing, damaged or older than the register says is never read as "nobody opted out", and an
answer of the check service is believed from its day for the days of the setting, never longer and never before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.opt_outs import OptOutVersionView, current_opt_out_version
from governance.settings import Settings
from governance.store import open_store
from intake.optouts.database import NO_DIGEST, Connection, StoredVersion, attached, in_utc, unreadable, versions
from intake.optouts.policy import Policy, policy_on
from intake.optouts.version import AnswerState, OptOutLabel
from intake.places import IntakePlaces

#: How far a clock may lie behind the newest record before nothing is believed any more.
CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True)
class CheckAnswer:
    """The newest answer of the check service: to which request, when it was answered, how many were asked and allowed,
    and until when it is believed."""

    request: int
    answered_at: datetime
    believed_until: datetime
    asked: int
    allowed: int


@dataclass(frozen=True)
class OptOuts:
    """The opt-outs, open. `alias`: their database in the connection; None before anything was ever loaded."""

    alias: str | None
    label: OptOutLabel
    policy: Policy
    answer: CheckAnswer | None
    versions: tuple[StoredVersion, ...]


@contextmanager
def opened(connection: Connection, settings: Settings, *, day: date | None = None) -> Iterator[OptOuts]:
    """The opt-outs as they are, read-only, for as long as the block lasts. `day`: as of which day (default: today).

    Raises Refusal `opt-outs-missing`, `opt-outs-unreadable`, `opt-outs-not-as-recorded`, `clock-behind`, those of
    `policy_on` and of `open_store`.
    """
    file = IntakePlaces.of(settings).opt_outs
    recorded = _recorded(settings)
    if not file.exists():
        if recorded is not None:
            raise Refusal(
                "opt-outs-missing",
                f"{file.name} is gone, but the register has version {recorded.number} of the opt-outs.",
                "Restore it from the newest backup; until then nothing is cut from the region.",
            )
        yield _describe((), None, None, day)
        return
    with attached(connection, file, "sde_opt_outs") as alias:
        try:
            stored = versions(connection, alias)
            check_as_recorded(stored, recorded)
            check_clock(stored)
            yield _describe(stored, alias, _answer(connection, alias, settings), day)
        except duckdb.OutOfMemoryException:
            raise  # says nothing of the file
        except duckdb.Error:
            raise unreadable(file) from None


def check_as_recorded(stored: tuple[StoredVersion, ...], recorded: OptOutVersionView | None) -> None:
    """That the file is not older than the register and not of another line. It may be newer by what was installed when
    the machine stopped. Raises Refusal `opt-outs-not-as-recorded`."""
    if recorded is None:
        return
    digests = {version.number: version.sha256 for version in stored}
    if digests.get(recorded.number) != recorded.sha256:
        raise Refusal(
            "opt-outs-not-as-recorded",
            f"The register has version {recorded.number} of the opt-outs, and the file of the opt-outs does not.",
            "An older or another copy was put in its place. Restore the newest; until then nothing is cut.",
        )


def check_clock(stored: tuple[StoredVersion, ...]) -> None:
    """That the clock was not set back: opt-outs in force would seem still to come. Raises Refusal `clock-behind`."""
    if stored and now() < stored[-1].made_at - CLOCK_SLACK:
        raise Refusal(
            "clock-behind",
            "The clock of this machine is behind the newest record of the opt-outs.",
            "Set the clock; until then nothing is loaded and nothing is cut.",
        )


def answer_state(answer: CheckAnswer | None) -> AnswerState:
    """What an answer is worth at this moment."""
    if answer is None:
        return AnswerState.ABSENT
    return (
        AnswerState.FRESH
        if answer.answered_at <= now() + CLOCK_SLACK and now() < answer.believed_until
        else AnswerState.STALE
    )


def _recorded(settings: Settings) -> OptOutVersionView | None:
    store = open_store(settings)
    try:
        with store.reading() as session:
            return current_opt_out_version(session)
    finally:
        store.close()


def _answer(connection: Connection, alias: str, settings: Settings) -> CheckAnswer | None:
    rows = connection.execute(
        f"SELECT request, answered_at, asked, allowed FROM {alias}.answer ORDER BY version DESC LIMIT 1"
    ).fetchall()
    if not rows:
        return None
    request, answered_at, asked, allowed = rows[0]
    answered = in_utc(answered_at)
    return CheckAnswer(request, answered, answered + timedelta(days=settings.opt_out_answer_days), asked, allowed)


def _describe(
    stored: tuple[StoredVersion, ...], alias: str | None, answer: CheckAnswer | None, day: date | None
) -> OptOuts:
    as_of = now().date() if day is None else day
    policy = policy_on(as_of)
    number, digest = (stored[-1].number, stored[-1].sha256) if stored else (0, NO_DIGEST)
    label = OptOutLabel(number, as_of, policy.name, answer_state(answer), digest)
    return OptOuts(alias, label, policy, answer, stored)
