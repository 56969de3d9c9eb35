"""A query inside the query whose rows are chosen by a rank over all people: a percentile made by hand.

Its rows are never found out. It stands for one row without values, flagged, so that the rest of the query is answered;
where its rows would be counted, joined or searched, the whole query is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from governance.refusal import Refusal
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import excerpt
from query_guard.policy.relations.build import written
from query_guard.policy.relations.column import Column
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.source import JoinKind, Source
from query_guard.policy.relations.states import HIDDEN
from query_guard.policy.terms import Kind

CODE = "percentile-by-hand"


def unknown_rows(select: Any, refusal: Refusal) -> Compiled:
    """What stands for the SELECT that `refusal` is about. Raises it again where its columns are not named."""
    names = [_name(item) for item in select.expressions]
    if refusal.code != CODE or not all(names) or len(set(names)) < len(names):
        raise refusal
    note = f"not released: {refusal.message} {refusal.remedy}"
    columns = {
        name.lower(): Column(
            name, f"c{number}", Kind.NULL, state=f"s{number}", notes=frozenset({note}), withheld=frozenset({CODE})
        )
        for number, name in enumerate(names, 1)
    }
    listed = ", ".join(f"NULL AS {column.sql}, {HIDDEN} AS {column.state}" for column in columns.values())
    relation = Relation(Flow.PROTECTED, "", columns, free=True, single_row=True, unknown=refusal)
    return Compiled(written(f"SELECT {listed}"), relation)


def _name(item: Any) -> str:
    if item.is_star:
        return ""
    return str(item.alias_or_name) or excerpt(item).lower()


def check_known(relation: Relation) -> Relation:
    """The relation. Raises the refusal that keeps its rows unknown."""
    if relation.unknown is not None:
        raise relation.unknown
    return relation


def why_unknown(sources: Iterable[Source], flow: Flow) -> Refusal | None:
    """Why the rows of a FROM are unknown, or None. Raised at once where unknown rows would decide about others."""
    found = [source for source in sources if source.relation.unknown is not None]
    for source in found:
        if flow is Flow.PRIVATE or source.join not in (JoinKind.FIRST, JoinKind.CROSS):
            check_known(source.relation)
    return found[0].relation.unknown if found else None
