"""Ordered extracts: built, failed with the reason, tried again; what is offered; what lapses."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from governance.applications.offered import current_offer
from governance.applications.orders import OrderView, begin_order, list_orders, place_order
from governance.clock import now
from governance.registry import Background, change_project, record_extract
from governance.roles import ExtractOrigin
from governance.store.applications import Application
from intake.keeper.round import do_round
from intake.offering import region_offer
from tests.support.keeper_world import BY, KeeperWorld
from tests.support.moving_clock import MovingClock

BUILD = ("extract", "build", "diabetes-care", "--json")


def _order(world: KeeperWorld, project: str = "diabetes-care") -> None:
    with world.store.transaction() as session:
        moment = now()
        row = Application(id="a" * 16, kind="project", state="approved", applicant="researcher-a", version=1)
        row.created_at = row.changed_at = row.moved_at = moment
        session.add(row)
        session.flush()
        place_order(session, actor=BY, project=project, application=row.id)


def _state(world: KeeperWorld) -> OrderView:
    with world.store.reading() as session:
        (order,) = list_orders(session)
    return order


def _builds(world: KeeperWorld) -> list[tuple[str, ...]]:
    return [asked for asked in world.asked_now() if asked[1] == "build"]


def test_an_order_is_built_once(world: KeeperWorld) -> None:
    _order(world)
    do_round(world.ground)
    do_round(world.ground)
    assert _builds(world) == [BUILD]
    assert (_state(world).state, _state(world).tries) == ("built", 1)


def test_a_failed_order_says_why_and_is_tried_again_an_hour_later(world: KeeperWorld, clock: MovingClock) -> None:
    _order(world)
    world.refuses, world.says = {"build"}, json.dumps({"code": "no-region", "message": "No region.", "remedy": "Do."})
    do_round(world.ground)
    do_round(world.ground)
    assert _builds(world) == [BUILD]
    assert (_state(world).state, _state(world).code, _state(world).reason) == ("failed", "no-region", "No region.")
    assert world.codes("build-orders") == ["no-region"]
    world.refuses = set()
    clock.ahead = timedelta(minutes=61)
    do_round(world.ground)
    assert _builds(world) == [BUILD]
    assert (_state(world).state, _state(world).tries, _state(world).reason) == ("built", 2, "")


def test_one_that_broke_off_is_built_again_and_nonsense_is_a_failure(world: KeeperWorld) -> None:
    _order(world)
    begin_order(world.store, actor=BY, number=_state(world).number)
    world.refuses, world.says = {"build"}, "Traceback: a value"
    do_round(world.ground)
    assert (_state(world).tries, _state(world).code) == (2, "extract-not-built")
    assert "value" not in _state(world).reason


def test_a_project_that_is_not_in_force_waits(world: KeeperWorld) -> None:
    _order(world)
    change_project(world.store, actor=BY, slug="diabetes-care", status="suspended")
    do_round(world.ground)
    assert _builds(world) == [] and _state(world).state == "ordered"


def test_adopted_data_are_never_replaced_by_the_regions(world: KeeperWorld) -> None:
    _order(world)
    adopted = Background(origin=ExtractOrigin.ADOPTED)
    record_extract(
        world.store,
        actor=BY,
        slug="diabetes-care",
        folder="diabetes-care/x",
        sha256="0" * 64,
        people=1,
        rows=1,
        background=adopted,
    )
    do_round(world.ground)
    assert _builds(world) == [] and _state(world).code == "extract-adopted"


def test_what_is_offered_is_the_catalogue_with_every_feed_behind_its_tables(world: KeeperWorld) -> None:
    do_round(world.ground)
    with world.store.reading() as session:
        assert current_offer(session) == region_offer()
    offer = region_offer()
    asked = {name: {source.name for source in offer.sources_of([name])} for name in offer.catalogue.tables}
    assert asked["concept"] == set()
    assert len(asked["person"]) == len(offer.sources) > 4
    assert "ambulance" in asked["visit_occurrence"] and "gp" in asked["condition_occurrence"]
    assert all(asked[name] for name, table in offer.catalogue.tables.items() if table.kind == "private")


@pytest.mark.parametrize("table", ["*"])
def test_every_table_asks_every_feed(table: str) -> None:
    assert len(region_offer().sources_of([table])) == len(region_offer().sources)
