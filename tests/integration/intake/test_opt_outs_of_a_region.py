"""A whole synthetic region, landed and linked: who is denied is who opted out by the region's own truth file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from governance.settings import Settings
from governance.store import Store
from intake.feeds import region_feeds
from intake.landing.delivery import land_delivery
from intake.optouts import Use, write_denied
from intake.optouts.answering import import_check
from intake.optouts.asking import export_check
from intake.optouts.loading import load_opt_outs
from intake.places import IntakePlaces
from intake.region import build_region
from intake.synth.check_service import answer_request
from intake.synth.region import RegionOrder, make_region
from tests.support.opt_out_region import ACTOR
from tests.support.opt_out_truth import CONTROLLERS, USES, is_open

WISHES = {"type_1": "type 1", "national": "national", "local": "local", "summary_care_record": "summary care record"}
FEED_OF = {controller: feed for feed, controller in CONTROLLERS.items()}
Wishes = dict[int, list[tuple[str, str]]]


@pytest.mark.slow
def test_who_is_denied_is_who_opted_out(settings: Settings, store: Store, tmp_path: Path) -> None:
    region = tmp_path / "region"
    make_region(RegionOrder(1_500, 11, region, False, 2**30), progress=lambda *_: None)
    for feed in region_feeds():
        for delivery in sorted(folder for folder in (region / feed.name).iterdir() if any(folder.iterdir())):
            land_delivery(settings, store, feed, [delivery], actor=ACTOR)
    build_region(settings, store, actor=ACTOR)
    loaded = load_opt_outs(settings, store, region / "optouts" / "optouts.csv", actor=ACTOR)
    assert (loaded.version, loaded.unresolved) == (2, 0)  # the first: what the build read in the deliveries
    request = export_check(settings, store, actor=ACTOR)
    answer_request(request.file, region, tmp_path / "answer.dat")
    answered = import_check(settings, store, tmp_path / "answer.dat", actor=ACTOR)
    assert 0 < answered.allowed < answered.asked

    wishes = wishes_by_person(settings, region / "truth")
    assert {wish for held in wishes.values() for wish, _ in held} == {
        *WISHES.values(),
        "objection pending",
        "objection upheld",
    }
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{IntakePlaces.of(settings).spine}' AS spine (READ_ONLY)")
        everybody = [row[0] for row in connection.execute("SELECT person_id FROM spine.person").fetchall()]
        for use in USES:
            write_denied(connection, settings, Use(use), person_ids_relation="spine.person")
            rows = connection.execute("SELECT person_id, source_feed FROM denied WHERE source_feed <> 'gp_summary'")
            expected = {
                (person, feed)
                for person in everybody
                for feed in CONTROLLERS
                if not is_open(wishes.get(person, []), feed, use)
            }
            assert set(rows.fetchall()) == expected


def wishes_by_person(settings: Settings, truth: Path) -> Wishes:
    """What each person of the spine wishes today, by any NHS number of theirs; all dates of the region are past."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{IntakePlaces.of(settings).spine}' AS spine (READ_ONLY)")
        rows = connection.execute(
            f"SELECT n.person_id, o.kind, o.status, o.controller FROM '{truth}/opt_out.parquet' o"
            f" JOIN '{truth}/person.parquet' p USING (person) JOIN spine.nhs_number n"
            " ON n.nhs_number = p.nhs_number::BIGINT"
        ).fetchall()
    wishes: Wishes = {}
    for person, kind, status, controller in rows:
        if kind == "gdpr_objection" and status in ("pending", "upheld"):
            wishes.setdefault(person, []).append((f"objection {status}", FEED_OF[controller]))
        elif status == "active":
            wishes.setdefault(person, []).append((WISHES[kind], ""))
    return wishes
