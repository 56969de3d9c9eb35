"""Averaging: the same number asked for in many ways, in the hope that each is wrong in another way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.disclosure.attacks.attack import Attack, Finding
from benchmarks.disclosure.attacks.padding import ask_of_pads
from benchmarks.disclosure.people import HAS_SECRET, Background
from benchmarks.disclosure.ways import Way

GROUPS, CUTS, AT_ONCE = 10, 60, 15
#: Wordings of one question; `{low}` to `{high}` are years of birth that follow one another.
WORDINGS = (
    "select count(*) from person p where {s} and p.year_of_birth between {low} and {high}",
    "select count(1) from person p where {s} and {low} <= p.year_of_birth and not p.year_of_birth > {high}",
    "select sum(1) from person p where {s} and p.year_of_birth >= {low} and p.year_of_birth <= {high}",
    "select sum(case when p.year_of_birth between {low} and {high} then 1 else 0 end) from person p where {s}",
    "select count(*) filter (where p.year_of_birth between {low} and {high}) from person p where {s}",
    "select count(p.year_of_birth) from person p where {s} and p.year_of_birth + 1 > {low}"
    " and {high} >= p.year_of_birth",
    "select count(*) from (select * from person p where {s}) x where x.year_of_birth between {low} and {high}",
    "with x as (select p.person_id from person p where {s} and p.year_of_birth between {low} and {high})"
    " select count(*) from x",
    "select count(*) from person p left join (values (1)) v(one) on true where {s}"
    " and p.year_of_birth between {low} and {high}",
    "select count(*) * 10 / 10 from person p where {s} and p.year_of_birth between {low} and {high} and 1 = 1",
)


def _groups(known: Background, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Ranges of years and how many people with the secret they hold, no multiple of five."""
    found: list[tuple[int, int, int]] = []
    while len(found) < GROUPS:
        low = int(rng.integers(1930, 1960))
        high = low + int(rng.integers(8, 16))
        sql = f"SELECT count(*) FROM person p WHERE {HAS_SECRET} AND p.year_of_birth BETWEEN {low} AND {high}"
        true = int(known.value(sql))
        if true % 5 and (low, high, true) not in found:
            found.append((low, high, true))
    return found


def reword(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """Share of exact numbers told by the mean of ten wordings."""
    right = 0.0
    for low, high, true in _groups(known, rng):
        told = [way.ask(text.format(s=HAS_SECRET, low=low, high=high)).value for text in WORDINGS]
        numbers = [value for value in told if value is not None]
        if len(set(numbers)) > 1:
            right += round(float(np.mean(numbers))) == true
        else:  # always the same: as good as any number that is rounded to it
            right += float(numbers[0] == true) if numbers and numbers[0] % 5 else 0.2
    return Finding(right / GROUPS)


def cut_up(way: Way, known: Background, rng: np.random.Generator) -> Finding:
    """The same by the sums of parts: each way to cut the group in two rounds differently."""
    right = 0
    select = (
        "count(distinct p.person_id) as x from person p join {pads} on v.y = p.year_of_birth"
        " where {secret} and {whom} group by v.pad"
    )
    for low, high, true in _groups(known, rng):
        years, sums = np.arange(low, high + 1), list[float]()
        for _ in range(CUTS // AT_ONCE):
            order = [rng.permutation(years) for _ in range(AT_ONCE)]
            sides = [[list(map(int, part)) for part in np.array_split(one, 2)] for one in order]
            told = ask_of_pads(way, select, [side for pair in sides for side in pair], "true")
            places = pairwise(range(2 * AT_ONCE))
            sums += [told[one] + told[two] for one, two in places if one % 2 == 0 and one in told and two in told]
        right += bool(sums) and round(float(np.mean(sums))) == true
    return Finding(right / GROUPS)


AVERAGING = (
    Attack(
        "one question in ten wordings: exact number",
        reword,
        "rounding follows from the people asked about, not from the words",
        guessing=0.2,
    ),
    Attack(
        f"  the sums of {CUTS} ways to cut it in two",
        cut_up,
        "NOT stopped, only made dear: the parts are not near one another",
        guessing=0.2,
    ),
)
