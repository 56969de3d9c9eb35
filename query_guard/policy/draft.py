"""A draft: one query on its way through the planning steps. Each step adds what it has found and changes nothing
else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from governance.catalogue import Catalogue, CatalogueColumn, CatalogueTable, TableKind
from governance.disclosure import DisclosureProfile
from query_guard.policy.plan import Flow, Plan, Relation
from query_guard.policy.terms import Term, quote_name


class JoinKind(StrEnum):
    """How a relation came into FROM."""

    FIRST = "FROM"
    INNER = "INNER JOIN"
    CROSS = "CROSS JOIN"  # also the comma
    LEFT = "LEFT JOIN"
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
    """One table in FROM. `alias` (t1, t2 ...) is the guard's, `name` the caller's in lower case, `node` the
    caller's place."""

    alias: str
    name: str
    table: CatalogueTable
    join: JoinKind
    node: Any

    @property
    def is_private(self) -> bool:
        """Whether its rows belong to people."""
        return self.table.kind is TableKind.PRIVATE

    def sql(self, column: CatalogueColumn) -> str:
        """The column's name in the guard's SQL."""
        return f"{self.alias}.{quote_name(column.name)}"


@dataclass(frozen=True)
class Conjunct:
    """One condition of an AND chain: `home` is the alias of the join whose ON holds it, or empty for WHERE.

    Attributes:
        term: the condition.
        person_link: the two aliases of `a.person_id = b.person_id`.
        keyed: for an equality, each side that is a bare column: (alias, its SQL, aliases of the other side).
    """

    term: Term
    node: Any
    home: str = ""
    person_link: tuple[str, str] | None = None
    keyed: tuple[tuple[str, str, frozenset[str]], ...] = ()


@dataclass(frozen=True)
class OutputItem:
    """One expression after SELECT with its final name."""

    name: str
    node: Any


@dataclass(frozen=True)
class OrderItem:
    """One expression after ORDER BY."""

    node: Any
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Draft:
    """See the steps for who sets what."""

    sql: str
    catalogue: Catalogue
    profile: DisclosureProfile
    tree: Any = None
    sources: tuple[Source, ...] = ()
    merged: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # column of USING -> aliases that share its bare name
    conjuncts: tuple[Conjunct, ...] = ()
    anchor: Source | None = None  # the private table whose person_id names every row's person
    reference_keys: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # public alias -> SQL of its key columns
    flow: Flow = Flow.PUBLIC
    relations: tuple[Relation, ...] = ()
    items: tuple[OutputItem, ...] = ()
    keys: tuple[Any, ...] = ()
    grouped: bool = False
    aggregated: bool = False
    having: Any = None
    order: tuple[OrderItem, ...] = ()
    limit: int | None = None
    offset: int = 0
    plan: Plan | None = None
    aliases: Mapping[str, Any] = field(default_factory=dict)

    def private_sources(self) -> Iterator[Source]:
        """The tables about people, in FROM's order."""
        return (source for source in self.sources if source.is_private)
