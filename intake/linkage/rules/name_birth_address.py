"""M3: without the number, everything else agrees."""

from __future__ import annotations

from intake.linkage.rules.rule import Rule, finder
from intake.linkage.wording import same_name_sql

RANK = 3
CONFIDENCE = 0.99
#: Names are costly to compare, so only within such a pair; without this step they would be a key of the join, made for
#: every person there is.
_PAIRS = (
    "SELECT a.who, f.person_id, a.surname, a.forename, f.surname AS held_surname, f.forename AS held_forename "
    "FROM asked a JOIN face f ON f.birth = a.birth AND f.postcode = a.postcode AND f.sex = a.sex"
)

NAME_BIRTH_ADDRESS = Rule(
    rank=RANK,
    name="name-birth-address",
    title="surname, forename, date of birth, sex and postcode; case, accents and punctuation aside",
    why="Twins differ by forename or sex, a father and a son of one name by date of birth; two people who share all "
    "five are not told apart, and neither is linked.",
    find=finder(
        f"WITH pair AS MATERIALIZED ({_PAIRS}) SELECT who, person_id, {CONFIDENCE} FROM pair "
        f"WHERE {same_name_sql('surname', 'held_surname')} AND {same_name_sql('forename', 'held_forename')}"
    ),
)
