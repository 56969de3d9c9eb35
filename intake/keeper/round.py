"""One round of the keeper: every duty that is due, one after the other.

Promise: each duty fails on its own; what it did is on record, so that a night's work is done once however often the
gateway starts; two rounds never run at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from fcntl import LOCK_EX, LOCK_NB, flock

import structlog

from governance.clock import now
from governance.logs import log_to_stderr
from governance.refusal import Refusal
from governance.registry.keeper import KEEPER, DutyState, DutyView, DutyWarning, find_duty, record_duty
from governance.settings import Settings, load_settings
from governance.store import open_store
from intake.keeper.duties import DUTIES
from intake.keeper.ground import Duty, DutyFailed, Ground, Pace

LOCK = "keeper-round.lock"
REFUSED, INTERRUPTED = 1, 130
FAILED = DutyWarning("duty-failed", "This duty could not be done.", "The keeper tries again; its log says when.")
log = structlog.get_logger("keeper")


def do_round(ground: Ground, duties: Sequence[Duty] = DUTIES) -> None:
    """Do every duty that is due. Raises Refusal `round-in-progress`."""
    with _alone(ground.settings):
        for duty in duties:
            with ground.store.reading() as session:
                known = find_duty(session, duty.name)
            if is_due(duty, known, ground):
                _do(duty, ground)
        (ground.settings.folder.run / LOCK).touch()  # the steward's page says when the keeper looked last


def is_due(duty: Duty, known: DutyView | None, ground: Ground) -> bool:
    """Whether a round does it now."""
    if known is None:
        return True
    if known.state == DutyState.FAILED and now() < known.changed_at + timedelta(minutes=duty.retry_minutes):
        return False
    return duty.pace is Pace.ROUND or known.state == DutyState.FAILED or known.done_for != _name_of_night(ground)


def _do(duty: Duty, ground: Ground) -> None:
    period = _name_of_night(ground) if duty.pace is Pace.NIGHT else ""
    try:
        looked = duty.work(ground)
        warnings, period = looked.warnings, period or looked.of
        state = DutyState.WARNED if warnings else DutyState.DONE
    except DutyFailed as failed:
        state, warnings, period = DutyState.FAILED, failed.warnings, ""
    except Refusal as refusal:
        state, warnings, period = DutyState.FAILED, (DutyWarning.of(refusal),), ""
    except Exception as error:
        log.error("keeper.duty-failed", duty=duty.name, error=type(error).__name__)
        state, warnings, period = DutyState.FAILED, (FAILED,), ""
    try:
        written = record_duty(
            ground.store, actor=KEEPER, duty=duty.name, state=state, done_for=period, warnings=warnings
        )
    except Exception as error:
        log.error("keeper.not-recorded", duty=duty.name, error=type(error).__name__)
        return
    for warning in warnings if written else ():
        log.warning("keeper.warned", duty=duty.name, code=warning.code, state=state.value)


def _name_of_night(ground: Ground) -> str:
    return ground.night().date().isoformat()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Held by the kernel until this process ends, however it ends."""
    held = os.open(settings.folder.run / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        flock(held, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise Refusal("round-in-progress", "The keeper is at work.", "Wait until its round has ended.") from None
    try:
        yield
    finally:
        os.close(held)


def main() -> None:
    """`python -m intake.keeper.round`: one round for the keeper."""
    log_to_stderr()
    try:
        settings = load_settings()
        do_round(Ground(settings, open_store(settings)))
    except Refusal as refusal:
        log.error("keeper.no-round", code=refusal.code, message=refusal.message)
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        log.info("keeper.interrupted")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
