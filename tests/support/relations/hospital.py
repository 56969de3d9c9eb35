"""The data of generated questions: a few sorts of people, each as many as straddle the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from governance.disclosure import DisclosureProfile
from tests.support.guard_policy import PolicyLab
from tests.support.relations.expressions import Use
from tests.support.relations.relation import NOBODY, Column, Record, Relation
from tests.support.rule_in_memory import Forgetting

_CODE, _DATE, _KEY = Use.CODE, Use.DATE, Use.KEY
_PERSON = Column("person_id", "int", Use.PERSON)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "person": (
        _PERSON,
        Column("gender_concept_id", "int", _CODE),
        Column("year_of_birth", "int", Use.BOUNDED),
        Column("gender_source_value", "text", _CODE),
    ),
    "visit_occurrence": (
        _PERSON,
        Column("visit_occurrence_id", "int", _KEY),
        Column("visit_concept_id", "int", _CODE),
        Column("visit_start_date", "date", _DATE),
    ),
    "measurement": (
        _PERSON,
        Column("measurement_id", "int", _KEY),
        Column("visit_occurrence_id", "int", _KEY),
        Column("measurement_concept_id", "int", _CODE),
        Column("value_as_number", "double", Use.MEASURE),
        Column("days_supply", "int", Use.MEASURE),
    ),
    "death": (_PERSON, Column("death_date", "date", _DATE), Column("cause_concept_id", "int", _CODE)),
    "concept": (Column("concept_id", "int"), Column("concept_name", "text"), Column("domain_id", "text")),
}
UNIQUE = {
    "person": frozenset({"person_id"}),
    "visit_occurrence": frozenset({"visit_occurrence_id"}),
    "measurement": frozenset({"measurement_id"}),
    "death": frozenset({"person_id"}),
}
CONCEPTS = [(1, "one", "Sex"), (2, "two", "Sex"), (10, "ten", "Visit"), (20, "twenty", "Visit")]
TWICE = [*CONCEPTS, (2, "zwei", "Sex")]  # a reference table that holds a key twice

GENDERS, YEARS, TEXTS = (1, 1, 2, None), (1950, 1950, 1951, 1960), ("M", "M", "F", None)
CODES, DAYS = (10, 10, 20, None), (date(2020, 1, 1), date(2020, 1, 1), date(2020, 6, 1), date(2021, 2, 3), None)
NUMBERS, SUPPLIES = (1.0, 3.0, 0.0, 4.5, 100.0, None), (1, 30, 0, None)


@dataclass(frozen=True)
class Hospital:
    """The rows of every table, in the order of COLUMNS."""

    tables: dict[str, list[tuple[Any, ...]]]

    def relation(self, name: str) -> Relation:
        """A table as a relation of generated questions."""
        names = [column.name for column in COLUMNS[name]]
        about_people = name != "concept"
        records = tuple(
            Record(row[0] if about_people else NOBODY, dict(zip(names, row, strict=True))) for row in self.tables[name]
        )
        tables = frozenset({name} if about_people else ())
        return Relation(name, COLUMNS[name], records, about_people, UNIQUE.get(name, frozenset()), tables=tables)

    def people(self) -> list[int]:
        """Everybody."""
        return [row[0] for row in self.tables["person"]]

    def without(self, person: int) -> Hospital:
        """The same without one person."""
        return Hospital(
            {name: [row for row in rows if name == "concept" or row[0] != person] for name, rows in self.tables.items()}
        )

    def only(self, person: int) -> Hospital:
        """The same with one person alone."""
        return Hospital(
            {name: [row for row in rows if name == "concept" or row[0] == person] for name, rows in self.tables.items()}
        )

    def lab(self, profile: DisclosureProfile) -> PolicyLab:
        """The guard's policy before these tables."""
        lab = PolicyLab(profile, history=Forgetting())
        for name, rows in self.tables.items():
            names = [column.name for column in COLUMNS[name]]
            lab.fill(name, [dict(zip(names, row, strict=True)) for row in rows])
        return lab


def hospital(chance: Random, most_people: int = 40) -> Hospital:
    """People of a few sorts, each as many as straddle the threshold."""
    sorts = [(_anyone(chance), chance.choice((12, 6, 4, 3, 2, 1))) for _ in range(chance.randint(2, 6))]
    people = [one for one, number in sorts for _ in range(number)][:most_people]
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
    tables["concept"] = list(chance.choice((CONCEPTS, CONCEPTS, TWICE)))
    for person, (gender, year, text, visits, death) in enumerate(people):
        tables["person"].append((person, gender, year, text))
        for code, day, measurements in visits:
            visit = len(tables["visit_occurrence"]) + 100
            tables["visit_occurrence"].append((person, visit, code, day))
            for what, value, supply in measurements:
                number = len(tables["measurement"]) + 1000
                tables["measurement"].append((person, number, visit, what, value, supply))
        if death:
            tables["death"].append((person, *death))
    return Hospital(tables)


def _anyone(chance: Random) -> tuple[Any, ...]:
    """One sort of people: gender, year of birth, text, visits with their measurements, death."""
    pick = chance.choice
    visits = [
        (pick(CODES), pick(DAYS), [(pick(CODES), pick(NUMBERS), pick(SUPPLIES)) for _ in range(pick((0, 1, 1, 2)))])
        for _ in range(pick((0, 1, 1, 2)))
    ]
    return pick(GENDERS), pick(YEARS), pick(TEXTS), visits, (pick(DAYS), pick(CODES)) if pick((True, False)) else None
