"""What the attacker knows and wants to know: people of GiBleed who can be named, and a secret of each.

An attacker knows of some people their sex, year of birth, race and the day of one event (a fall everybody saw), which
is enough to name them in SQL. Whether they have the condition `SECRET` is what is to be found out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import duckdb
import numpy as np

from benchmarks.disclosure.ways import PROJECT
from tests.support.guard_lab import GuardLab

SECRET = 378001  # concussion with no loss of consciousness: 852 of 2,694 people
SEEN = 81151  # sprain of ankle: the event whose day the attacker knows
HAS_SECRET = (
    "exists (select 1 from condition_occurrence s where s.person_id = p.person_id"
    f" and s.condition_concept_id = {SECRET})"
)


@dataclass(frozen=True)
class Target:
    """One person: what is known of them (year of birth, sex, race, the day they were seen), and the truth."""

    year: int
    sex: int
    race: int
    day: date
    has_secret: bool
    days_supply: float  # in all their prescriptions: taken to be known

    @property
    def name(self) -> str:
        """The condition on `person p` that only they meet."""
        return any_of([self])


@dataclass(frozen=True)
class Background:
    """The people and years an attack works with, drawn with a fixed seed."""

    connection: duckdb.DuckDBPyConnection

    @cached_property
    def people(self) -> tuple[Target, ...]:
        """Everybody who can be named."""
        rows = self.connection.execute(f"""
            WITH known AS (
                SELECT p.person_id, p.year_of_birth AS y, p.gender_concept_id AS g, p.race_concept_id AS r,
                    min(c.condition_start_date) AS day, bool_or({HAS_SECRET}) AS secret
                FROM person p JOIN condition_occurrence c USING (person_id)
                WHERE c.condition_concept_id = {SEEN} GROUP BY ALL),
            days AS (SELECT person_id, sum(days_supply) AS days FROM drug_exposure GROUP BY 1)
            SELECT y, g, r, day, any_value(secret), any_value(days)
            FROM known LEFT JOIN days USING (person_id) GROUP BY y, g, r, day HAVING count(*) = 1 ORDER BY ALL
        """).fetchall()
        return tuple(
            Target(year, sex, race, day, secret, float(days or 0))
            for year, sex, race, day, secret, days in rows
            if 1940 <= year <= 1975
        )

    @cached_property
    def years(self) -> tuple[int, ...]:
        """All years of birth."""
        found = self.connection.execute("SELECT DISTINCT year_of_birth FROM person ORDER BY 1").fetchall()
        return tuple(year for (year,) in found)

    def targets(self, number: int, rng: np.random.Generator) -> list[Target]:
        """So many people, half of them with the secret: guessing is right half the time."""
        half = number // 2
        chosen = []
        for has_secret in (True, False):
            group = [person for person in self.people if person.has_secret is has_secret]
            chosen += [group[place] for place in rng.choice(len(group), half, replace=False)]
        return [chosen[place] for place in rng.permutation(len(chosen))]

    def pads(self, target: Target, number: int, size: int, rng: np.random.Generator) -> list[list[int]]:
        """So many sets of years of birth, each with the target's own."""
        others = np.array([year for year in self.years if year != target.year])
        return [[target.year, *map(int, rng.choice(others, size - 1, replace=False))] for _ in range(number)]

    def value(self, sql: str) -> float:
        """A true number."""
        row = self.connection.execute(sql).fetchone()
        return float(row[0]) if row and row[0] is not None else 0.0


def any_of(people: Sequence[Target]) -> str:
    """The condition on `person p` that only these people meet."""
    known = ", ".join(f"({one.year}, {one.sex}, {one.race}, DATE '{one.day}')" for one in people)
    return (
        "p.person_id in (select k.person_id from condition_occurrence k join person q on q.person_id = k.person_id"
        f" join (values {known}) w(y, g, r, d) on w.y = q.year_of_birth and w.g = q.gender_concept_id"
        " and w.r = q.race_concept_id and w.d = k.condition_start_date"
        f" where k.condition_concept_id = {SEEN})"
    )


@contextmanager
def background(lab: GuardLab) -> Iterator[Background]:
    """Over the extract of a lab, which the connection locks against nobody."""
    with duckdb.connect(str(lab.data(PROJECT).database), read_only=True) as connection:
        yield Background(connection)


def listed(pads: list[list[int]]) -> str:
    """Pads as a list of values `v(pad, y)`; at most 500 rows."""
    rows = ", ".join(f"({place}, {year})" for place, years in enumerate(pads) for year in years)
    return f"(values {rows}) v(pad, y)"
