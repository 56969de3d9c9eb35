"""Words of a cohort: which people a project's extract holds, as data that is checked, kept as JSON and never SQL.

Promise: what does not have this shape is refused, and a document that was changed by hand is no cohort.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from enum import StrEnum

from governance.refusal import Refusal

_CONDITION = re.compile(r"([a-z_]+)\.([a-z_]+)=(\d{1,18}(?:,\d{1,18})*)")
_NAME = re.compile(r"[a-z_]+")
EARLIEST_YEAR, LATEST_YEAR = 1850, 2150
MOST_VALUES = 10_000


class Sex(StrEnum):
    """Sex as recorded."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True)
class CohortCondition:
    """People with at least one row of `table` whose `column` (an integer) is one of `values`."""

    table: str
    column: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Cohort:
    """Everybody by default; all that is given must hold. `born_after`, `born_before`: year of birth is later, earlier
    than this. `registered`: only people of whom a general practice has a record."""

    conditions: tuple[CohortCondition, ...] = ()
    born_after: int | None = None
    born_before: int | None = None
    sex: Sex | None = None
    registered: bool = False


def parse_condition(text: str) -> CohortCondition:
    """`table.column=id,id,...`. Raises Refusal `bad-cohort`."""
    found = _CONDITION.fullmatch(text.replace(" ", ""))
    if found is None:
        raise _bad(f"Not a cohort condition: {text}", "Write table.column=id,id with an OMOP table and a column of it.")
    return CohortCondition(found[1], found[2], tuple(int(value) for value in found[3].split(",")))


def check_cohort(cohort: Cohort) -> Cohort:
    """The cohort, if its words and years have their shapes. Raises Refusal `bad-cohort`."""
    for condition in cohort.conditions:
        names = _NAME.fullmatch(condition.table) and _NAME.fullmatch(condition.column)
        numbers = all(type(value) is int and 0 <= value < 10**18 for value in condition.values)
        if not names or not numbers or not 1 <= len(condition.values) <= MOST_VALUES:
            raise _bad("A cohort condition is not one.", "Write table.column=id,id.")
    for year in (cohort.born_after, cohort.born_before):
        if year is not None and (type(year) is not int or not EARLIEST_YEAR <= year <= LATEST_YEAR):
            raise _bad(f"A year of birth lies between {EARLIEST_YEAR} and {LATEST_YEAR}.", "Write YYYY.")
    return cohort


def write_cohort(cohort: Cohort) -> str:
    """The document the register keeps: the same cohort gives the same text."""
    return json.dumps(asdict(check_cohort(cohort)), sort_keys=True)


def read_cohort(document: str) -> Cohort:
    """Inverse of `write_cohort`. Raises Refusal `bad-cohort`: fail closed."""
    try:
        held = json.loads(document)
        conditions = tuple(
            CohortCondition(str(one.pop("table")), str(one.pop("column")), tuple(one.pop("values")), **one)
            for one in held.pop("conditions")
        )
        sex = held.pop("sex")
        cohort = Cohort(conditions, sex=None if sex is None else Sex(sex), **held)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _bad("The project's cohort is not one.", "Set it again: sde grant cohort.") from None
    if type(cohort.registered) is not bool:
        raise _bad("The project's cohort is not one.", "Set it again: sde grant cohort.")
    return check_cohort(cohort)


def _bad(message: str, remedy: str) -> Refusal:
    return Refusal("bad-cohort", message, remedy)
