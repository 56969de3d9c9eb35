"""Every name in a mapping is one of its feed, of the model, or of the vocabulary: found out here, not in a region."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields
from importlib.resources import files

import duckdb
import pytest

from intake.feeds import IDENTIFIERS, Meaning, feeds
from intake.harmonise.identifiers import number_slots
from intake.harmonise.tally import PERSON_FIELDS
from intake.harmonise.targets import TARGETS
from intake.omop.mapping import BY_DOMAIN, RowRule, mappings, read_mapping
from intake.sources import quote_name

RULES = [(feed, rule) for feed, mapping in mappings().items() for rule in mapping.rows]
SQL_FIELDS = ("date", "where", "end", "time", "end_time", "visit_date", "site")


def rows_of(name: str) -> list[dict[str, str]]:
    with files("intake.omop").joinpath(f"vocabulary/{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def kind_of(feed: str, table: str, sql: str) -> str:
    """The type of an expression over a staged row. Raises duckdb.Error if it names what is not there."""
    columns = ", ".join(
        f"CAST(NULL AS {column.type}) AS {quote_name(column.name)}"
        for column in feeds()[feed].tables[table].columns.values()
    )
    return str(duckdb.sql(f"SELECT ({sql}) AS it FROM (SELECT {columns}) WHERE false").types[0])


def expressions(rule: RowRule) -> Iterator[str]:
    yield from (getattr(rule, name) for name in SQL_FIELDS if getattr(rule, name))
    yield from rule.codes
    yield from rule.columns.values()
    yield from (lookup.code for lookup in rule.lookups.values())


def test_every_feed_has_a_mapping_and_every_mapping_a_feed() -> None:
    assert set(mappings()) == set(feeds())


def test_the_kinds_of_row_fit_into_an_identifier() -> None:
    slots = number_slots(mappings().values())
    assert len(set(slots.values())) == len(slots)


@pytest.mark.parametrize(("feed", "rule"), RULES, ids=[f"{feed}-{rule.name}" for feed, rule in RULES])
def test_a_rule_names_only_what_is_there(feed: str, rule: RowRule) -> None:
    table = feeds()[feed].tables[rule.source]
    for sql in expressions(rule):
        kind_of(feed, table.name, sql)
    assert kind_of(feed, table.name, rule.date) == "DATE"
    for sql in filter(None, (rule.end, rule.visit_date)):
        assert kind_of(feed, table.name, sql) == "DATE"
    for sql in filter(None, (rule.time, rule.end_time)):
        assert kind_of(feed, table.name, sql) == "TIMESTAMP"
    targets = list(TARGETS) if rule.into == BY_DOMAIN else [rule.into]
    assert set(targets) <= set(TARGETS)
    assert rule.unmapped in TARGETS
    columns = {name for target in targets for name in TARGETS[target].model.columns}
    assert rule.columns.keys() | rule.lookups.keys() <= columns
    if rule.visit:
        visit = mappings()[feed].find(rule.visit)
        assert (visit.source, visit.into) == (rule.source, "visit_occurrence")
    assert (rule.into == BY_DOMAIN) <= bool(rule.codes)
    assert not (rule.one_per_day and rule.codes)


@pytest.mark.parametrize("feed", mappings())
def test_people_deaths_and_sites_name_only_what_is_there(feed: str) -> None:
    mapping = mappings()[feed]
    for person in mapping.people:
        held = [getattr(person, name) for name in (*PERSON_FIELDS, "latest", "observed")]
        for sql in filter(None, held):
            kind_of(feed, person.source, sql)
        assert set(PERSON_FIELDS) <= {field.name for field in fields(person)}
    for death in mapping.deaths:
        assert kind_of(feed, death.source, death.date) == "DATE"
        kind_of(feed, death.source, death.where or "true")
    for site in mapping.sites:
        assert kind_of(feed, site.source, site.code) == "VARCHAR"


def test_every_concept_and_vocabulary_is_in_the_short_vocabulary() -> None:
    concepts = {row["concept_id"] for row in rows_of("concept")}
    lists = {row["vocabulary"] for row in rows_of("code_map")}
    for mapping in mappings().values():
        for rule in mapping.rows:
            fixed = {text for name, text in rule.columns.items() if name.endswith("concept_id") and text.isdigit()}
            assert fixed | {str(rule.type)} <= concepts, rule.name
            assert {*rule.vocabularies, *(lookup.vocabulary for lookup in rule.lookups.values())} <= lists, rule.name
        assert {str(death.type) for death in mapping.deaths} <= concepts
        assert {str(site.place) for site in mapping.sites} <= concepts
        named = {name for person in mapping.people for name in (person.race_vocabulary, person.ethnicity_vocabulary)}
        assert named - {""} <= lists


def test_no_rule_copies_an_identifier_or_free_text() -> None:
    """No column of a row of events is worked out from one; people's rules take a birth and an area, nothing else."""
    for feed, rule in RULES:
        table = feeds()[feed].tables[rule.source]
        hidden = [c.name for c in table.columns.values() if c.meaning in IDENTIFIERS | {Meaning.FREE_TEXT}]
        for sql in expressions(rule):
            bare = sql.replace('"', " ").replace("(", " ").replace(")", " ").replace(",", " ").split()
            assert not set(hidden) & set(bare), (rule.name, sql)


def test_two_rules_of_one_name_stop_the_start() -> None:
    rule = {"name": "a", "from": "patient", "into": "observation", "date": "DATE", "type": 1}
    with pytest.raises(ValueError):
        read_mapping({"feed": "gp", "title": "GP", "rows": [rule, rule]})


@pytest.mark.parametrize("wrong", [{"source_table": "x"}, {"types": 1}])
def test_an_unknown_word_stops_the_start(wrong: dict[str, object]) -> None:
    rule = {"name": "a", "from": "patient", "into": "observation", "date": "DATE", "type": 1, **wrong}
    with pytest.raises(TypeError):
        read_mapping({"feed": "gp", "title": "GP", "rows": [rule]})
