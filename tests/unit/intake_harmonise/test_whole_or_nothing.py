"""A code with several concepts, a full disk, an interrupt: every row accounted for, and all of it or nothing there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.store import Store
from intake.harmonise import feed as feed_module
from intake.harmonise import harmonise
from intake.harmonise.identifiers import MOST_SLOTS, number_slots
from intake.harmonise.tally import Tally
from intake.omop.loading import load_vocabulary
from intake.omop.mapping import FeedMapping, RowRule
from tests.support.staged import Staging
from tests.support.vocabulary_download import download

WHO = {"NHS_NUMBER": "9000000009", "DATE_OF_BIRTH": date(1950, 12, 10), "SEX": "2"}
DAY = date(2024, 3, 5)
EPISODE = {**WHO, "EPIKEY": 1, "PROCODE3": "R01", "ADMIDATE": DAY, "EPISTART": DAY, "DIAG_4_01": "E119"}


@pytest.fixture
def hospital(staging: Staging) -> Staging:
    staging.stage("hospital", apc=[EPISODE])
    staging.link("hospital", "apc", 7, **WHO)
    return staging


def test_a_code_of_several_concepts_makes_a_row_of_each_and_the_ledger_still_adds_up(
    hospital: Staging, store: Store, tmp_path: Path
) -> None:
    load_vocabulary(hospital.settings, store, download(tmp_path / "athena"), actor="operator:test")
    report = hospital.run()
    assert hospital.rows("condition_occurrence", "condition_concept_id, condition_source_concept_id") == [
        (201826, 45591027)
    ]
    assert hospital.rows("observation", "observation_concept_id, observation_source_concept_id") == [
        (4193704, 45591027)
    ]
    keys = hospital.rows("condition_occurrence", "condition_occurrence_id") + hospital.rows(
        "observation", "observation_id"
    )
    assert len(set(keys)) == 2
    (line,) = report.ledger
    assert (line.staged, line.out, line.adds_up) == (1, 1, True)


def test_files_that_do_not_hold_what_was_counted_are_a_refusal_and_go(
    hospital: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = feed_module.tally_table

    def one_more(*arguments: object) -> Tally:
        tally = real(*arguments)
        expected = {name: rows + (name == "main_diagnosis") for name, rows in tally.expected.items()}
        return Tally(tally.table, tally.current, tally.unlinked, tally.left_out, tally.out, expected)

    monkeypatch.setattr(feed_module, "tally_table", one_more)
    with pytest.raises(Refusal) as refused:
        hospital.run()
    assert refused.value.code == "ledger-mismatch"
    assert list(hospital.settings.folder.region.iterdir()) == []


def test_an_interrupt_leaves_nothing(hospital: Staging) -> None:
    hospital.run()

    def stop(what: str, done: int, total: int) -> None:
        if "main_diagnosis" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        harmonise(hospital.settings, hospital.deliveries, hospital.settings.folder.region / "v2", progress=stop)
    assert [folder.name for folder in hospital.settings.folder.region.iterdir()] == ["v1"]


def test_a_place_that_is_taken_is_not_written_to(hospital: Staging) -> None:
    hospital.run()
    with pytest.raises(Refusal) as refused:
        hospital.run()
    assert refused.value.code == "already-there"


def test_without_a_spine_nothing_is_harmonised(staging: Staging) -> None:
    staging.stage("hospital", apc=[EPISODE])
    with pytest.raises(Refusal) as refused:
        harmonise(staging.settings, staging.deliveries, staging.folder)
    assert refused.value.code == "no-spine"
    assert list(staging.settings.folder.region.iterdir()) == []


def test_more_kinds_of_row_than_an_identifier_has_room_for_stop_the_start() -> None:
    rules = tuple(RowRule(str(n), "t", "observation", "d", 0) for n in range(MOST_SLOTS + 1))
    with pytest.raises(ValueError):
        number_slots([FeedMapping("gp", "GP", rules)])
