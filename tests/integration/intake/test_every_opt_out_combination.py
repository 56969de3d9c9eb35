"""Every combination of opt-outs that a person can have, for every feed and use, against a table written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from governance.settings import Settings
from governance.store import Store
from intake.optouts import Use, write_denied
from intake.optouts.loading import load_opt_outs
from tests.support.opt_out_region import (
    ACTOR,
    ask_and_answer,
    denied,
    make_spine,
    nhs_number,
    write_opt_outs,
)
from tests.support.opt_out_truth import CONTROLLERS, SUMMARY, USES, is_open

FEEDS = tuple(sorted(CONTROLLERS))
STATES = ("", "pending", "upheld", "declined")
Wishes = tuple[tuple[str, str], ...]


def combinations() -> Iterator[Wishes]:
    """2 x 2 x 2 x 2 of the four kinds, times the four states of an objection to each of the six controllers, and to
    one that nobody knows."""
    flags = [("type 1", ""), ("national", ""), ("local", ""), ("summary care record", "")]
    chosen = [
        tuple(flag for flag, on in zip(flags, bits, strict=True) if on) for bits in itertools.product((0, 1), repeat=4)
    ]
    for objections in itertools.product(STATES, repeat=len(FEEDS)):
        made = tuple((f"objection {state}", feed) for feed, state in zip(FEEDS, objections, strict=True) if state)
        yield from (kinds + made for kinds in chosen)
    for state in STATES[1:]:
        yield from ((*kinds, (f"objection {state}", "?")) for kinds in chosen)


def line_of(number: int, wish: str, whose: str) -> str | None:
    if wish == "national":
        return None
    if wish.startswith("objection"):
        state = wish.removeprefix("objection ")
        begins = "2025-01-01"
        return f"{number},gdpr_objection,{CONTROLLERS.get(whose, 'nobody knows')},{state},{begins},"
    kind = {"type 1": "type_1", "local": "local", "summary care record": "summary_care_record"}[wish]
    return f"{number},{kind},,active,,"


@pytest.mark.slow
def test_every_combination_for_every_feed_and_use(settings: Settings, store: Store, tmp_path: Path) -> None:
    people: dict[int, Wishes] = dict(enumerate(combinations()))
    assert len(people) == 16 * (4**6 + 3)
    numbers = {person: nhs_number(person) for person in people}
    make_spine(settings, {person: [number] for person, number in numbers.items()})
    lines = (line_of(numbers[person], *wish) for person, wishes in people.items() for wish in wishes)
    load_opt_outs(settings, store, write_opt_outs(tmp_path / "all.csv", filter(None, lines)), actor=ACTOR)
    opted_out = {numbers[person] for person, wishes in people.items() if ("national", "") in wishes}
    ask_and_answer(settings, store, tmp_path, opted_out=opted_out)

    streams = (*FEEDS, SUMMARY)
    masks = {  # the judge is asked once for each wish; several are AND-ed by their definition
        (wish, use): sum(1 << place for place, stream in enumerate(streams) if not is_open([wish], stream, use))
        for wish in {wish for wishes in people.values() for wish in wishes}
        for use in USES
    }
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE everybody AS SELECT range AS person_id FROM range({len(people)})")
    bits = " ".join(f"WHEN '{stream}' THEN {1 << place}" for place, stream in enumerate(streams))
    for use in USES:
        report = write_denied(connection, settings, Use(use), person_ids_relation="everybody")
        assert report.people == len(people)
        rows = connection.execute(
            f"SELECT person_id, sum(CASE source_feed {bits} END)::INTEGER FROM denied GROUP BY 1"
        ).fetchall()
        found = dict(rows)
        shown = streams if use == "direct_care" else FEEDS  # only care reads the summary by itself
        visible = sum(1 << place for place, stream in enumerate(streams) if stream in shown)
        wrong = []
        for person, wishes in people.items():
            expected = 0
            for wish in wishes:
                expected |= masks[wish, use]
            if found.get(person, 0) != expected & visible:
                wrong.append((wishes, use, found.get(person, 0), expected & visible))
        assert not wrong, wrong[:3]


def test_the_judge_agrees_with_itself_when_several_wishes_are_asked_at_once() -> None:
    wishes = [("type 1", ""), ("objection upheld", "hospital")]
    assert not is_open(wishes, "gp", "national")
    assert is_open(wishes, "gp", "direct_care")
    assert not is_open(wishes, "hospital", "direct_care")
    assert is_open(wishes, "community", "national")


KINDS = (
    ("type 1", ""),
    ("local", ""),
    ("summary care record", ""),
    ("objection pending", "hospital"),
    ("objection upheld", "hospital"),
    ("objection upheld", "gp"),
    ("objection pending", "?"),
)


def test_each_opt_out_counts_from_its_first_day_to_its_last(settings: Settings, store: Store, tmp_path: Path) -> None:
    first, last = date(2026, 3, 10), date(2026, 3, 20)
    people = dict(enumerate(KINDS))
    make_spine(settings, {person: [nhs_number(person)] for person in people})
    ask_and_answer(settings, store, tmp_path)
    lines = []
    for person, wish in people.items():
        fields = str(line_of(nhs_number(person), *wish)).split(",")
        lines.append(",".join([*fields[:4], str(first), str(last)]))
    load_opt_outs(settings, store, write_opt_outs(tmp_path / "dated.csv", lines), actor=ACTOR)
    day = timedelta(days=1)
    for moment, holds in ((first - day, False), (first, True), (last, True), (last + day, False)):
        for use in USES:
            found = denied(settings, Use(use), people, moment)
            streams = (*FEEDS, SUMMARY) if use == "direct_care" else FEEDS
            for person, wish in people.items():
                for stream in streams:
                    opened = is_open([wish] if holds else [], stream, use)
                    assert ((person, stream) not in found) == opened, (wish, stream, use, moment)


def test_the_first_reason_is_named_in_a_fixed_order(settings: Settings, store: Store, tmp_path: Path) -> None:
    number = nhs_number(1)
    make_spine(settings, {1: [number]})
    expected = ["national_unanswered"]
    assert set(denied(settings, Use.LOCAL_RESEARCH, [1]).values()) == set(expected)
    for kind, line in (
        ("local", f"{number},local,,,,"),
        ("type_1", f"{number},type_1,,,,"),
        ("gdpr_objection", f"{number},gdpr_objection,gp,pending,2026-01-01,"),
    ):
        load_opt_outs(settings, store, write_opt_outs(tmp_path / f"{kind}.csv", [line]), actor=ACTOR)
        assert denied(settings, Use.LOCAL_RESEARCH, [1])[1, "gp"] == kind
    assert denied(settings, Use.LOCAL_RESEARCH, [1])[1, "hospital"] == "local"
    assert denied(settings, Use.NATIONAL, [1])[1, "hospital"] == "national_unanswered"
    ask_and_answer(settings, store, tmp_path, opted_out={number})
    assert denied(settings, Use.NATIONAL, [1])[1, "hospital"] == "national"
    ask_and_answer(settings, store, tmp_path)
    assert set(denied(settings, Use.NATIONAL, [1])) == {(1, "gp")}
