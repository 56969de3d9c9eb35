"""M3: without the number, everything else agrees."""

from __future__ import annotations

from intake.linkage.rules.rule import Rule, finder
from intake.linkage.wording import compared_name_sql

RANK = 3
CONFIDENCE = 0.99

NAME_BIRTH_ADDRESS = Rule(
    rank=RANK,
    name="name-birth-address",
    title="surname, forename, date of birth, sex and postcode; case, accents and punctuation aside",
    why="Twins differ by forename or sex, a father and a son of one name by date of birth; two people who share all "
    "five are not told apart, and neither is linked.",
    find=finder(
        f"SELECT a.who, f.person_id, {CONFIDENCE} FROM asked a "
        "JOIN face f ON f.birth = a.birth AND f.postcode = a.postcode AND f.sex = a.sex "
        f"WHERE {compared_name_sql('a.surname')} = {compared_name_sql('f.surname')} "
        f"AND {compared_name_sql('a.forename')} = {compared_name_sql('f.forename')}"
    ),
)
