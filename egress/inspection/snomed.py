"""Tells a SNOMED CT identifier from any other long number, so that a table of codes raises no alarm.

Source: SNOMED CT Release File Specification, section 6: partition identifier and Verhoeff check digit.
"""

from __future__ import annotations

VERHOEFF_TIMES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
VERHOEFF_MOVES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
SNOMED_PARTITIONS = frozenset({"00", "01", "02", "10", "11", "12"})


def is_snomed_id(digits: str) -> bool:
    """A SNOMED CT identifier: 6 to 18 digits, a known partition, a valid Verhoeff check digit."""
    if not (6 <= len(digits) <= 18 and digits.isdecimal() and digits[-3:-1] in SNOMED_PARTITIONS):
        return False
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = VERHOEFF_TIMES[check][VERHOEFF_MOVES[place % 8][int(digit)]]
    return check == 0
