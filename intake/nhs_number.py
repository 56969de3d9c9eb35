"""NHS numbers: ten digits, the last of which is a check digit (modulus 11), in Python and in SQL.

Source: NHS Data Dictionary, NHS NUMBER.
"""

from __future__ import annotations

import re

_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)
_WEIGHTS = range(10, 1, -1)
MODULUS = 11


def is_nhs_number(text: str) -> bool:
    """Whether a text is ten digits with the right check digit, not all zeros (which is what empty fields become)."""
    if not _TEN_DIGITS.fullmatch(text) or not int(text):
        return False
    check = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:9], strict=True)) % MODULUS
    return check % MODULUS == int(text[9])  # a check of 10 is never issued, and is no digit


def check_digit_sql(number: str) -> str:
    """SQL (boolean, NULL of NULL) that the check digit of an integer of at most ten digits is right.

    The digits one to nine times ten to two, and the tenth, add to a multiple of 11. With q(k) the number without its
    last k digits, the digit before them is q(k) - 10 q(k + 1), so that the weighted sum is that of (1 - 9k) q(k): half
    the divisions, and the weight of q(5) is a multiple of 11 itself.
    """
    weights = {place: (1 - 9 * place) % MODULUS for place in range(10)}
    weighted = " + ".join(f"{weight} * ({number} // {10**place})" for place, weight in weights.items() if weight)
    return f"({number} > 0 AND ({weighted}) % {MODULUS} = 0)"


def nhs_number_sql(column: str) -> str:
    """SQL (boolean, never NULL) that a BIGINT column holds a valid NHS number."""
    return f"coalesce({column} BETWEEN 1 AND 9999999999 AND {check_digit_sql(column)}, FALSE)"
