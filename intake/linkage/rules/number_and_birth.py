"""M1: the NHS number and the date of birth agree."""

from __future__ import annotations

from intake.linkage.rules.rule import Rule, finder

RANK = 1
#: Shares of right links on synthetic regions (benchmarks/linkage.py), rounded down; not the odds of one link.
WHOLE_DATE, YEAR_AND_MONTH = 0.9999, 0.999

NUMBER_AND_BIRTH = Rule(
    rank=RANK,
    name="number-and-birth",
    title="valid NHS number and date of birth; where a feed has only year and month of birth, number, year and month",
    why="Nobody else holds the number, and a slip in its digits does not meet the other person's date of birth too.",
    find=finder(
        f"SELECT a.who, f.person_id, CASE WHEN a.birth IS NULL THEN {YEAR_AND_MONTH} ELSE {WHOLE_DATE} END "
        "FROM asked a JOIN face f ON f.nhs_number = a.nhs_number "
        "WHERE a.birth_year = f.birth_year AND a.birth_month = f.birth_month AND coalesce(a.birth = f.birth, true)"
    ),
)
