"""What a feed's tables look like, as data: official column names, types, code lists, and who a row is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Meaning(StrEnum):
    """What the intake must know of a column beyond its type. Everything from NHS_NUMBER to POSTCODE is an identifier:
    it stays in the identifiable zone and is in no extract."""

    NHS_NUMBER = "nhs_number"
    LOCAL_ID = "local_id"  # the provider's own number of the person
    FORENAME = "forename"
    SURNAME = "surname"
    DATE_OF_BIRTH = "date_of_birth"
    BIRTH_YEAR = "birth_year"
    BIRTH_MONTH = "birth_month"
    POSTCODE = "postcode"
    SEX = "sex"  # used for linking, not an identifier by itself
    PROVIDER = "provider"
    LSOA = "lsoa"
    DEATH_DATE = "death_date"
    DEATH_YEAR = "death_year"
    FREE_TEXT = "free_text"  # never harmonised


IDENTIFIERS = frozenset(
    {
        Meaning.NHS_NUMBER,
        Meaning.LOCAL_ID,
        Meaning.FORENAME,
        Meaning.SURNAME,
        Meaning.DATE_OF_BIRTH,
        Meaning.POSTCODE,
    }
)
#: What an identity may be made of, for linking.
LINKING = frozenset({*IDENTIFIERS, Meaning.BIRTH_YEAR, Meaning.BIRTH_MONTH, Meaning.SEX})
TYPES = frozenset({"VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP"})


@dataclass(frozen=True)
class FeedColumn:
    """One column.

    Attributes:
        name: as the feed's specification has it.
        type: DuckDB's, one of `TYPES`.
        required: whether a row without it is quarantined.
        meaning: what the intake must know of it, if anything.
        codes: name of the code list its values must be from (`CODE_LISTS`), if any.
        low, high: bounds of a number, in the column's unit.
        plain: the specification has no such column; it is a local agreement with the controller.
    """

    name: str
    type: str
    required: bool = False
    meaning: Meaning | None = None
    codes: str | None = None
    low: float | None = None
    high: float | None = None
    plain: bool = False
    description: str = ""


@dataclass(frozen=True)
class FeedTable:
    """One table of a feed.

    Attributes:
        name: ours, lowercase (`care_contact`).
        file: how a delivered file of it is named, without ending (`MHS201CareContact`).
        key: columns that name a row; two rows with one key in a delivery are duplicates. Empty: no duplicates known.
        person: columns that together name the person within this feed (all tables of one feed that mean the same
            person give the same values in the same order, so that `person_ref` agrees).
        period, submission: columns of the reporting period (with its provider) and of the submission's number: within
            one period only rows of the highest submission count.
        event_date: the column that says when, for checks and for cutting; None for tables of people.
        refers: other table of the feed -> columns here that must be found there under its key.
        spans: pairs of columns, the begin of something and its end.
    """

    name: str
    title: str
    file: str
    columns: Mapping[str, FeedColumn]
    key: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    period: tuple[str, ...] = ()
    submission: str | None = None
    event_date: str | None = None
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: tuple[tuple[str, str], ...] = ()

    def column_meaning(self, meaning: Meaning) -> FeedColumn | None:
        """The column that means this, if there is one."""
        return next((column for column in self.columns.values() if column.meaning is meaning), None)

    @property
    def tells_identity(self) -> bool:
        """Whether its rows say who somebody is (rather than only pointing at a person)."""
        meanings = {column.meaning for column in self.columns.values()}
        return bool(meanings & {Meaning.DATE_OF_BIRTH, Meaning.BIRTH_YEAR, Meaning.SURNAME})


@dataclass(frozen=True)
class Feed:
    """One source's stream. `controllers`: kinds of organisation that answer for it (an objection upheld by one of them
    closes this feed for the person). `region`: False for a foreign feed, which never joins the region's people."""

    name: str
    title: str
    controllers: tuple[str, ...]
    tables: Mapping[str, FeedTable]
    region: bool = True


_WORD = re.compile(r"(?P<key>is|codes|range)=(?P<value>\S+)")
_RANGE = re.compile(r"(?P<low>-?[0-9.]+?)\.\.(?P<high>-?[0-9.]+)")


def read_feed(document: Mapping[str, Any]) -> Feed:
    """A feed from its TOML document. A column is `"Official name" = "TYPE word word | description"`; words: `required`,
    `plain`, `is=MEANING`, `codes=LIST`, `range=LOW..HIGH`. Raises ValueError or KeyError for anything else."""
    head = document["feed"]
    return Feed(
        name=head["name"],
        title=head["title"],
        controllers=tuple(head["controllers"]),
        tables={name: _read_table(name, table) for name, table in document["tables"].items()},
        region=head.get("region", True),
    )


def _read_table(name: str, table: Mapping[str, Any]) -> FeedTable:
    columns = {column: _read_column(column, text) for column, text in table["columns"].items()}
    read = FeedTable(
        name=name,
        title=table["title"],
        file=table["file"],
        columns=columns,
        key=tuple(table.get("key", ())),
        person=tuple(table.get("person", ())),
        period=tuple(table.get("period", ())),
        submission=table.get("submission"),
        event_date=table.get("event_date"),
        refers={other: tuple(held) for other, held in table.get("refers", {}).items()},
        spans=tuple((begin, end) for begin, end in table.get("spans", ())),
    )
    named = {*read.key, *read.person, *read.period, read.submission, read.event_date, *sum(read.refers.values(), ())}
    named |= set(sum(read.spans, ()))
    unknown = named - set(columns) - {None}
    if unknown:
        raise ValueError(f"table {name} names columns it does not have: {sorted(map(str, unknown))}")
    return read


def _read_column(name: str, text: str) -> FeedColumn:
    definition, separator, description = text.partition(" | ")
    kind, *words = definition.split()
    if kind not in TYPES or not separator:
        raise ValueError(f"not a column: {name} = {text}")
    read: dict[str, Any] = {}
    for word in words:
        read |= _read_word(name, word)
    return FeedColumn(name, kind, description=description, **read)


def _read_word(column: str, word: str) -> dict[str, Any]:
    if word in ("required", "plain"):
        return {word: True}
    found = _WORD.fullmatch(word)
    if found is None:
        raise ValueError(f"column {column}: what is {word}?")
    if found["key"] == "is":
        return {"meaning": Meaning(found["value"])}
    if found["key"] == "codes":
        return {"codes": found["value"]}
    bounds = _RANGE.fullmatch(found["value"])
    if bounds is None:
        raise ValueError(f"column {column}: a range is LOW..HIGH")
    return {"low": float(bounds["low"]), "high": float(bounds["high"])}
