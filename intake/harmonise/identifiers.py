"""Row identifiers of the region: 63 bits that say which rule made the row of which record, so that no two are equal and
a visit can be named without having been seen.

- of a staged record:      slot (8 bits) | place (4) | record_id (51)
- of a person and a day:   slot (8 bits) | person_id (38) | days since 1800 (17)

A slot is a rule's (of a rule with several code columns, a column's) number over all mappings in their order. They hold
within one version of the region; an extract has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from intake.omop.mapping import FeedMapping

SLOT_SHIFT, PLACE_SHIFT = 55, 51
PERSON_SHIFT = 17
FIRST_DAY = "DATE '1800-01-01'"
MOST_SLOTS, MOST_RECORD, MOST_PERSON = 1 << 8, 1 << 51, 1 << 38


def number_slots(mappings: Iterable[FeedMapping]) -> Mapping[tuple[str, str], int]:
    """The first slot of each (feed, rule). Raises ValueError if there are more than 256."""
    slots: dict[tuple[str, str], int] = {}
    following = 0
    for mapping in mappings:
        for rule in mapping.rows:
            slots[mapping.feed, rule.name] = following
            following += rule.slots
    if following > MOST_SLOTS:
        raise ValueError(f"the mappings make {following} kinds of row; there is room for {MOST_SLOTS}")
    return slots


def record_key(slot: str, place: str, record: str) -> str:
    """SQL of the identifier of a row made of a staged record."""
    return f"((CAST({slot} AS BIGINT) << {SLOT_SHIFT}) | (CAST({place} AS BIGINT) << {PLACE_SHIFT}) | {record})"


def day_key(slot: int, person: str, day: str) -> str:
    """SQL of the identifier of a person's one row of a day."""
    days = f"greatest({day} - {FIRST_DAY}, 0)"
    return f"((CAST({slot} AS BIGINT) << {SLOT_SHIFT}) | ({person} << {PERSON_SHIFT}) | {days})"
