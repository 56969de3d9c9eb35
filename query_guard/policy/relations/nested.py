"""Queries inside the query: in FROM, and in conditions and values (EXISTS, IN, a single value).

A subquery that looks at the row around it (correlated) is written in place; any other is a relation of its own. One
about people must be tied to the row's person, or it is a protected aggregate, whose published value is what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.expressions import Context
from query_guard.policy.expressions.comparison import bring_together
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build
from query_guard.policy.relations.column import Key
from query_guard.policy.relations.conjuncts import check_keys_meet, key_equality
from query_guard.policy.relations.group_lookups import as_lookup, looked_up
from query_guard.policy.relations.origin import Origin, read_origin, write_from
from query_guard.policy.relations.plain_rows import grouped_rows
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.scope import Scope
from query_guard.policy.relations.source import Found, JoinKind, Source
from query_guard.policy.relations.unknown_rows import check_known
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Kind, Term, hide_detail, join_terms, quote_name
from query_guard.policy.walking import has_aggregate, has_window

_PUBLISHED_CODES = (
    "IN (SELECT ...) over a column about people compares with the values that enough people have: those that would be"
    " published, and no others."
)
#: Arguments of a SELECT that can be written in place.
_SIMPLE = frozenset({"expressions", "from_", "joins", "where", "kind", "hint"})


@dataclass(frozen=True)
class Nested:
    """Compiles subqueries at one place. `relation_of` compiles a query of its own (handed in: it knows this class)."""

    build: Build
    scope: Scope
    relation_of: Callable[[Nested, Any, Scope], Relation]

    def compile(self, node: Any) -> Relation:
        """A subquery in FROM."""
        return self.relation_of(
            self, node.this if type(node) is exp.Subquery and not _outside(node) else node, self.scope
        )

    def compile_in(self, node: Any, scope: Scope) -> Relation:
        """A CTE, in its own scope."""
        return self.relation_of(self, node, scope)

    def write(self, node: Any, rows: Rows) -> Term:
        """A subquery in an expression over `rows`. Raises `subquery-without-person` and the refusals of queries."""
        if type(node) is exp.Exists:
            return self._exists(node, rows)
        if type(node) is exp.In:
            return self._inside(node, rows)
        return self._value(node, rows)

    def write_free(self, node: Any, values: Context, rows: Rows) -> Term:
        """A subquery in an expression over published values (of cells of `rows`): it stands by itself, or looks up what
        belongs to a group key."""
        if type(node) is exp.Exists:
            relation = self._free(node.this)
            sql = f"EXISTS (SELECT 1 FROM {quote_name(relation.name)})"
            return Term(sql, Kind.BOOLEAN, reads=frozenset({relation.name}))
        if type(node) is exp.In:
            raise refuse("subquery-not-available", node)
        select = node.this
        lookup = as_lookup(self, select, rows) if _is_simple(select) and not _outside(node) else None
        if lookup is None or not lookup.around:
            return _single(self._free(node), node)
        relation = self._free(lookup.select)
        return looked_up(relation, lookup, values, self.build.alias(), node)

    def _free(self, node: Any) -> Relation:
        relation = check_known(self.compile(node))
        if relation.flow is Flow.PRIVATE:
            raise refuse("subquery-without-person", node)
        return self.build.ship(relation)

    # EXISTS

    def _exists(self, node: Any, rows: Rows) -> Term:
        select = node.this.this if type(node.this) is exp.Subquery else node.this
        if not _is_simple(select):
            relation = self._beside(self.compile(select), rows, node)
            return Term(
                f"EXISTS (SELECT 1 FROM {quote_name(relation.name)})", Kind.BOOLEAN, reads=frozenset({relation.name})
            )
        origin = self._origin(select, rows)
        return self._in_place(("EXISTS (SELECT 1", ")"), Kind.BOOLEAN, origin, rows)

    def _origin(self, select: Any, rows: Rows) -> Origin:
        """FROM and WHERE of a subquery written in place."""
        nested = replace(self, scope=self.scope.with_ctes(select))
        free = _is_free(rows)
        origin = read_origin(self.build, nested, select, rows, free=free)
        around = (source for context in (rows, *rows.around()) for source in context.sources)
        if origin.flow is Flow.PRIVATE and not any(source.is_private for source in around):
            raise refuse("subquery-without-person", select)
        return origin

    @staticmethod
    def _in_place(around: tuple[str, str], kind: Kind, origin: Origin, rows: Rows, *parts: Term) -> Term:
        """A subquery between what stands before and behind its FROM."""
        body = write_from(origin)
        term = join_terms(f"{around[0]} {body.sql}{around[1]}", kind, *(one.term for one in origin.conjuncts), *parts)
        private = origin.flow is Flow.PRIVATE or term.private
        own = {source.alias for source in origin.sources}
        relations = term.relations - own or (
            frozenset(source.alias for source in rows.sources) if private else frozenset()
        )
        return replace(
            hide_detail(term),
            private=private,
            functions=term.functions | body.functions,
            reads=term.reads | body.reads,
            relations=relations,
        )

    # IN

    def _inside(self, node: Any, rows: Rows) -> Term:
        query = node.args["query"]
        select = query.this if type(query) is exp.Subquery and not _outside(query) else query
        if _is_simple(select) and len(select.expressions) == 1:
            origin = self._origin_in(select, rows)
            if origin is not None:
                return self._inside_in_place(node, select, origin, rows)
        relation = self.compile(query)
        if len(relation.columns) != 1:
            raise refuse("subquery-one-column", node)
        (column,) = relation.columns.values()
        if relation.flow is Flow.PRIVATE and column.key is Key.NONE:  # the codes that enough people have
            self.build.notes.add(_PUBLISHED_CODES)
            every = exp.Select(expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=select)))
            relation = self.compile(every.distinct())
        if relation.flow is not Flow.PRIVATE:
            return self._inside_nobody(node, self._beside(relation, rows, node), rows)
        source = Source(self.build.alias(), "", relation, JoinKind.FIRST, query)
        return self._inside_person(node, Found(source, column), rows)

    def _origin_in(self, select: Any, rows: Rows) -> Origin | None:
        """FROM of a simple subquery after IN if it looks at the row around, else None: then it stands by itself."""
        try:
            origin = self._origin(select, rows)
        except Refusal as refusal:
            if refusal.code != "subquery-without-person":
                raise
            return None
        own = {source.alias for source in origin.sources}
        if any(conjunct.term.relations - own for conjunct in origin.conjuncts):
            return origin
        return None

    def _inside_in_place(self, node: Any, select: Any, origin: Origin, rows: Rows) -> Term:
        (item,) = select.expressions
        inner = item.this if type(item) is exp.Alias else item
        found, around = origin.rows.bare_column(inner), rows.bare_column(node.this)
        if found is not None and found.is_key:
            if around is None:
                raise refuse("person-key-use" if found.is_person else "row-key-use", node, name=found.column.name)
            check_keys_meet(around, found, node)
            value, listed = column_sql(around), column_sql(found)
        else:
            value, listed = bring_together([rows.write(node.this), origin.rows.write(inner)], node)
        around_body = (f"({value.sql} IN (SELECT {listed.sql}", f"{_and(origin)} {listed.sql} IS NOT NULL))")
        return self._in_place(around_body, Kind.BOOLEAN, origin, rows, value, listed)

    def _inside_nobody(self, node: Any, relation: Relation, rows: Rows) -> Term:
        """`x IN (SELECT c ...)` of reference data or published values."""
        (column,) = relation.columns.values()
        value, listed = bring_together([rows.write(node.this), Term(column.sql, column.kind)], node)
        sql = f"({value.sql} IN (SELECT {listed.sql} FROM {quote_name(relation.name)} WHERE {listed.sql} IS NOT NULL))"
        return hide_detail(replace(join_terms(sql, Kind.BOOLEAN, value), reads=value.reads | {relation.name}))

    def _inside_person(self, node: Any, found: Found, rows: Rows) -> Term:
        """`person_id IN (SELECT person_id ...)`: the row's person is among those of the subquery. Records' keys
        likewise, together with their persons."""
        around = rows.bare_column(node.this)
        if not found.is_key or around is None:
            raise refuse("subquery-without-person", node)
        check_keys_meet(around, found, node)
        name, listed = found.source.relation.name, found.column.sql
        if found.is_person:
            sql = f"({around.sql} IN (SELECT {listed} FROM {quote_name(name)} WHERE {listed} IS NOT NULL))"
        else:
            table = f"{quote_name(name)} AS {found.source.alias}"
            sql = f"EXISTS (SELECT 1 FROM {table} WHERE {key_equality(around, found)})"
        if not _is_always_there(around, rows):  # unknown, also of a list of nobody: that it is empty must not show
            sql = f"CASE WHEN {around.sql} IS NULL THEN NULL ELSE {sql} END"
        relations = frozenset({around.source.alias})
        return Term(sql, Kind.BOOLEAN, private=True, relations=relations, reads=frozenset({name}))

    # a single value

    def _value(self, node: Any, rows: Rows) -> Term:
        select = node.this
        if _is_simple(select) and len(select.expressions) == 1 and not _outside(node):
            origin = self._origin_in(select, rows)
            if origin is not None:
                return self._value_in_place(select, origin, rows)
            lookup = as_lookup(self, select, rows)
            if lookup is not None and lookup.around:
                scope = self.scope.with_ctes(select)
                relation = self._beside(self.relation_of(self, lookup.select, scope), rows, node)
                return looked_up(relation, lookup, rows, self.build.alias(), node)
        relation = self.compile(node)
        return _single(self._beside(relation, rows, node), node)

    def _value_in_place(self, select: Any, origin: Origin, rows: Rows) -> Term:
        (item,) = select.expressions
        inner = item.this if type(item) is exp.Alias else item
        plain = origin.rows
        if has_aggregate(inner):
            term = grouped_rows(plain, frozenset()).write(inner)
        else:  # one value is meant: of several (there are none in honest data) the smallest
            value = plain.write(inner)
            term = join_terms(f"min({value.sql})", value.kind, value, functions=("min",))
        whole = self._in_place((f"(SELECT {term.sql}", ")"), term.kind, origin, rows, term)
        own = origin.flow is Flow.PRIVATE and not (origin.repeats or origin.amplified or origin.copied)
        return replace(whole, exposes=term.exposes, looked_up=term.looked_up or not own)

    def _beside(self, relation: Relation, rows: Rows, node: Any) -> Relation:
        """A relation about nobody, in the world of `rows`."""
        check_known(relation)
        if relation.flow is Flow.PRIVATE:
            raise refuse("subquery-without-person", node)
        return self.build.ship(relation) if _is_free(rows) else self.build.land(relation)


def _is_free(rows: Rows) -> bool:
    return any(source.relation.free for context in (rows, *rows.around()) for source in context.sources)


def _is_always_there(found: Found, rows: Rows) -> bool:
    """Whether a person key names somebody in every row, outer joins and all."""
    joins = {source.join for context in (rows, *rows.around()) for source in context.sources}
    return found.is_person and found.column.certain and found.source.join.filters and JoinKind.FULL not in joins


def column_sql(found: Found) -> Term:
    """A key as a term."""
    return Term(found.sql, found.column.kind, private=True, relations=frozenset({found.source.alias}))


def _outside(node: Any) -> bool:
    """Whether a bracketed query has clauses behind its bracket."""
    return any(node.args.get(name) is not None for name in ("order", "limit", "offset"))


def _is_simple(select: Any) -> bool:
    """Whether a query is FROM, WHERE and expressions only."""
    if type(select) is not exp.Select:
        return False
    used = {name for name, value in select.args.items() if value}
    return used <= _SIMPLE and not any(has_window(item) for item in select.expressions)


def _and(origin: Origin) -> str:
    """What joins one more condition to the WHERE of an origin."""
    return " AND" if origin.person or not all(one.home for one in origin.conjuncts) else " WHERE"


def _single(relation: Relation, node: Any) -> Term:
    """The one value of a relation of one column."""
    if len(relation.columns) != 1:
        raise refuse("subquery-one-column", node)
    (column,) = relation.columns.values()
    source = quote_name(relation.name)
    value, kind = (f"TRY_CAST({column.sql} AS DOUBLE)" if column.wide else column.sql), column.kind
    states = frozenset({f"(SELECT max({column.state}) FROM {source})"} if column.state else ())
    return Term(
        f"(SELECT min({value}) FROM {source})",
        kind,
        functions=frozenset({"min"}),
        state_functions=frozenset({"max"} if column.state else ()),
        reads=frozenset({relation.name}),
        states=states,
        notes=column.notes,
    )
