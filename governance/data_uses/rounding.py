"""How the public is told large numbers. Promise: a number cannot be followed from day to day: one person more or less
almost never shows, and a small group is never told.

Far coarser than what a project is answered: nobody checks who asks here, and the page can be kept and compared.
"""

from __future__ import annotations

FEWEST = 1_000
COARSE = 100
DIGITS = 3


def coarse(count: int) -> int | None:
    """Rounded to three figures, by hundreds at least; None below a thousand."""
    if count < FEWEST:
        return None
    base = max(COARSE, int(10 ** (len(str(count)) - DIGITS)))
    return (count + base // 2) // base * base


def say_count(count: int | None) -> str:
    """For people: `about 19,800`, or `fewer than 1,000`."""
    return f"fewer than {FEWEST:,}" if count is None else f"about {count:,}"
