"""M2: the NHS number agrees, the date of birth nearly, and something else."""

from __future__ import annotations

from intake.linkage.rules.rule import Rule, finder

RANK = 2
CONFIDENCE = 0.99
_YEAR, _MONTH = "coalesce(a.birth_year = f.birth_year, false)", "coalesce(a.birth_month = f.birth_month, false)"
_DAY = "coalesce(day(a.birth) = day(f.birth), false)"
_SWAPPED = f"({_YEAR} AND a.birth_month = day(f.birth) AND day(a.birth) = f.birth_month)"
_SEX, _POSTCODE = "coalesce(a.sex = f.sex, false)", "coalesce(a.postcode = f.postcode, false)"

NUMBER_AND_PARTS = Rule(
    rank=RANK,
    name="number-and-parts",
    title="valid NHS number, two of the three parts of the date of birth (or all, day and month swapped), and sex or "
    "postcode; where a feed has only year and month of birth, number, one of the two, sex and postcode",
    why="Day and month get swapped and years mistyped; three agreeing facts beside the number leave no room for "
    "another person's number.",
    find=finder(
        f"SELECT a.who, f.person_id, {CONFIDENCE} FROM asked a JOIN face f ON f.nhs_number = a.nhs_number WHERE "
        f"CASE WHEN a.birth IS NOT NULL "
        f"THEN ({_YEAR}::TINYINT + {_MONTH}::TINYINT + {_DAY}::TINYINT >= 2 OR {_SWAPPED}) AND ({_SEX} OR {_POSTCODE}) "
        f"ELSE ({_YEAR} OR {_MONTH}) AND {_SEX} AND {_POSTCODE} END"
    ),
)
