"""Windows over many people's rows without an order (`avg(x) OVER (PARTITION BY g)`): each is a protected aggregate of
its own, whose published value then stands in every row of its group.

The promise: what stands in a row is a published value, looked up by the row's own group keys, which are coarse enough
to be published beside it; where the value is hidden there is none. So a row still depends on its own person's records
and on published values only (see the proof in `flow`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from query_guard.policy.measures.asking import ask
from query_guard.policy.relations.build import Build
from query_guard.policy.relations.clauses import Clauses, OutputItem
from query_guard.policy.relations.origin import Origin
from query_guard.policy.relations.protected_select import compile_protected, requests_of
from query_guard.policy.relations.relation import Relation
from query_guard.policy.terms import Kind, Term, quote_name
from query_guard.policy.walking import window_function, windows_in

_PICKS = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
_NOTE = "holds a published total over many people: protected like any aggregate, and empty where that is hidden"


@dataclass
class PeopleWindows:
    """The windows of one SELECT of people's rows; those with the same PARTITION BY are published together."""

    build: Build
    origin: Origin
    nodes: tuple[Any, ...]
    _made: dict[Any, Relation] = field(default_factory=dict)
    _known: dict[int, frozenset[str]] = field(default_factory=dict)  # reasons by the identity of a node

    @classmethod
    def of(cls, build: Build, origin: Origin, clauses: Clauses) -> PeopleWindows:
        """Those of the clauses of a SELECT."""
        places = [item.node for item in clauses.items]
        places += [clauses.qualify] if clauses.qualify is not None else []
        return cls(build, origin, tuple(node for place in places for node in windows_in(place)))

    def reasons(self, node: Any) -> frozenset[str]:
        """The codes of refusals that keep the value of a window (`is_total`) back; empty where it is published."""
        if id(node) not in self._known:
            self._known[id(node)] = self._find_reasons(node)
        return self._known[id(node)]

    def _find_reasons(self, node: Any) -> frozenset[str]:
        rows = self.origin.rows
        for part in partition_of(node):
            found = rows.bare_column(part)
            key = rows.write(part) if found is None or not found.is_key else None
            if key is None or not key.exposes <= {ColumnUse.GROUP} or key.kind is Kind.OTHER:
                return frozenset({"window-over-people"})
            if key.withheld:
                return key.withheld
        requests = requests_of(self.build, self.origin)
        ask(requests, node.this)
        return frozenset(refusal.code for refusal in requests.withheld)

    def term(self, node: Any) -> Term:
        """The value of a window that is published."""
        keys = partition_of(node)
        relation = self._published(keys)
        column = relation.columns[_name(self._functions(keys).index(node.this))]
        alias = self.build.alias()
        terms = [self.origin.rows.write(key) for key in keys]
        pairs = zip(list(relation.columns.values())[: len(keys)], terms, strict=True)
        tests = [f"({alias}.{known.sql} IS NOT DISTINCT FROM {term.sql})" for known, term in pairs]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return Term(
            f"(SELECT min({alias}.{column.sql}) FROM {quote_name(relation.name)} AS {alias}{where})",
            column.kind,
            private=any(term.private for term in terms),
            exposes=frozenset().union(*(term.exposes for term in terms)),
            relations=frozenset().union(*(term.relations for term in terms)),
            functions=frozenset({"min"}).union(*(term.functions for term in terms)),
            reads=frozenset({relation.name}).union(*(term.reads for term in terms)),
            notes=column.notes | {_NOTE},
            looked_up=bool(terms),
        )

    def _functions(self, keys: tuple[Any, ...]) -> list[Any]:
        """The published functions over one PARTITION BY, each once."""
        found: list[Any] = []
        for node in self.nodes:
            if is_total(node) and partition_of(node) == keys and node.this not in found and not self.reasons(node):
                found.append(node.this)
        return found

    def _published(self, keys: tuple[Any, ...]) -> Relation:
        if keys not in self._made:
            self._made[keys] = self._publish(keys)
        return self._made[keys]

    def _publish(self, keys: tuple[Any, ...]) -> Relation:
        """The published table of one PARTITION BY: its keys, then its functions."""
        items = [OutputItem(f"key {number}", node) for number, node in enumerate(keys)]
        items += [OutputItem(_name(place), function) for place, function in enumerate(self._functions(keys))]
        compiled = compile_protected(self.build, self.origin, _grouping(tuple(items), keys), is_root=False)
        return self.build.land(self.build.define(compiled.body, compiled.relation))


def _name(place: int) -> str:
    return f"value {place}"


def is_total(node: Any) -> bool:
    """Whether a window's function is an aggregate over its whole partition."""
    function, _ = window_function(node)
    aggregate = isinstance(function, exp.AggFunc) and type(function) not in _PICKS
    aggregate = aggregate or type(function) is exp.WithinGroup
    spec = node.args.get("spec")
    return aggregate and (_is_whole(spec) if spec is not None else node.args.get("order") is None)


def _is_whole(spec: Any) -> bool:
    """Whether a frame reaches from the first row of the partition to the last: then no order matters."""
    bounds = [str(spec.args.get(side)).upper() for side in ("start", "start_side", "end", "end_side")]
    return bounds == ["UNBOUNDED", "PRECEDING", "UNBOUNDED", "FOLLOWING"] and not spec.args.get("exclude")


def partition_of(node: Any) -> tuple[Any, ...]:
    """The expressions of PARTITION BY, each once; a constant divides nothing."""
    parts = [part.unnest() for part in node.args.get("partition_by") or ()]
    return tuple(dict.fromkeys(part for part in parts if type(part) is not exp.Literal))


def _grouping(items: tuple[OutputItem, ...], keys: tuple[Any, ...]) -> Clauses:
    """`SELECT items GROUP BY keys`."""
    return Clauses(
        node=exp.Select(expressions=[item.node.copy() for item in items]),
        items=items,
        keys=keys,
        levels=(tuple(range(len(keys))),),
        levelled=False,
        aggregated=True,
        distinct=False,
        having=None,
        qualify=None,
        order=(),
        limit=None,
        offset=0,
        windowed=False,
    )
