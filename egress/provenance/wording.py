"""Labels made comparable: "n_2019" and "N 2019", "2019.0" and 2019, a day at midnight and the day are the same."""

from __future__ import annotations

import re
from functools import lru_cache

from governance.answers import Value

TOKEN = re.compile(r"[<>≤≥]=?|\d+(?:\.\d+)?|[^\W\d_]+|[%+]")
MIDNIGHT = re.compile(r"[ T]00:00:00(?:\.0+)?$")
NO_FRACTION = re.compile(r"(\d+)\.0+")
NOTHING = frozenset({"nan", "null", "none", "na", "nat"})
TOTALS = frozenset({"total", "totals", "all", "sum", "overall", "grand", "any", "both", "everyone", "everybody"})
LONGEST_RUN = 8  # words; a header names no longer group
MOST_WORDS = 24


@lru_cache(2**15)
def normal(text: str) -> str:
    """The words and numbers of a label in lower case; empty for a blank."""
    words = TOKEN.findall(MIDNIGHT.sub("", text.strip()).casefold())
    said = " ".join(NO_FRACTION.sub(r"\1", word) for word in words)
    said = f"-{said}" if re.match(r"\s*[-−]\d", text) else said
    return "" if said in NOTHING else said


def normal_value(value: Value) -> str:
    """The same of an answer's cell."""
    return "" if value is None else normal(str(value))


@lru_cache(2**15)
def runs_of(label: str) -> tuple[str, ...]:
    """Every run of words in a normal label, longest first: a header "n 2019" names 2019."""
    words = label.split()[:MOST_WORDS]
    longest = min(len(words), LONGEST_RUN)
    return tuple(
        " ".join(words[at : at + size]) for size in range(longest, 0, -1) for at in range(len(words) - size + 1)
    )


def is_total(label: str) -> bool:
    """Whether a normal label says that everything below it is taken together."""
    words = label.split()
    return bool(words) and words[0] in TOTALS and len(words) <= 3
