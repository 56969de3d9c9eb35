"""NHS numbers: ten digits, the last of which is a check digit (modulus 11), in Python and in SQL.

Source: NHS Data Dictionary, NHS NUMBER.
"""

from __future__ import annotations

import re

_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)
_WEIGHTS = range(10, 1, -1)


def is_nhs_number(text: str) -> bool:
    """Whether a text is ten digits with the right check digit, not all zeros (which is what empty fields become)."""
    if not _TEN_DIGITS.fullmatch(text) or not int(text):
        return False
    check = 11 - sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:9], strict=True)) % 11
    return check % 11 == int(text[9])  # a check of 10 is never issued, and is no digit


def nhs_number_sql(column: str) -> str:
    """SQL (boolean, never NULL) that a BIGINT column holds a valid NHS number."""
    digits = " + ".join(f"{weight} * (({column} // {10 ** (weight - 1)}) % 10)" for weight in _WEIGHTS)
    check = f"(11 - ({digits}) % 11) % 11"
    return f"coalesce({column} BETWEEN 1 AND 9999999999 AND {check} = {column} % 10, FALSE)"
