"""`reference table LEFT JOIN people`: rows that met no person belong to nobody. They are left out, as all rows without
a person are, and the answer says so; where conditions ask for just these rows, the query is refused."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from query_guard.policy.refusing import refuse
from query_guard.policy.relations.source import Conjunct, JoinKind, Source

NOTE = "rows of reference tables that met no person are left out"
#: Conditions that no missing value meets.
_COMPARING = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like, exp.ILike)
#: What may turn a missing value into one that meets a condition.
_FILLING = (exp.Is, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Concat)
_ASKING = (exp.Not, exp.Or, exp.And, exp.Subquery, exp.Exists, exp.Query, exp.Anonymous, exp.Greatest, exp.Least)


def kept_by_people(kinds: Iterable[tuple[JoinKind, bool]]) -> tuple[list[JoinKind], int | None]:
    """The ways in which relations (with whether they are about people) are joined once rows of nobody are left out, and
    the place of the one whose LEFT JOIN would have kept such rows."""
    kinds = list(kinds)
    joins = [kind for kind, _ in kinds]
    first = next((place for place, (_, is_private) in enumerate(kinds) if is_private), None)
    if first is None or joins[first] is not JoinKind.LEFT:
        return joins, None
    joins[first] = JoinKind.INNER
    return joins, first


def check_not_asked_for(source: Source, conjuncts: Iterable[Conjunct]) -> None:
    """Raise `join-keeps-nobody` where a condition outside its own ON could hold for a row that met no row of
    `source`."""
    for conjunct in conjuncts:
        looked_at = source.alias in conjunct.term.relations and conjunct.home != source.alias
        if looked_at and not (type(conjunct.node) in _COMPARING and not conjunct.node.find(*_FILLING, *_ASKING)):
            raise refuse("join-keeps-nobody", source.node)
