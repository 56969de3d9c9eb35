"""A round: each duty on its own, a night's work once, never two rounds at the same time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, flock

import pytest

from governance.audit import read_head, verify_chain
from governance.refusal import Refusal
from governance.registry.keeper import DutyWarning
from intake.keeper.duties import DUTIES
from intake.keeper.ground import Duty, DutyFailed, Ground, Looked, Pace
from intake.keeper.round import LOCK, do_round
from tests.support.keeper_world import KeeperWorld
from tests.support.moving_clock import MovingClock

TOLD = DutyWarning("look-here", "Look at this.")


class Counted:
    """A duty that counts how often it is done, and fails or warns as it is told."""

    def __init__(self, name: str, pace: Pace, retry_minutes: int = 0) -> None:
        self.duty = Duty(name, "Counts.", pace, self.work, retry_minutes)
        self.times = 0
        self.raises: BaseException | None = None
        self.warns: tuple[DutyWarning, ...] = ()

    def work(self, ground: Ground) -> Looked:
        self.times += 1
        if self.raises is not None:
            raise self.raises
        return Looked(self.warns)


def to_hour(clock: MovingClock, hour: float, days: int = 0) -> None:
    """Move the clock to this hour (UTC) of a day `days` after today."""
    real = datetime.now(UTC)
    clock.ahead = real.replace(hour=0, minute=0, second=0) + timedelta(days=days, hours=hour) - real


def test_one_duty_fails_and_the_others_are_done(world: KeeperWorld) -> None:
    first, bad, refused, last = (Counted(name, Pace.ROUND) for name in ("first", "bad", "refused", "last"))
    bad.raises, refused.raises = ValueError("a value of 9434765919"), Refusal("disk-full", "No space.", "Free some.")
    do_round(world.ground, [one.duty for one in (first, bad, refused, last)])
    assert [one.times for one in (first, bad, refused, last)] == [1, 1, 1, 1]
    assert {name: world.duty(name).state for name in ("first", "bad", "refused", "last")} == {
        "first": "done",
        "bad": "failed",
        "refused": "failed",
        "last": "done",
    }
    assert world.codes("bad") == ["duty-failed"]
    assert "9434765919" not in str(world.duty("bad"))
    assert world.duty("refused").warnings == (DutyWarning("disk-full", "No space.", "Free some."),)


def test_an_unchanged_round_writes_nothing(world: KeeperWorld) -> None:
    quiet, warning = Counted("quiet", Pace.ROUND), Counted("warning", Pace.ROUND)
    warning.warns = (TOLD,)
    duties = [quiet.duty, warning.duty]
    do_round(world.ground, duties)
    with world.store.reading() as session:
        before = read_head(session)
    do_round(world.ground, duties)
    with world.store.reading() as session:
        assert read_head(session) == before
        assert verify_chain(session, world.store.audit_head, world.store.signing_key).holds
    assert (quiet.times, warning.times) == (2, 2)
    assert world.duty("warning").state == "warned"
    warning.warns = ()
    do_round(world.ground, duties)
    assert world.duty("warning").state == "done"


def test_a_nights_work_is_done_once_a_night(world: KeeperWorld, clock: MovingClock) -> None:
    nightly = Counted("nightly", Pace.NIGHT)
    done = []
    for days, hour in ((1, 1.9), (1, 2.1), (1, 12), (1, 23.9), (2, 0.5), (2, 1.9), (2, 2.1), (5, 9), (5, 23)):
        to_hour(clock, hour, days)
        do_round(world.ground, [nightly.duty])
        done.append(nightly.times)
    assert done == [1, 2, 2, 2, 2, 2, 3, 4, 4]


def test_a_night_that_failed_is_tried_again_but_not_in_each_round(world: KeeperWorld, clock: MovingClock) -> None:
    heavy = Counted("heavy", Pace.NIGHT, retry_minutes=60)
    heavy.raises = DutyFailed(TOLD, TOLD)
    done = []
    for hour in (3, 3.2, 3.9, 4.1, 4.5):
        to_hour(clock, hour, 1)
        do_round(world.ground, [heavy.duty])
        done.append(heavy.times)
    assert done == [1, 1, 1, 2, 2]
    assert world.codes("heavy") == ["look-here", "look-here"]
    heavy.raises = None
    for hour in (5.2, 6):
        to_hour(clock, hour, 1)
        do_round(world.ground, [heavy.duty])
    assert (heavy.times, world.duty("heavy").state) == (3, "done")


def test_an_interrupted_night_is_not_on_record_as_done(world: KeeperWorld) -> None:
    nightly = Counted("nightly", Pace.NIGHT)
    nightly.raises = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        do_round(world.ground, [nightly.duty])
    nightly.raises = None
    do_round(world.ground, [nightly.duty])
    assert nightly.times == 2


def test_two_rounds_are_never_at_work(world: KeeperWorld) -> None:
    counted = Counted("counted", Pace.ROUND)
    with (world.settings.folder.run / LOCK).open("w") as held:
        flock(held, LOCK_EX)
        with pytest.raises(Refusal, match="round-in-progress"):
            do_round(world.ground, [counted.duty])
    do_round(world.ground, [counted.duty])
    assert counted.times == 1


def test_the_duties_have_names_of_their_own_and_say_what_they_do() -> None:
    assert len({duty.name for duty in DUTIES}) == len(DUTIES)
    assert all(duty.about.endswith(".") and duty.name.replace("-", "").isalpha() for duty in DUTIES)


def test_a_gateway_without_a_region_is_warned_of_nothing(world: KeeperWorld) -> None:
    do_round(world.ground)
    assert {world.duty(duty.name).state for duty in DUTIES} == {"done"}
