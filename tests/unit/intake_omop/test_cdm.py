"""The OMOP Common Data Model as data: its tables agree with what an extract may hold and with a set made elsewhere."""

from __future__ import annotations

import pytest

from governance.catalogue import TableKind
from intake.omop import omop_catalogue
from intake.omop.cdm import CdmColumn, _read_column, cdm_tables


def test_the_model_has_its_tables_and_every_required_column_is_one_of_it() -> None:
    assert len(cdm_tables()) == 39
    assert cdm_tables()["condition_occurrence"].columns["condition_concept_id"] == CdmColumn(
        "condition_concept_id", "BIGINT", required=True
    )


def test_what_an_extract_may_hold_is_a_column_of_the_model_or_an_extension() -> None:
    for name, table in omop_catalogue().tables.items():
        model = cdm_tables()[name]
        assert set(table.columns) <= set(model.columns), name
        assert model.is_about_people is (table.kind is TableKind.PRIVATE), name


def test_every_identifier_is_a_bigint() -> None:
    columns = [column for table in cdm_tables().values() for column in table.columns.values()]
    assert {c.type for c in columns if c.name.endswith("concept_id")} == {"BIGINT"}
    assert {t.columns[t.key].type for t in cdm_tables().values() if t.key} == {"BIGINT"}


def test_extensions_are_the_two_of_location() -> None:
    ours = [(t.name, c.name) for t in cdm_tables().values() for c in t.columns.values() if c.extension]
    assert ours == [("location", "lsoa_code"), ("location", "imd_decile")]


def test_an_unknown_word_stops_the_start() -> None:
    with pytest.raises(ValueError):
        _read_column("a", "BIGINT perhaps")
