"""One table in FROM, and the ways in which it can come there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from query_guard.policy.relations.column import Column, Key
from query_guard.policy.relations.relation import Relation
from query_guard.policy.terms import Term


class JoinKind(StrEnum):
    """How a relation came into FROM. A RIGHT JOIN is read as the LEFT JOIN it mirrors."""

    FIRST = "FROM"
    INNER = "INNER JOIN"
    CROSS = "CROSS JOIN"  # also the comma
    LEFT = "LEFT JOIN"
    FULL = "FULL JOIN"
    SEMI = "SEMI JOIN"
    ANTI = "ANTI JOIN"

    @property
    def keeps_columns(self) -> bool:
        """Whether the relation's columns can be named after its ON."""
        return self not in (JoinKind.SEMI, JoinKind.ANTI)

    @property
    def filters(self) -> bool:
        """Whether the conditions of its ON hold for every row of the result."""
        return self in (JoinKind.FIRST, JoinKind.INNER, JoinKind.CROSS)


@dataclass(frozen=True)
class Source:
    """One relation in FROM. `alias` (t1, t2 ...) is the guard's, `name` the caller's in lower case, `node` the
    caller's place."""

    alias: str
    name: str
    relation: Relation
    join: JoinKind
    node: Any

    @property
    def is_private(self) -> bool:
        """Whether its rows belong to people."""
        return self.relation.is_private

    @property
    def person(self) -> str:
        """The person of its rows, in the guard's SQL."""
        return f"{self.alias}.{self.relation.person}"

    def sql(self, column: Column) -> str:
        """The column's name in the guard's SQL."""
        return f"{self.alias}.{column.sql}"


@dataclass(frozen=True)
class Found:
    """A column that a name stands for."""

    source: Source
    column: Column

    @property
    def sql(self) -> str:
        """Its name in the guard's SQL."""
        return self.source.sql(self.column)

    @property
    def is_key(self) -> bool:
        """Whether it identifies a person or a record of one."""
        return self.column.key is not Key.NONE

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same in every row of FROM."""
        return self.column.fixed and self.source.join.filters

    @property
    def is_person(self) -> bool:
        """Whether it is a person key."""
        return self.column.key is Key.PERSON


@dataclass(frozen=True)
class Conjunct:
    """One condition of an AND chain: `home` is the alias of the join whose ON holds it, or empty for WHERE.

    Attributes:
        term: the condition.
        link: the two aliases whose persons it equates.
        by_row: whether it equates them by a key of records, which a record of the other table has once.
        looked_up: of an equality of records' keys, the alias of a relation that holds each once, or empty.
        keyed: for an equality, each side that is a bare column: (alias, its SQL, aliases of the other side).
    """

    term: Term
    node: Any
    home: str = ""
    link: tuple[str, str] | None = None
    by_row: bool = False
    looked_up: str = ""
    keyed: tuple[tuple[str, str, frozenset[str]], ...] = ()


def visible(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Those whose columns live on after their join."""
    return tuple(source for source in sources if source.join.keeps_columns)
