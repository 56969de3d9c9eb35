"""What deliveries say about opt-outs: Type 1 in the GP journal, and which organisation answers for which feed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from governance.clock import today
from governance.settings import Settings
from governance.store import Store
from intake.optouts import Use
from intake.optouts.loading import load_opt_outs
from intake.optouts.refreshing import refresh_from_deliveries
from intake.places import IntakePlaces
from tests.support.opt_out_region import ACTOR, FEEDS, ask_and_answer, denied, make_spine, nhs_number, write_opt_outs
from tests.support.staged_feeds import StagedDelivery, stage

DISSENT, WITHDRAWN, OTHER = "827241000000103", "827261000000102", "44054006"
PRACTICE, TRUST = "P81001", "RX1"


def deliver(settings: Settings, number: int, entries: list[tuple[str | None, str, date]]) -> StagedDelivery:
    rows = [
        {"NHS_NUMBER": who, "PRACTICE": PRACTICE, "REPORTING_PERIOD_END_DATE": day, "DATE": day, "CODE": code}
        for who, code, day in entries
    ]
    patients = [{"NHS_NUMBER": str(nhs_number(1)), "PRACTICE": PRACTICE, "REPORTING_PERIOD_END_DATE": date(2026, 1, 1)}]
    return stage(IntakePlaces.of(settings), "gp", {"patient": patients, "journal": rows}, number=number)


def references(settings: Settings, delivery: StagedDelivery) -> dict[str, int]:
    """NHS number as delivered -> person_ref, as the linkage would see it."""
    import duckdb

    files = IntakePlaces.of(settings).delivery(delivery.id).staged / "journal" / "*.parquet"
    rows = duckdb.sql(f"SELECT DISTINCT NHS_NUMBER, person_ref FROM '{files}' WHERE person_ref IS NOT NULL").fetchall()
    return dict(rows)


def test_type_1_in_the_journal_closes_the_gp_feed_and_its_newest_entry_counts(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    who = {
        name: str(nhs_number(place)) for place, name in enumerate(("none", "dissents", "took back", "again", "once"))
    }
    first, later, last = date(2024, 5, 1), date(2025, 5, 1), today() - timedelta(days=1)
    delivery = deliver(
        settings,
        1,
        [
            (who["none"], OTHER, first),
            (who["dissents"], DISSENT, first),
            (who["took back"], DISSENT, first),
            (who["took back"], WITHDRAWN, later),
            (who["again"], DISSENT, last),
            (who["again"], WITHDRAWN, later),
            (who["once"], DISSENT, today() + timedelta(days=400)),
            (None, DISSENT, first),
        ],
    )
    people = {place: [int(number)] for place, number in enumerate(who.values())}
    found = references(settings, delivery)
    make_spine(settings, people, gp_references={found[number]: place for place, number in enumerate(who.values())})
    ask_and_answer(settings, store, tmp_path)
    report = refresh_from_deliveries(settings, store, [delivery], actor=ACTOR)  # type: ignore[list-item]
    assert (report.entries, report.nobody) == (6, 1)
    for use in (Use.LOCAL_PLANNING, Use.LOCAL_RESEARCH, Use.NATIONAL):
        assert denied(settings, use, people) == {(place, "gp"): "type_1" for place in (1, 3, 4)}
    assert not denied(settings, Use.DIRECT_CARE, people)
    again = refresh_from_deliveries(settings, store, [delivery], actor=ACTOR)  # type: ignore[list-item]
    assert again.version == report.version

    number = who["dissents"]  # linked to somebody who was merged since, into the one who has no entry
    merged = {found[each]: 99 if each == number else place for place, each in enumerate(who.values())}
    make_spine(settings, people, gp_references=merged, merged=[(99, 0)])
    assert {person for person, _ in denied(settings, Use.NATIONAL, people)} == {0, 3, 4}
    make_spine(settings, people, gp_references={found[each]: place for place, each in enumerate(who.values())})

    corrected = deliver(settings, 2, [(who["dissents"], WITHDRAWN, last)])
    refresh_from_deliveries(settings, store, [delivery, corrected], actor=ACTOR)  # type: ignore[list-item]
    assert {person for person, _ in denied(settings, Use.NATIONAL, people)} == {3, 4}


def test_an_organisation_that_delivered_a_feed_answers_for_it_and_an_unknown_one_for_all(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    make_spine(settings, {place: [nhs_number(place)] for place in range(5)})
    ask_and_answer(settings, store, tmp_path)
    lines = [
        f"{nhs_number(place)},gdpr_objection,{controller},pending,2026-01-01,"
        for place, controller in enumerate((PRACTICE.lower(), "GP practice", "gp", "X99999", ""))
    ]
    load_opt_outs(settings, store, write_opt_outs(tmp_path / "o.csv", lines), actor=ACTOR)
    everything = {0: set(FEEDS), 1: {"gp"}, 2: {"gp"}, 3: set(FEEDS), 4: set(FEEDS)}
    assert closed(settings) == everything
    refresh_from_deliveries(settings, store, [deliver(settings, 1, [])], actor=ACTOR)  # type: ignore[list-item]
    assert closed(settings) == everything | {0: {"gp"}}


def closed(settings: Settings) -> dict[int, set[str]]:
    found = denied(settings, Use.LOCAL_PLANNING, range(5))
    return {person: {feed for one, feed in found if one == person} for person in range(5)}
