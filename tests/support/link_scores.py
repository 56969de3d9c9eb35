"""Lands a synthetic region, links it, and holds every link against the truth that only the generator knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from governance.registry.deliveries import DeliveryView, accepted_deliveries
from governance.settings import Settings
from governance.store import Store
from intake.feeds import Feed, region_feeds
from intake.landing.delivery import land_delivery
from intake.landing.references import person_ref_sql
from intake.linkage.spine import attach_spine
from intake.places import IntakePlaces
from intake.synth.region import RegionOrder, make_region

ACTOR = "operator:test"
NO_FAULT, TWIN, MOVED = "none", "none, a twin", "none, an old address"
_KIND = (
    f"coalesce(fault, CASE WHEN p.twin THEN '{TWIN}' WHEN i.postcode <> replace(p.postcode, ' ', '') "
    f"THEN '{MOVED}' ELSE '{NO_FAULT}' END)"
)


@dataclass(frozen=True)
class Score:
    """Of the identities of one feed, fault and rank: how many, linked to the right person, and to another."""

    feed: str
    fault: str
    rank: int
    identities: int
    right: int
    wrong: int


def land_region(settings: Settings, store: Store, people: int, seed: int, folder: Path) -> list[DeliveryView]:
    """Make a region in `folder` and land all of it; returns the accepted deliveries."""
    make_region(RegionOrder(people, seed, folder), progress=lambda *_: None)
    for feed in region_feeds():
        for delivery in sorted((folder / feed.name).iterdir()):
            land_delivery(settings, store, feed, [delivery], actor=ACTOR)
    with store.reading() as session:
        return list(accepted_deliveries(session))


def score_links(settings: Settings, truth: Path) -> list[Score]:
    """Every identity of the spine in force against `truth`. A link to a person whose number the truth does not know is
    wrong: that person was made of a slip."""
    places = IntakePlaces.of(settings)
    with duckdb.connect(":memory:") as connection:
        attach_spine(connection, places)
        connection.execute(f"CREATE VIEW truth AS {' UNION ALL '.join(_truth(feed, truth) for feed in region_feeds())}")
        connection.execute(
            "CREATE VIEW found AS SELECT l.feed, l.person_ref, l.match_rank, l.person_id, t.person FROM spine.link l "
            "LEFT JOIN spine.person p USING (person_id) "
            f"LEFT JOIN '{truth}/person.parquet' t ON CAST(t.nhs_number AS BIGINT) = p.nhs_number"
        )
        rows = connection.execute(
            f"SELECT feed, {_KIND}, match_rank, count(*), "
            "count(*) FILTER (WHERE person_id IS NOT NULL AND coalesce(found.person = true_person, false)), "
            "count(*) FILTER (WHERE person_id IS NOT NULL AND NOT coalesce(found.person = true_person, false)) "
            "FROM truth JOIN found USING (feed, person_ref) JOIN spine.identity i USING (feed, person_ref) "
            f"JOIN '{truth}/person.parquet' p ON p.person = true_person GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    return [Score(*row) for row in rows]


def total(scores: list[Score], of: Callable[[Score], bool] = lambda _: True) -> tuple[int, int, int]:
    """Identities, right and wrong links of the scores chosen."""
    chosen = [each for each in scores if of(each)]
    return sum(s.identities for s in chosen), sum(s.right for s in chosen), sum(s.wrong for s in chosen)


def _truth(feed: Feed, truth: Path) -> str:
    table = next(table for table in feed.tables.values() if table.tells_identity)
    return (
        f"SELECT '{feed.name}' AS feed, {person_ref_sql(feed, table)} AS person_ref, true_person, fault "
        f"FROM '{truth}/identity_{feed.name}.parquet'"
    )
