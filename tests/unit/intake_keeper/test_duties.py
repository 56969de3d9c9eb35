"""Each duty with a clock that moves: what it has built again, and what it warns of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from governance.clock import now
from governance.registry import Background, change_project, record_extract
from governance.registry.deliveries import DeliveryState, decide_delivery
from governance.roles import ExtractOrigin, ProjectStatus
from governance.settings import load_settings
from intake.keeper.round import do_round
from intake.landing.ledger import DeliveryLedger, TableLedger
from intake.places import IntakePlaces
from tests.support.intake_rows import add_delivery
from tests.support.keeper_world import BY, KeeperWorld
from tests.support.moving_clock import MovingClock

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

PROJECTS = ("dementia-nation", "diabetes-care", "winter-pressure")
REFRESHED = [("extract", "refresh", project, "--json") for project in PROJECTS]
DAY = timedelta(days=1)


@pytest.fixture
def running(world: KeeperWorld) -> KeeperWorld:
    """A region, opt-outs with an answer, three projects cut from it; the night's work is done."""
    world.opt_out((9990000018, "active", None, None))
    world.answered(now())
    world.region("r1")
    for project in PROJECTS:
        world.cut(project)
    do_round(world.ground)
    world.asked_now()
    return world


def refreshes(world: KeeperWorld) -> list[tuple[str, ...]]:
    return [asked for asked in world.asked_now() if asked[1] == "refresh"]


def test_by_day_nothing_is_built_again_without_reason(running: KeeperWorld) -> None:
    for _ in range(3):
        do_round(running.ground)
    assert running.asked_now() == []


def test_each_night_every_live_project_is_refreshed_once_and_old_extracts_go(
    running: KeeperWorld, clock: MovingClock
) -> None:
    """Whether one is built again is the refresh's own to say."""
    change_project(running.store, actor=BY, slug="diabetes-care", status=ProjectStatus.SUSPENDED)
    for days in range(1, 3):
        clock.ahead = days * DAY
        do_round(running.ground)
        assert running.asked_now() == [REFRESHED[0], REFRESHED[2], ("extract", "retire")]
        do_round(running.ground)
        assert running.asked_now() == []


def test_what_cannot_be_destroyed_is_told(running: KeeperWorld, clock: MovingClock) -> None:
    running.refuses.add("retire")
    clock.ahead = DAY
    do_round(running.ground)
    assert running.codes("retire-extracts") == ["extracts-not-retired"]


def test_new_opt_outs_reach_every_live_project_in_the_next_round(running: KeeperWorld) -> None:
    running.opt_out((9990000026, "active", None, None))
    change_project(running.store, actor=BY, slug="diabetes-care", status=ProjectStatus.SUSPENDED)
    do_round(running.ground)
    assert refreshes(running) == [REFRESHED[0], REFRESHED[2]]
    do_round(running.ground)
    assert refreshes(running) == []


def test_a_new_region_waits_for_the_night(running: KeeperWorld, clock: MovingClock) -> None:
    running.region("r2")
    do_round(running.ground)
    assert refreshes(running) == []
    clock.ahead = DAY
    do_round(running.ground)
    assert refreshes(running) == REFRESHED
    do_round(running.ground)
    assert refreshes(running) == []


def test_one_project_that_cannot_be_built_keeps_nobody_from_theirs(running: KeeperWorld, clock: MovingClock) -> None:
    running.opt_out()
    running.refuses.add("diabetes-care")
    running.says = '[{"why": "opt-out-answer-stale: The answer is no longer believed."}]'
    do_round(running.ground)
    assert refreshes(running) == REFRESHED
    (told,) = running.duty("refresh-opt-outs").warnings
    assert (told.code, told.message) == (
        "extract-not-refreshed",
        "diabetes-care: opt-out-answer-stale: The answer is no longer believed.",
    )
    do_round(running.ground)
    assert refreshes(running) == []  # left alone for an hour
    clock.ahead = timedelta(minutes=61)
    running.refuses.clear()
    do_round(running.ground)
    assert refreshes(running) == [REFRESHED[1]]
    assert running.duty("refresh-opt-outs").state == "done"


def test_of_a_command_that_crashed_only_that_is_told(running: KeeperWorld) -> None:
    running.opt_out()
    running.refuses.add("diabetes-care")
    running.says = "Traceback: 9434765919"
    do_round(running.ground)
    (told,) = running.duty("refresh-opt-outs").warnings
    assert told.message == "The extract of diabetes-care could not be built."


def test_an_extract_that_does_not_say_its_opt_outs_is_built_again(running: KeeperWorld) -> None:
    record_extract(
        running.store, actor=BY, slug="diabetes-care", folder="x", sha256="0" * 64, people=1, rows=1,
        background=Background(ExtractOrigin.REGION, region_version="r1", opt_out_version="?"),
    )  # fmt: skip
    do_round(running.ground)
    assert refreshes(running) == [REFRESHED[1]]


def test_an_adopted_extract_is_not_the_keepers(running: KeeperWorld) -> None:
    record_extract(running.store, actor=BY, slug="diabetes-care", folder="x", sha256="0" * 64, people=1, rows=1)
    running.opt_out()
    do_round(running.ground)
    assert refreshes(running) == [REFRESHED[0], REFRESHED[2]]


@pytest.mark.parametrize(
    ("days", "codes"),
    [
        (0, []),
        (4.9, []),
        (5.1, ["opt-out-answer-ends"]),
        (6.9, ["opt-out-answer-ends"]),
        (7.1, ["opt-out-answer-stale"]),
    ],
)
def test_the_age_of_the_answer_is_told_in_time(
    days: float, codes: list[str], running: KeeperWorld, clock: MovingClock
) -> None:
    clock.ahead = timedelta(days=days)
    do_round(running.ground)
    assert running.codes("watch-answer") == codes


def test_each_state_of_the_opt_outs_gets_its_page_once(running: KeeperWorld) -> None:
    running.opt_out()
    for _ in range(2):
        do_round(running.ground)
    assert running.asked_now().count(("optout", "report")) == 1
    running.opt_out()
    running.refuses.add("report")
    do_round(running.ground)
    assert running.codes("report-opt-outs") == ["opt-outs-not-reported"]


def test_a_missing_answer_is_told_once_there_is_a_region(world: KeeperWorld) -> None:
    do_round(world.ground)
    assert world.codes("watch-answer") == []
    world.region("r1")
    do_round(world.ground)
    assert world.codes("watch-answer") == ["opt-out-answer-absent"]


def test_opt_outs_that_are_gone_are_told(running: KeeperWorld) -> None:
    running.file.unlink()
    do_round(running.ground)
    assert running.codes("watch-answer") == ["opt-outs-missing"]
    assert running.duty("watch-deliveries").state == "done"


def test_deliveries_that_wait_or_were_not_finished_are_told(running: KeeperWorld, clock: MovingClock) -> None:
    add_delivery(running.store, "one", DeliveryState.HELD)
    add_delivery(running.store, "two", DeliveryState.RECEIVED)
    do_round(running.ground)
    assert running.codes("watch-deliveries") == ["delivery-held"]
    clock.ahead = timedelta(hours=2)
    do_round(running.ground)
    assert running.codes("watch-deliveries") == ["delivery-held", "delivery-unfinished"]


def test_files_of_a_rejected_delivery_go_and_its_page_says_why(world: KeeperWorld) -> None:
    """As landing leaves it, decided in the portal, which removes nothing itself."""
    ledger = DeliveryLedger((TableLedger("patient", 9, 5, 4, 0),)).to_json()
    places = IntakePlaces.of(world.settings)
    for name in ("bad", "good"):
        add_delivery(world.store, name, DeliveryState.HELD, summary=ledger)
        (places.delivery(name).received).mkdir(parents=True)
        (places.reports / "deliveries").mkdir(exist_ok=True)
        (places.reports / "deliveries" / f"{name}.html").write_text("waits")
    decide_delivery(world.store, actor=BY, delivery="bad", state=DeliveryState.REJECTED, reason="of another year")
    do_round(world.ground)
    assert not places.delivery("bad").root.exists()
    assert places.delivery("good").received.is_dir()
    pages = {name: (places.reports / "deliveries" / f"{name}.html").read_text() for name in ("bad", "good")}
    assert "of another year" in pages["bad"]
    assert pages["good"] == "waits"


def test_a_region_that_lacks_what_was_accepted_is_told(world: KeeperWorld) -> None:
    add_delivery(world.store, "one", DeliveryState.ACCEPTED)
    do_round(world.ground)
    assert world.codes("watch-region") == ["region-missing"]
    world.region("r1", ("one",))
    do_round(world.ground)
    assert world.codes("watch-region") == []
    add_delivery(world.store, "two", DeliveryState.ACCEPTED)
    decide_delivery(world.store, actor=BY, delivery="one", state=DeliveryState.WITHDRAWN, reason="a test")
    do_round(world.ground)
    assert world.codes("watch-region") == ["region-behind", "region-holds-withdrawn"]
    (world.settings.folder.region / "r1").rmdir()
    do_round(world.ground)
    assert world.codes("watch-region")[-1] == "region-missing"


def test_a_real_region_without_a_vocabulary_of_its_own_is_told(world: KeeperWorld) -> None:
    add_delivery(world.store, "one", DeliveryState.ACCEPTED)
    do_round(world.ground)
    assert world.codes("watch-vocabulary") == []  # the demonstration's codes are all built in
    world.settings = load_settings(oidc_issuer="https://sign-in.example.org")
    do_round(world.ground)
    assert world.codes("watch-vocabulary") == ["vocabulary-missing"]
    (world.settings.folder.vocabulary / "20260101").mkdir()
    do_round(world.ground)
    assert world.codes("watch-vocabulary") == []
