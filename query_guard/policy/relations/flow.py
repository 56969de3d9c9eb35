"""The person data flow: every relation is PUBLIC, PRIVATE or PROTECTED; a query is planned only if this proof holds.

**Claim.** Every row of a PRIVATE relation belongs to exactly one person, its column `person`; each person key in the
row is null or that person; and whether and how the row is there depends on that person's records, on reference data
and on published values only.

*Proof by induction over the query.*

**Tables.** A table about people has the claim by the catalogue (`TableKind.PRIVATE`: each row has one person_id; rows
whose person_id is null are left out by the rewriting).

**FROM** (`type_rows`), relation by relation:

1. *x is about nobody, inner or cross joined:* its columns are about nobody; the row keeps its person.
2. *x is about nobody, left joined:* the rows kept were there before: they have a person, or are about nobody still.
3. *x is about people, inner, cross or comma joined:* equalities of persons in WHERE and in ONs of inner joins hold
   for every row of the result, so relations connected by them carry one person per row; one that stays unconnected is
   refused.
4. *x is about people, left joined:* its own ON must equate its person with that of a relation before it, so its
   columns are null or the same person's. Only one equality that has x on one side counts: an ON of a left join filters
   nothing else, and two of them (x with a, x with b) would not make a and b one person. When nothing about people came
   before, the kept rows would belong to nobody: refused here; `nobody_rows` leaves them out where nothing asks for
   them, which is case 3. Connecting rows through x stays sound: a path leaves x by an equality that holds for every row
   (then x is not null), or by a relation left joined to x.
5. *x is about people, full joined:* as 4, and the rows of x that met nobody have x's person. The person of a row is
   the first of the two that is there. A path through x or through what came before stays sound: an equality that holds
   is of two persons that are there, and both are the row's. Full joins of what is about nobody are refused.
6. *x is semi or anti joined:* whether a row stays depends on rows of x. For x about people, ON must equate persons as
   in 4, so it depends on the same person's rows only. Columns of x are not visible afterwards.

An equality of *record* keys (visit_occurrence_id) is written with the equality of persons beside it, and then counts as
one: a record belongs to one person, so this changes nothing for honest data and proves the claim for any.

**Subqueries in conditions and values.** A subquery about people must tie all its relations to a relation about people
of the query around it (`outside`), which has the row's person or null: then it looks at that person's records only. Of
a FROM with a full join only WHERE ties: rows that met nobody pass every ON. One about nobody may look at anything of
the row. One that is tied by equalities of other things is a protected aggregate by these, and the row gets the
published value that has its own (`group_lookups`): it reads a PROTECTED relation, like reference data.
A list that stands by itself (`person_id IN (SELECT person_id ...)`) is of everybody, but asked about one person it
tells whether she is in it. Asked about nobody (a key that an outer join left null) it is unknown, where SQL would tell
whether it is empty.

**SELECT** of a PRIVATE FROM. Filters and expressions read only the row, and cannot raise (`terms`), so they neither
mix people nor signal. Windows partitioned by the person, GROUP BY with the person among its keys and DISTINCT with the
person among its columns look at one person's rows and keep the person: PRIVATE. Every other aggregate is a *protected
aggregate*: stage 8 makes it publishable, PROTECTED. A window without an order over many people's rows is such an
aggregate too, grouped by its PARTITION BY, and each row gets the published value of its own group (`people_windows`):
the row reads a PROTECTED relation by its own keys. A window in an order over many people's rows has no value at all;
rows that are chosen by one are never found out (`unknown_rows`).

**Set operations** (`type_set`). All branches PRIVATE: UNION ALL keeps each row and its person; UNION, INTERSECT and
EXCEPT compare rows with their persons, so a row depends on the same person's rows only (and needs a person key in the
caller's columns, or the words would mean something else). Branches about nobody stay about nobody. Mixed: refused.

**PROTECTED** relations hold published values only. What is computed from them is published as well, and where a query
about people reads them they are like reference data.

No person key is ever compared with anything but a person key, so no predicate can select a person by key. The root of
a query is PUBLIC or PROTECTED, or the query is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from query_guard.policy.plan import Flow
from query_guard.policy.relations.source import JoinKind


@dataclass(frozen=True)
class Part:
    """One relation of FROM, as far as the proof looks at it."""

    alias: str
    flow: Flow
    join: JoinKind


@dataclass(frozen=True)
class Link:
    """An equality of the persons of two relations, in WHERE (`home` empty) or in the ON of relation `home`."""

    one: str
    other: str
    home: str = ""


@dataclass(frozen=True)
class RowsType:
    """The flow of FROM's rows; `anchors`: the first of these relations whose person is there names the row's."""

    flow: Flow
    anchors: tuple[str, ...] = ()


class NotTyped(Exception):  # noqa: N818
    """The proof does not hold: `code` of the refusal, at relation `alias`."""

    def __init__(self, code: str, alias: str) -> None:
        super().__init__(code)
        self.code, self.alias = code, alias


def type_rows(parts: tuple[Part, ...], links: tuple[Link, ...], outside: frozenset[str] = frozenset()) -> RowsType:
    """The type of the rows of FROM and WHERE. `outside`: relations about people of the queries around a subquery.

    Raises NotTyped with `join-without-person`, `join-keeps-nobody` or `subquery-without-person`.
    """
    private = tuple(part for part in parts if part.flow is Flow.PRIVATE)
    _check_full_joins(parts)
    if not private:
        return RowsType(Flow.PROTECTED if any(part.flow is Flow.PROTECTED for part in parts) else Flow.PUBLIC)
    first = next((part for part in private if part.join.filters), None)
    if first is None:
        raise NotTyped("join-keeps-nobody", private[0].alias)
    start = outside or frozenset({first.alias})
    loose = "join-without-person"
    if outside and any(part.join is JoinKind.FULL for part in parts):
        links = tuple(link for link in links if not link.home or not {link.one, link.other} & outside)
        loose = "subquery-without-person"
    connected = _connected(start, parts, private, links, loose)
    for part in private:
        if part.alias not in connected:
            raise NotTyped("subquery-without-person" if outside else loose, part.alias)
    anchors = (first.alias, *(part.alias for part in private if part.join is JoinKind.FULL))
    return RowsType(Flow.PRIVATE, anchors)


def _check_full_joins(parts: tuple[Part, ...]) -> None:
    """Case 5: what is full joined is about people, and something about people came before it; otherwise rows would
    belong to nobody. Among relations about nobody a full join is what it is."""
    for place, part in enumerate(parts):
        before = any(one.flow is Flow.PRIVATE for one in parts[:place])
        if part.join is JoinKind.FULL and before != (part.flow is Flow.PRIVATE):
            raise NotTyped("join-keeps-nobody", part.alias)


def _connected(
    start: frozenset[str], parts: tuple[Part, ...], private: tuple[Part, ...], links: tuple[Link, ...], loose: str
) -> frozenset[str]:
    """The relations whose person is the start's, or null (cases 3 to 6)."""
    holding = {part.alias for part in parts if part.join is JoinKind.INNER} | {""}
    edges = [(link.one, link.other) for link in links if link.home in holding]
    for place, part in enumerate(private):
        if not part.join.filters:
            edges.append(_own_edge(part, links, loose, is_first=place == 0))
    connected = start
    while grown := frozenset(end for edge in edges if connected & set(edge) for end in edge) - connected:
        connected |= grown
    return connected


def _own_edge(part: Part, links: tuple[Link, ...], loose: str, *, is_first: bool) -> tuple[str, str]:
    """The one relation before it whose person an outer, semi or anti joined relation shares (see case 4)."""
    if is_first:
        raise NotTyped("join-keeps-nobody", part.alias)
    own = [link for link in links if link.home == part.alias and part.alias in (link.one, link.other)]
    if not own:
        raise NotTyped(loose, part.alias)
    return own[0].one, own[0].other


def type_set(flows: Iterable[Flow]) -> Flow | None:
    """The flow of a set operation over branches of these flows; None where people's rows would meet others'."""
    found = set(flows)
    if Flow.PRIVATE in found:
        return Flow.PRIVATE if found == {Flow.PRIVATE} else None
    return Flow.PROTECTED if Flow.PROTECTED in found else Flow.PUBLIC
