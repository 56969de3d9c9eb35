"""How a feed's rows become rows of the OMOP model, as data: one TOML file a feed in `mappings/`.

A mapping names staged tables by the feed's official names and says in short SQL over official column names what each
column of the model holds. What is written where, and the checks that every name exists, are in `docs/reference`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

BY_DOMAIN = "domain"
#: Where a concept of each domain belongs. Any other domain is an observation.
DOMAIN_TABLES: Mapping[str, str] = {
    "Condition": "condition_occurrence",
    "Drug": "drug_exposure",
    "Procedure": "procedure_occurrence",
    "Measurement": "measurement",
    "Device": "device_exposure",
    "Specimen": "specimen",
    "Observation": "observation",
}
OTHER_DOMAINS = "observation"
LONGEST_LIST = 12  # codes in one column, separated by a character; more are not read


@dataclass(frozen=True)
class Lookup:
    """A concept column filled from a code: `code` is SQL over the staged row, `vocabulary` names the list."""

    code: str
    vocabulary: str


@dataclass(frozen=True)
class RowRule:
    """One kind of row that a staged table makes. All texts are SQL over the staged row.

    Attributes:
        name: unique within the feed; visits are linked to by it.
        into: table of the model, or `domain`: that of the mapped concept.
        where: which rows make one; empty: all.
        one_per_day: one row for each person and `date` instead of one for each staged row (a visit).
        codes: columns with one code each (a row is made for each that is there).
        split: the one code column holds several codes with this character between them.
        vocabularies: where codes are looked up; the first that has the code wins.
        unmapped: table for a code nobody knows.
        date, end, time, end_time: when. `end` defaults to `date` where the model wants one.
        visit: name of the rule whose visit the row belongs to; `visit_date`: the day that names a one-per-day visit.
        site: code of the place of care.
        type: concept of where the record comes from.
        columns, lookups: further columns of the model.
    """

    name: str
    source: str
    into: str
    date: str
    type: int
    where: str = ""
    one_per_day: bool = False
    codes: tuple[str, ...] = ()
    split: str = ""
    vocabularies: tuple[str, ...] = ()
    unmapped: str = OTHER_DOMAINS
    end: str = ""
    time: str = ""
    end_time: str = ""
    visit: str = ""
    visit_date: str = ""
    site: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Lookup] = field(default_factory=dict)

    @property
    def slots(self) -> int:
        """How many rows of one kind a staged row can make."""
        return LONGEST_LIST if self.split else max(1, len(self.codes))


@dataclass(frozen=True)
class PersonRule:
    """What one staged table says of who people are. `latest`: a date; of two rows the later is believed. `observed`: a
    day on which the feed would have heard of the person, beside the days of events."""

    source: str
    latest: str
    sex: str = ""
    birth_date: str = ""
    birth_year: str = ""
    birth_month: str = ""
    race: str = ""
    race_vocabulary: str = "NHS Ethnic Category"
    ethnicity: str = ""
    ethnicity_vocabulary: str = ""
    lsoa: str = ""
    site: str = ""
    observed: str = ""


@dataclass(frozen=True)
class DeathRule:
    """Which rows of a staged table say that somebody died, and when. The earlier rule is believed."""

    source: str
    date: str
    type: int
    where: str = ""


@dataclass(frozen=True)
class SiteRule:
    """Where a staged table names places of care. `place`: concept of the kind of place."""

    source: str
    code: str
    place: int


@dataclass(frozen=True)
class FeedMapping:
    """Everything one feed makes."""

    feed: str
    title: str
    rows: tuple[RowRule, ...]
    people: tuple[PersonRule, ...] = ()
    deaths: tuple[DeathRule, ...] = ()
    sites: tuple[SiteRule, ...] = ()

    def rules_of(self, table: str) -> tuple[RowRule, ...]:
        """The kinds of row that a staged table makes."""
        return tuple(rule for rule in self.rows if rule.source == table)

    def find(self, name: str) -> RowRule:
        """The rule of that name. Raises KeyError."""
        for rule in self.rows:
            if rule.name == name:
                return rule
        raise KeyError(name)


@cache
def mappings() -> Mapping[str, FeedMapping]:
    """Every mapping by its feed's name. Raises ValueError, KeyError or TypeError if a file is malformed."""
    folder = files(__package__).joinpath("mappings")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    read = [read_mapping(tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))) for name in names]
    return {mapping.feed: mapping for mapping in read}


def read_mapping(document: Mapping[str, Any]) -> FeedMapping:
    """A mapping from its TOML document. Raises ValueError, KeyError or TypeError."""
    mapping = FeedMapping(
        feed=document["feed"],
        title=document["title"],
        rows=tuple(_read_rule(rule) for rule in document["rows"]),
        people=tuple(PersonRule(**_renamed(rule)) for rule in document.get("people", ())),
        deaths=tuple(DeathRule(**_renamed(rule)) for rule in document.get("deaths", ())),
        sites=tuple(SiteRule(**_renamed(rule)) for rule in document.get("sites", ())),
    )
    if len({rule.name for rule in mapping.rows}) != len(mapping.rows):
        raise ValueError(f"two rules of {mapping.feed} have one name")
    return mapping


def _read_rule(document: Mapping[str, Any]) -> RowRule:
    fields = _renamed(document)
    for name in ("codes", "vocabularies"):
        held = fields.get(name, ())
        fields[name] = (held,) if isinstance(held, str) else tuple(held)
    fields["lookups"] = {name: Lookup(**lookup) for name, lookup in fields.get("lookups", {}).items()}
    return RowRule(**fields)


def _renamed(document: Mapping[str, Any]) -> dict[str, Any]:
    return {("source" if name == "from" else name): value for name, value in document.items()}
