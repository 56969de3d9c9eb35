"""How many rows a query could make of one person, as a rough number, and where that is too many.

Promise: rows of one person that meet each with each are no way to make a question fail or not by what she has. A
product of seven tables takes longer than a query may for somebody with twenty records in each, and no time for
somebody with none: one bit about one person, whatever is published. So products are bounded before anything runs, by
the question alone: a person is thought to have `RECORDS` rows in a table that holds several of hers.

Three such tables may meet each with each; any number may where they are tied by a key of records, or are brought to one
row a person first. What people's rows meet in reference data counts by its rows where nothing ties it to theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from query_guard.policy.refusing import refuse
from query_guard.policy.relations.source import Conjunct, Source
from query_guard.policy.terms import Term

if TYPE_CHECKING:
    from query_guard.policy.rows import Rows

RECORDS = 100  # of one person in one table
MOST_ROWS = 10**7  # of one person in one relation
REFERENCE_ROWS = 1000  # of a reference table that nothing ties to people's rows
_TIED_ROWS = 10  # of one that only other reference data tie: what one code leads to


def size_of_rows(sources: tuple[Source, ...], conjuncts: tuple[Conjunct, ...], outer: Rows | None = None) -> int:
    """The rows that FROM could make of one person's, semi and anti joined relations aside. `outer`: the query around a
    subquery; one that looks at the row around it is worked out for each such row.

    Raises `join-too-wide`.
    """
    own = {source.alias for source in sources}
    is_tied = any(one.term.relations - own for one in conjuncts)
    contexts = (outer, *outer.around()) if outer is not None and is_tied else ()
    before = _product((source for rows in contexts for source in rows.sources if source.is_private), ())
    kept: list[Source] = []
    for source in sources:
        check_size(before * _product([*kept, source], conjuncts), source.node)
        if source.join.keeps_columns:
            kept.append(source)
    return _product(kept, conjuncts)


def size_of_keys(keys: Iterable[Term], sources: tuple[Source, ...], conjuncts: tuple[Conjunct, ...]) -> int:
    """The groups that these keys could make of one person's rows."""
    named = frozenset().union(*(key.relations for key in keys))
    return _product((one for one in sources if one.alias in named and one.join.keeps_columns), conjuncts)


def check_size(size: int, node: object) -> int:
    """The size, unless it is too many. Raises `join-too-wide`."""
    if size > MOST_ROWS:
        raise refuse("join-too-wide", node)
    return size


def _product(sources: Iterable[Source], conjuncts: tuple[Conjunct, ...]) -> int:
    by_alias = {source.alias: source for source in sources}
    people = {alias for alias, source in by_alias.items() if source.is_private}
    size = 1
    for alias, source in by_alias.items():
        if alias in people:
            size *= source.relation.size
        elif not source.relation.single_row:
            size *= _reference_rows(source, conjuncts, people)
    for alias in _looked_up(by_alias, conjuncts):
        size = max(1, size // by_alias[alias].relation.size)
    return size


def _reference_rows(source: Source, conjuncts: tuple[Conjunct, ...], people: set[str]) -> int:
    """Rows of reference data that one row meets: what an equality with people's rows leads to counts as one."""
    ties = [others for one in conjuncts for owner, _, others in one.keyed if owner == source.alias]
    if any(others & people for others in ties):
        return 1
    return min(_TIED_ROWS, source.relation.size) if ties else source.relation.size


def _looked_up(by_alias: dict[str, Source], conjuncts: tuple[Conjunct, ...]) -> list[str]:
    """The relations of which a row meets one record at most: found by a key that no two of its rows share."""
    groups = {alias: alias for alias in by_alias}
    found = []
    for one in conjuncts:
        if not one.looked_up or one.link is None or not set(one.link) <= by_alias.keys():
            continue
        left, right = (groups[alias] for alias in one.link)
        if left != right:
            groups = {alias: left if group == right else group for alias, group in groups.items()}
            found.append(one.looked_up)
    return found
