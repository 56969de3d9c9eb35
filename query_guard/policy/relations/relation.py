"""A relation: something FROM can name. A table of the catalogue, a subquery, a CTE, or the table that an earlier step
made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from governance.refusal import Refusal
from query_guard.policy.plan import Flow
from query_guard.policy.relations.column import Column

if TYPE_CHECKING:
    from query_guard.policy.relations.repeats import Repeat


@dataclass(frozen=True)
class Relation:
    """What is known of it.

    Attributes:
        flow: PUBLIC, PRIVATE or PROTECTED (see `flow`).
        name: its name in the guard's SQL, quoted where it is the catalogue's.
        columns: by the lower-case name the caller uses, in order.
        person: of a PRIVATE relation, the identifier of the column that names each row's person.
        free: whether it lives among protected values (the data-free engine) and not beside the data.
        one_per_person: at most one row for each person.
        single_row: at most one row at all.
        repeats: reference tables inside that may repeat people's rows (see `repeats`).
        amplified: whether the query itself multiplies a person's rows (a join of many with many).
        copied: whether rows of one table about people can be in it more than once.
        unknown: of a relation whose rows are chosen by what is never given, why; it stands for one row without values.
        left_out: whether rows of reference tables that met no person are left out of it.
        size: how many rows one person can be thought to have in it; of what is about nobody, its rows (see `sizes`).
        rows_of: the tables about people whose rows its rows are.
    """

    flow: Flow
    name: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    person: str = ""
    free: bool = False
    one_per_person: bool = False
    single_row: bool = False
    repeats: tuple[Repeat, ...] = ()
    amplified: bool = False
    copied: bool = False
    rows_of: frozenset[str] = frozenset()
    unknown: Refusal | None = None
    left_out: bool = False
    size: int = 1

    @property
    def is_private(self) -> bool:
        """Whether its rows belong to people."""
        return self.flow is Flow.PRIVATE
