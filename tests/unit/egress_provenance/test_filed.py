"""What the locked child tells of a file's tables: numbers, labels, and nothing believed that has another form."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress.inspection import tabling
from egress.inspection.reading import read_document
from egress.inspection.tabling import figures_of, tell_tables
from egress.provenance import filed as asking
from egress.provenance.figures import common_unit, compare, scale_of
from egress.provenance.filed import read_filed_tables, understand
from egress.provenance.tables import Figure, Spot
from egress.provenance.wording import normal, normal_value, runs_of
from tests.support.provenance_lab import as_csv, filed


@pytest.mark.parametrize(
    ("cell", "figures"),
    [
        ("120", [(120, 0)]),
        ("1,320", [(1320, 0)]),
        ("0.250", [(0.25, 3)]),
        ("120 (49.0%)", [(120, 0), (49, 1)]),
        ("7/120", [(7, 0), (120, 0)]),
        ("12.3 [10.1, 14.2]", [(12.3, 1), (10.1, 1), (14.2, 1)]),
        ("48 %", [(48, 0)]),
        ("Type 2 diabetes", []),
        ("18-29", []),
        ("01/02/2019", []),
        ("", []),
        ("*", []),
    ],
)
def test_numbers_of_a_cell(cell: str, figures: list[tuple[float, int]]) -> None:
    assert figures_of(cell, counted=False) == figures


def test_a_count_in_words_is_a_number_and_row_numbers_are_none() -> None:
    (table,) = filed(as_csv(("", "ward", "seen"), [(0, "North", "120 patients"), (1, "South", "90 patients")]))
    assert dict(table.spots()) == {Spot(0, 2): Figure(120, 0), Spot(1, 2): Figure(90, 0)}


def test_a_count_in_a_header_is_a_number() -> None:
    (table,) = filed(as_csv(("ward", "women (n=120)"), [("North", 50), ("South", 70)]))
    assert dict(table.spots())[Spot(-1, 1)] == Figure(120, 0)


def test_of_a_long_table_only_the_first_rows_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabling, "MOST_CELLS", 4)
    document = read_document(as_csv(("ward", "n"), [("a", 10), ("b", 20), ("c", 30)]), "t.csv")
    (table,) = understand(tell_tables(document))
    assert (len(table.rows), table.whole) == (2, False)


@pytest.mark.parametrize(
    "told",
    [{}, {"tables": [{}]}, {"tables": [{"header": [["a", [], False]], "rows": [[]], "place": "", "whole": True}]}],
)
def test_what_has_another_form_is_refused(told: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        understand(told)


@pytest.mark.slow
def test_files_are_read_in_the_locked_child_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, empty = tmp_path / "good", tmp_path / "empty"
    good.write_bytes(as_csv(("ward", "n"), [("North", 120), ("South", 90)]))
    empty.write_bytes(b"")
    first, nothing, last = read_filed_tables([(good, "a.csv"), (empty, "b.csv"), (good, "c.csv")], limit=2**20)
    assert first == last == filed(good.read_bytes())
    assert nothing is None
    monkeypatch.setattr(asking, "LONGEST_ANSWER", 10)  # more than that is not listened to
    assert list(read_filed_tables([(good, "a.csv")], limit=2**20)) == [None]


@pytest.mark.parametrize(
    ("said", "value", "decimals", "unit", "words"),
    [
        (1320, 1320, 0, 1, "exact"),
        (1320, 1300, 0, 100, "rounded to 50"),
        (1320, 1325, 0, 5, ""),
        (1320, 1325, 0, 25, "rounded to 25"),
        (61.44, 61.4, 1, 0, "rounded to 1 decimals"),
        (61.44, 61, 0, 1, "rounded to 0 decimals"),
        (15, 20, 0, 20, "rounded to 10"),
        (4, 10, 0, 10, ""),
        (10, 0, 0, 10, ""),
        (10, 10.5, 1, 0, ""),
    ],
)
def test_two_numbers(said: float, value: float, decimals: int, unit: int, words: str) -> None:
    found = compare(said, Figure(value, decimals), unit)
    assert found == words


def test_scales_and_units() -> None:
    assert scale_of(0.25, Figure(25.0, 0)) == 100
    assert scale_of(0.25, Figure(0.3, 1)) == 1
    assert scale_of(0.25, Figure(77, 0)) == 0
    assert scale_of(0.0, Figure(0, 0)) == 0
    assert common_unit([Figure(1320, 0), Figure(990, 0), Figure(0.5, 1)]) == 330
    assert common_unit([]) == 0


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("n_2019", "n 2019"),
        ("2019.0", "2019"),
        ("2019-01-01 00:00:00", "2019 01 01"),
        ("NaN", ""),
        ("-5", "-5"),
        ("Age ≥ 65", "age ≥ 65"),
    ],
)
def test_labels_made_comparable(text: str, same: str) -> None:
    assert normal(text) == same


def test_labels_of_answers_and_runs_of_words() -> None:
    assert (normal_value(None), normal_value(2019), normal_value(True)) == ("", "2019", "true")
    assert runs_of("n 2019") == ("n 2019", "n", "2019")
