"""A delivery lands: right rows are staged, the others are in quarantine by number and reason, all are counted."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from governance.refusal import Refusal
from governance.registry.deliveries import DeliveryState, decide_delivery
from governance.settings import Settings
from governance.store import Store
from intake.feeds import Feed
from intake.landing.delivery import end_delivery, resume_delivery
from intake.places import IntakePlaces
from tests.support.deliveries import (
    BY,
    ENTRY,
    NUMBERS,
    PERSON,
    VISIT,
    accepted,
    clinic,
    current,
    land,
    quarantined,
    reasons,
    staged,
    warnings,
    write_csv,
    write_parquet,
)

__all__ = ["clinic"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("clinic")]


def people(count: int = 3) -> list[dict[str, object]]:
    return [{**PERSON, "Person": f"p{n}", "NHS": NUMBERS[n % len(NUMBERS)], "Name": f"N{n}"} for n in range(count)]


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_rows_are_typed_numbered_and_tied_to_a_person(
    settings: Settings, store: Store, tmp_path: Path, write: object
) -> None:
    write(tmp_path / "in", "person", people())  # type: ignore[operator]
    write(tmp_path / "in", "visit", [{**VISIT, "Visit": n, "Person": f"p{n}"} for n in range(3)])  # type: ignore[operator]
    report = land(settings, store, tmp_path / "in")
    assert report.delivery.state == "accepted"
    rows = staged(settings, report, "visit")
    assert [row["record_id"] for row in rows] == [(1 << 36) + n for n in range(3)]
    assert [str(row["Came"]) for row in rows] == ["2020-01-05"] * 3
    assert rows[0]["Score"] == 5.0
    refs = {row["Person"]: row["person_ref"] for row in staged(settings, report, "person")}
    assert len(set(refs.values())) == 3
    assert {row["Person"]: row["person_ref"] for row in rows} == refs


def test_csv_and_parquet_of_the_same_rows_stage_the_same(settings: Settings, store: Store, tmp_path: Path) -> None:
    visits = [{**VISIT, "Came": "2020-02-29", "Went": "2020-03-01", "First": "true", "At": "2020-02-29 10:11:12"}]
    write_csv(tmp_path / "a", "person", people())
    write_csv(tmp_path / "a", "visit", visits)
    write_parquet(tmp_path / "b", "person", people())
    write_parquet(tmp_path / "b", "visit", visits)
    first, second = land(settings, store, tmp_path / "a"), land(settings, store, tmp_path / "b")
    for table in ("person", "visit"):
        one, two = staged(settings, first, table), staged(settings, second, table)
        assert [row | {"record_id": 0} for row in one] == [row | {"record_id": 0} for row in two]


def test_every_kind_of_fault_is_counted_and_its_row_stays_out(settings: Settings, store: Store, tmp_path: Path) -> None:
    faulty = [
        {"Came": ""},
        {"Came": "2020-02-30"},
        {"Score": "11"},
        {"Score": "many"},
        {"Came": "1850-01-01"},
        {"Came": "2999-01-01"},
        {"Went": "2019-01-01"},
        {"Month": "1.5"},
        {"First": "perhaps"},
    ]
    rows = [{**VISIT, "Visit": n, **more} for n, more in enumerate([{}, *faulty])]
    write_csv(tmp_path / "in", "person", [*people(2), {**PERSON, "Person": "p9", "Sex": "banana"}])
    write_csv(tmp_path / "in", "visit", rows)
    report = land(settings, store, tmp_path / "in")
    assert report.delivery.state == "held"
    assert sorted(reasons(report)) == [
        ("person", "Sex", "unknown-code", 1),
        ("visit", "Came", "missing-value", 1),
        ("visit", "Came", "too-early", 1),
        ("visit", "Came", "too-late", 1),
        ("visit", "Came", "wrong-type", 1),
        ("visit", "First", "wrong-type", 1),
        ("visit", "Month", "wrong-type", 1),
        ("visit", "Score", "out-of-range", 1),
        ("visit", "Score", "wrong-type", 1),
        ("visit", "Went", "end-before-start", 1),
    ]
    assert [row["Visit"] for row in staged(settings, report, "visit")] == [0]
    kept = quarantined(settings, report, "visit")
    assert sorted(row["row"] for row in kept) == list(range(2, 11))
    assert set(kept[0]) == {"file", "row", "line", "column_name", "reason"}


def test_an_invalid_nhs_number_is_left_empty_and_the_row_stays(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    numbers = [NUMBERS[0], "900 000 0009", "9000000008", "0000000000", "UNKNOWN", ""]
    write_csv(tmp_path / "in", "person", [{**PERSON, "Person": f"p{n}", "NHS": each} for n, each in enumerate(numbers)])
    report = land(settings, store, tmp_path / "in")
    held = {row["Person"]: row["NHS"] for row in staged(settings, report, "person")}
    assert held == {"p0": NUMBERS[0], "p1": NUMBERS[0], "p2": None, "p3": None, "p4": None, "p5": None}
    assert ("person", "NHS", "invalid-nhs-number", 3) in warnings(report)
    assert report.ledger.tables[0].nhs_numbers == {"valid": 2, "invalid": 3, "missing": 1}


def test_what_needs_other_rows_only_warns(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_parquet(tmp_path / "in", "person", [{**PERSON, "Died": "2020-01-01"}])
    rows = [
        VISIT,
        {**VISIT, "Visit": 2, "Came": "1949-12-31"},
        {**VISIT, "Visit": 3, "Person": "stranger", "Came": "2019-12-31"},
    ]
    write_parquet(tmp_path / "in", "visit", rows)
    report = land(settings, store, tmp_path / "in")
    assert not list(reasons(report)) and report.ledger.total("rows_kept") == 4
    assert sorted(warnings(report)) == [
        ("visit", "Came", "after-death", 1),
        ("visit", "Came", "before-birth", 1),
        ("visit", "Month, Submission, Person", "not-found", 1),
    ]


def test_of_rows_with_one_key_the_first_good_one_stays(settings: Settings, store: Store, tmp_path: Path) -> None:
    rows = [{**VISIT, "Score": "99"}, {**VISIT, "Score": "1"}, {**VISIT, "Score": "2"}, {**VISIT, "Submission": 2}]
    write_csv(tmp_path / "in", "person", people())
    write_csv(tmp_path / "in", "visit", rows)
    report = land(settings, store, tmp_path / "in")
    table = report.ledger.tables[1]
    assert (table.rows_in, table.rows_kept, table.rows_quarantined, table.rows_duplicate) == (4, 2, 1, 1)
    assert sorted(row["Score"] for row in staged(settings, report, "visit")) == [1, 5]
    assert ("visit", "Submission", "superseded", 1) in warnings(report)


def test_parts_of_a_table_make_one_table(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_csv(tmp_path / "in", "entry", [ENTRY, {**ENTRY, "Code": "c2"}], name="ClinicEntry_1.csv")
    write_parquet(tmp_path / "in", "entry", [{**ENTRY, "Code": "c3"}], name="clinicentry_2.PARQUET")
    report = land(settings, store, tmp_path / "in")
    rows = staged(settings, report, "entry")
    assert sorted(row["record_id"] & 0xFFFF for row in rows) == [0, 1, 2]
    assert sorted(row["Code"] for row in rows) == ["c1", "c2", "c3"]


def test_the_same_files_land_once(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_csv(tmp_path / "in", "entry", [ENTRY])
    first = land(settings, store, tmp_path / "in")
    write_csv(tmp_path / "elsewhere", "entry", [ENTRY])
    second = land(settings, store, tmp_path / "elsewhere" / "ClinicEntry.csv")
    assert second.again and second.delivery == first.delivery
    assert len(current(settings, store, "entry")) == 1


def test_the_rule_holds_and_a_steward_decides(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_csv(tmp_path / "in", "entry", [ENTRY] * 9 + [{**ENTRY, "Code": ""}])
    held = land(settings, store, tmp_path / "in")
    assert held.delivery.state == "held" and "10.00%" in held.delivery.reason
    assert not accepted(store)
    end_delivery(settings, store, held.delivery.id, DeliveryState.ACCEPTED, actor=BY, reason="the sender knows of it")
    assert len(current(settings, store, "entry")) == 9
    assert "the sender knows of it" in held.page.read_text()
    end_delivery(settings, store, held.delivery.id, DeliveryState.WITHDRAWN, actor=BY, reason="taken back")
    assert not accepted(store)


def test_a_rejected_delivery_leaves_no_rows(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_csv(tmp_path / "in", "entry", [ENTRY, {**ENTRY, "Code": ""}])
    held = land(settings, store, tmp_path / "in")
    end_delivery(settings, store, held.delivery.id, DeliveryState.REJECTED, actor=BY, reason="wrong month")
    assert not IntakePlaces.of(settings).delivery(held.delivery.id).root.exists()
    again = land(settings, store, tmp_path / "in")
    assert again.again and again.delivery.state == "rejected"
    with pytest.raises(Refusal, match="delivery-state"):
        end_delivery(settings, store, held.delivery.id, DeliveryState.ACCEPTED, actor=BY, reason="after all")
    assert resume_delivery(settings, store, held.delivery.id, actor=BY).again


def test_files_of_a_delivery_rejected_on_a_page_go_with_the_next_landing(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    """The portal knows the register only; it cannot reach into the identifiable zone."""
    write_csv(tmp_path / "in", "entry", [ENTRY, {**ENTRY, "Code": ""}])
    held = land(settings, store, tmp_path / "in")
    decide_delivery(store, actor=BY, delivery=held.delivery.id, state=DeliveryState.REJECTED, reason="wrong month")
    write_csv(tmp_path / "next", "entry", [ENTRY])
    land(settings, store, tmp_path / "next")
    assert not IntakePlaces.of(settings).delivery(held.delivery.id).root.exists()


def test_everything_lies_closed_in_the_identifiable_zone(
    settings: Settings, store: Store, tmp_path: Path, clinic: Feed
) -> None:
    write_csv(tmp_path / "in", "entry", [ENTRY])
    report = land(settings, store, tmp_path / "in")
    root = IntakePlaces.of(settings).delivery(report.delivery.id).root
    kinds = {stat.S_IMODE(each.stat().st_mode) for each in root.rglob("*") if each.is_file()}
    assert kinds == {0o400}
    assert {stat.S_IMODE(each.stat().st_mode) for each in [root, *root.rglob("*")] if each.is_dir()} == {0o700}
    assert sorted(each.name for each in root.parent.iterdir()) == [".landing", report.delivery.id]
