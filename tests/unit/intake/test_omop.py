"""The OMOP catalogue as data: what may ever be in an extract."""

from __future__ import annotations

import pytest

from governance.catalogue import Catalogue, ColumnUse, TableKind
from intake.omop import _read_column, adoptable_catalogue, omop_catalogue

FORBIDDEN = (
    "source_value",
    "provider",
    "care_site",
    "location",
    "datetime",
    "note",
    "text",
    "string",
    "day_of",
    "month_of",
)


def test_no_identifier_free_text_or_source_value_is_in_the_catalogue() -> None:
    adopted = {column for table in adoptable_catalogue().tables.values() for column in table.columns}
    assert not [name for name in adopted if any(word in name for word in FORBIDDEN)]
    everything = {column for table in omop_catalogue().tables.values() for column in table.columns}
    assert everything - adopted == {"location_id", "care_site_id", "lsoa_code", "imd_decile"} | {
        "place_of_service_concept_id"
    }


def test_places_of_somebody_elses_database_stay_out_but_no_other_table_does() -> None:
    """Its locations can be households and would join one project's people to another's."""
    assert set(omop_catalogue().tables) - set(adoptable_catalogue().tables) == {"location", "care_site"}


def test_every_private_table_names_its_person_and_no_public_one_does() -> None:
    for table in omop_catalogue().tables.values():
        people = [column.name for column in table.columns.values() if column.use is ColumnUse.PERSON]
        assert people == (["person_id"] if table.kind is TableKind.PRIVATE else []), table.name


def test_the_hidden_ordinal_is_in_no_catalogue() -> None:
    assert all("person_ordinal" not in table.columns for table in omop_catalogue().tables.values())


def test_the_catalogue_survives_the_manifest() -> None:
    assert Catalogue.from_dict(omop_catalogue().as_dict()) == omop_catalogue()


def test_cut_to_grants_keeps_the_person_key() -> None:
    cut = omop_catalogue().cut_to({"death": frozenset({"death_date"}), "concept": None})
    assert set(cut.tables) == {"death", "concept"}
    assert set(cut.tables["death"].columns) == {"person_id", "death_date"}


@pytest.mark.parametrize("line", ["", "person_id BIGINT", "a B c | d ", "Name BIGINT group | capital"])
def test_a_malformed_line_stops_the_start(line: str) -> None:
    with pytest.raises(ValueError):
        _read_column(line)
