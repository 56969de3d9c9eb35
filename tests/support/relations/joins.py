"""FROM, JOIN and WHERE in plain Python, as SQL means them: the truth for the proof of `relations.flow`.

A table is a list of entries. An entry is a pair: the number of its person (None: the record names nobody; 0 in a table
about nobody) and a value that conditions may look at. A joined row has one place for each relation: its entry, or None
where an outer join found nothing. It shares no code with query_guard.policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

Entry = tuple[int | None, int]  # (7, 1) is a record of person 7 with the value 1
Row = tuple[Entry | None, ...]
Tables = tuple[tuple[Entry, ...], ...]

KINDS = ("inner", "cross", "left", "full", "semi", "anti")
HIDING = ("semi", "anti")
WHERE = -1
OUTSIDE = 100  # relations of the query around a subquery are numbered from here


@dataclass(frozen=True)
class Tie:
    """`one.person_id = other.person_id`, in WHERE or in the ON of relation number `home`."""

    one: int
    other: int
    home: int = WHERE


@dataclass(frozen=True)
class Join:
    """FROM relation 0, then `kinds[i - 1]` JOIN relation i; `about_people[i]`: whether its entries are people's.

    `choosy`: the relations whose ON also asks that the values of all that is there add up to an even number.
    """

    about_people: tuple[bool, ...]
    kinds: tuple[str, ...]
    ties: tuple[Tie, ...]
    choosy: frozenset[int] = frozenset()

    def kind(self, place: int) -> str:
        """How a relation came into FROM."""
        return self.kinds[place - 1] if place else "first"


def possible_ties(
    about_people: tuple[bool, ...], kinds: tuple[str, ...], outside: tuple[int, ...] = ()
) -> tuple[Tie, ...]:
    """Every equality of persons that SQL would let one write: ON names what came before it, WHERE what is visible."""
    found = []
    inside = [place for place, people in enumerate(about_people) if people]
    for one, other in [*combinations(inside, 2), *product(inside, outside)]:
        homes = [home for home in range(1, len(about_people)) if kinds[home - 1] != "cross"]
        found += [Tie(one, other, home) for home in homes if _visible(one, other, home, kinds)]
        if not any(_is_hidden(place, kinds) for place in (one, other)):
            found.append(Tie(one, other))
    return tuple(found)


def _is_hidden(place: int, kinds: tuple[str, ...]) -> bool:
    return 0 < place < OUTSIDE and kinds[place - 1] in HIDING


def _visible(one: int, other: int, home: int, kinds: tuple[str, ...]) -> bool:
    """Whether the ON of `home` may name both: they come before it (or are it), and are no semi joined relation before
    it."""
    return all(place >= OUTSIDE or place <= home for place in (one, other)) and not any(
        _is_hidden(place, kinds) and place != home for place in (one, other)
    )


def rows_of(join: Join, tables: Tables, around: Mapping[int, Entry | None] | None = None) -> Iterator[Row]:
    """The rows of FROM and WHERE. `around`: the entries of the row around a subquery."""
    around = around or {}
    rows: list[Row] = [(entry,) for entry in tables[0]]
    for place in range(1, len(tables)):
        rows = list(_joined(join, place, rows, tables[place], around))
    where = [tie for tie in join.ties if tie.home == WHERE]
    return (row for row in rows if all(_holds(tie, row, around) for tie in where))


def _joined(
    join: Join, place: int, rows: list[Row], table: tuple[Entry, ...], around: Mapping[int, Entry | None]
) -> Iterator[Row]:
    kind, ties = join.kind(place), [tie for tie in join.ties if tie.home == place]
    met: set[int] = set()
    for row in rows:
        matches = [
            number
            for number, entry in enumerate(table)
            if all(_holds(tie, (*row, entry), around) for tie in ties)
            and not (place in join.choosy and _is_odd((*row, entry)))
        ]
        met.update(matches)
        if kind in HIDING:
            if bool(matches) == (kind == "semi"):
                yield (*row, None)
            continue
        yield from ((*row, table[number]) for number in matches)
        if not matches and kind in ("left", "full"):
            yield (*row, None)
    if kind == "full":
        yield from ((*(None,) * place, entry) for number, entry in enumerate(table) if number not in met)


def _holds(tie: Tie, row: Row, around: Mapping[int, Entry | None]) -> bool:
    one, other = (around[place] if place >= OUTSIDE else row[place] for place in (tie.one, tie.other))
    return one is not None and other is not None and one[0] is not None and one[0] == other[0]


def _is_odd(row: Row) -> bool:
    return sum(entry[1] for entry in row if entry is not None) % 2 == 1


def person_of(row: Row, anchors: tuple[int, ...]) -> int | None:
    """COALESCE of the anchors' persons."""
    there = (row[place] for place in anchors)
    return next((entry[0] for entry in there if entry is not None and entry[0] is not None), None)


def of_person(tables: Tables, about_people: tuple[bool, ...], person: int) -> Tables:
    """The same tables with nobody else in them."""
    return tuple(
        tuple(entry for entry in table if not people or entry[0] == person)
        for table, people in zip(tables, about_people, strict=True)
    )


def broken_claim(join: Join, tables: Tables, anchors: tuple[int, ...], persons: tuple[int, ...]) -> str:
    """What of the claim of `relations.flow` these data break; empty when it holds."""
    rows = [(row, person_of(row, anchors)) for row in rows_of(join, tables)]
    kept = [(row, person) for row, person in rows if person is not None]  # the rewriting leaves nobody's rows out
    for row, person in kept:
        keys = {entry[0] for entry, people in zip(row, join.about_people, strict=True) if people and entry is not None}
        if not keys <= {None, person}:
            return f"the row {row} holds two persons"
    for person in persons:
        own = Counter(row for row, owner in kept if owner == person)
        alone = rows_of(join, of_person(tables, join.about_people, person))
        if own != Counter(row for row in alone if person_of(row, anchors) is not None):
            return f"the rows of person {person} depend on others"
    return ""


def broken_tie(
    join: Join, tables: Tables, anchors: tuple[int, ...], around: Mapping[int, Entry | None], person: int
) -> str:
    """The same for a subquery: its rows, beside a row of `person`, look at the records of `person` only."""
    found = Counter(row for row in rows_of(join, tables, around) if person_of(row, anchors) is not None)
    own = of_person(tables, join.about_people, person)
    alone = Counter(row for row in rows_of(join, own, around) if person_of(row, anchors) is not None)
    return "" if found == alone else f"beside {around} the subquery sees others"
