"""A column of a relation: its kind, what its values give away, and whether it may be summed. Base tables get theirs
from the catalogue; columns of subqueries inherit theirs from the expression they are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from governance.catalogue import CatalogueColumn, CatalogueTable, ColumnUse, TableKind
from query_guard.policy.terms import Kind, quote_name

_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys((*_WHOLE_NUMBERS, "INT"), Kind.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL"), Kind.DOUBLE),
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING", "CHAR"), Kind.TEXT),
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIMESTAMP", "DATETIME"), Kind.TIMESTAMP),
    "BOOLEAN": Kind.BOOLEAN,
}
_WIDE_NUMBERS = ("DECIMAL", "NUMERIC", "HUGEINT", "UHUGEINT")  # compared as DOUBLE: their own conversions can raise


class Key(StrEnum):
    """Whether a column identifies something; such columns are never values of an expression."""

    NONE = ""
    PERSON = "person"  # null, or the person its row belongs to
    ROW = "row"  # one record of one person


class Sums(StrEnum):
    """What adding the column up amounts to."""

    NONE = "none"  # a code: a sum of it means nothing, or is a count in disguise
    MEASURE = "measure"  # a measured quantity
    TALLY = "tally"  # whole numbers that count a person's records: a sum of it is a count of records


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: as the caller sees it.
        sql: its identifier inside its relation, in the guard's SQL.
        kind: family of its values.
        key: whether it is a key.
        unique: of a key of records, that no two rows of its relation share it.
        certain: of a person key, that it is never null.
        exposes: uses of private columns whose raw value can be read off this one.
        sums, low, high: whether it may be summed, and within which bounds it is clamped.
        leaves: hidden columns of its relation that hold the summands of a sum like `x + 1000`.
        scale, shift: it is `scale * leaf + shift` of the one such column; None where it is no such line.
        origin: where its values, or those of that leaf, begin: `low` of the catalogue, 0 if there is none.
        state: its companion column in a protected relation (0 open, 1 partial, 2 hidden), or empty.
        recorded: whether its values are those of a column of the catalogue, as recorded.
        wide: stored in a type whose own arithmetic can raise; read as DOUBLE.
        cased: of a measure, that it is 0 or missing by a condition.
        fixed: whether it is the same in every row: made of published totals and literals only.
        numbers: of a number of rows in order (`row_number`), the columns that with it tell every row of its relation
            from any other; None for any other column.
        banded: whether it is as fine or as coarse as recorded, not shifted or stretched: rounded down, it gives bands.
        withheld: codes of refusals that make this value one that is never given.
        notes: what the reader of a protected value must know about it.
    """

    name: str
    sql: str
    kind: Kind
    key: Key = Key.NONE
    certain: bool = False
    unique: bool = False
    exposes: frozenset[ColumnUse] = frozenset()
    sums: Sums = Sums.NONE
    low: float | None = None
    high: float | None = None
    leaves: tuple[str, ...] = ()
    scale: float | None = None
    shift: float = 0
    origin: float = 0
    state: str = ""
    recorded: bool = False
    wide: bool = False
    cased: bool = False
    fixed: bool = False
    numbers: frozenset[str] | None = None
    banded: bool = False
    withheld: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()

    @property
    def is_sum(self) -> bool:
        """Whether summands hide in it, a fixed number among them (not where one column is only stretched)."""
        return bool(self.leaves) and not (self.scale and not self.shift)


def columns_of_table(table: CatalogueTable) -> dict[str, Column]:
    """The catalogue's columns by lower-case name."""
    private = table.kind is TableKind.PRIVATE
    return {
        name.lower(): replace(_column(column, private=private), unique=name.lower() == f"{table.name.lower()}_id")
        for name, column in table.columns.items()
    }


@lru_cache(4096)  # the same few hundred columns at every query
def _column(column: CatalogueColumn, *, private: bool) -> Column:
    type_name = column.type.upper().partition("(")[0].strip()
    wide = type_name in _WIDE_NUMBERS
    kind = Kind.DOUBLE if wide else _KINDS.get(type_name, Kind.OTHER)
    if not private:
        return Column(column.name, quote_name(column.name), kind, wide=wide)
    key = {ColumnUse.PERSON: Key.PERSON, ColumnUse.KEY: Key.ROW}.get(column.use, Key.NONE)
    shared = column.use is ColumnUse.MEASURE and kind is Kind.INTEGER  # days and doses: many people have the same
    bounded = column.low is not None and column.high is not None
    summable = column.use is ColumnUse.MEASURE or (column.use is ColumnUse.GROUP and bounded)
    return Column(
        column.name,
        quote_name(column.name),
        kind,
        key=key,
        certain=key is Key.PERSON,
        exposes=frozenset({ColumnUse.GROUP if shared else column.use}),
        sums=Sums.MEASURE if summable and kind in (Kind.INTEGER, Kind.DOUBLE) else Sums.NONE,
        low=column.low,
        high=column.high,
        origin=column.low or 0,
        recorded=True,
        wide=wide,
        banded=True,
    )
