"""What may be asked for feasibility: a closed form, so that nobody can say anything but it. Promise: every part is one
of a list or a bounded whole number; time in whole years, age in tens of years.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from governance.refusal import Refusal
from governance.roles import FEASIBILITY_PROJECT

SLUG = FEASIBILITY_PROJECT
#: Table -> what people read, its column of concepts, its day.
TABLES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "condition_occurrence": ("Illnesses and symptoms", "condition_concept_id", "condition_start_date"),
        "drug_exposure": ("Medicines and vaccines", "drug_concept_id", "drug_exposure_start_date"),
        "procedure_occurrence": ("Operations and treatment", "procedure_concept_id", "procedure_date"),
        "measurement": ("Test results", "measurement_concept_id", "measurement_date"),
        "observation": ("Other facts", "observation_concept_id", "observation_date"),
        "visit_occurrence": ("Visits", "visit_concept_id", "visit_start_date"),
    }
)
FIRST_YEAR, LAST_YEAR = 1900, 2100
MOST_CONCEPTS = 50
MOST_CONCEPT = 2**62
AGE_STEP, OLDEST = 10, 90
SHORTEST_SEARCH, LONGEST_SEARCH = 3, 60


class Sex(StrEnum):
    """Of whom."""

    BOTH = "both"
    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True)
class Wish:
    """How many people have a record of one of these concepts (empty: any) in these years (inclusive; 0: no bound), of
    this sex, and of an age of at least `age_from` and less than `age_below` (0: no bound) at the end of that time."""

    table: str
    concepts: tuple[int, ...] = ()
    first_year: int = 0
    last_year: int = 0
    sex: Sex = Sex.BOTH
    age_from: int = 0
    age_below: int = 0

    def __post_init__(self) -> None:
        """Raises Refusal `bad-wish`."""
        years = [year for year in (self.first_year, self.last_year) if year]
        good = (
            self.table in TABLES
            and len(self.concepts) <= MOST_CONCEPTS
            and all(type(concept) is int and 0 < concept < MOST_CONCEPT for concept in self.concepts)
            and all(type(year) is int and FIRST_YEAR <= year <= LAST_YEAR for year in years)
            and years == sorted(years)
            and all(_is_step(age) for age in (self.age_from, self.age_below))
            and not 0 < self.age_below <= self.age_from
        )
        if not good:
            raise Refusal("bad-wish", "This cannot be counted.", "Choose from the lists; years in order; ages in tens.")

    def write(self) -> str:
        """For the register."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Search:
    """Which concepts have these words in their names."""

    table: str
    words: str

    def __post_init__(self) -> None:
        """Raises Refusal `bad-wish`."""
        length = SHORTEST_SEARCH <= len(self.words.strip()) <= LONGEST_SEARCH
        if self.table not in TABLES or not length or not self.words.isprintable():
            remedy = f"Type {SHORTEST_SEARCH} to {LONGEST_SEARCH} letters of a name."
            raise Refusal("bad-wish", "This cannot be looked for.", remedy)

    def write(self) -> str:
        """For the register."""
        return json.dumps(asdict(self), sort_keys=True)


def read_wish(document: str) -> Wish | Search:
    """Inverse of `write`. Raises Refusal `bad-wish`."""
    try:
        told: dict[str, Any] = json.loads(document)
        if "words" in told:
            return Search(str(told["table"]), str(told["words"]))
        return Wish(**{**told, "concepts": tuple(told["concepts"]), "sex": Sex(told["sex"])})
    except (ValueError, KeyError, TypeError):
        raise Refusal("bad-wish", "This cannot be counted.", "Ask anew.") from None


def _is_step(age: int) -> bool:
    return type(age) is int and 0 <= age <= OLDEST and age % AGE_STEP == 0
