"""A term: one expression in the guard's own SQL, with all that the policy must know about it.

The promise: `sql` is written from a closed set of pieces, is fully parenthesised, and cannot raise on any data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from governance.catalogue import ColumnUse
from query_guard.policy.refusing import refuse

LONGEST_SQL = 65_536  # characters; some rewritings repeat their operand, so nesting could double the text each time


class Kind(StrEnum):
    """The families of values between which nothing is converted silently."""

    INTEGER = "integer"
    DOUBLE = "double"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    NULL = "null"  # the literal NULL: fits every kind
    OTHER = "other"  # lists, blobs, times: may be counted, nothing else


#: DuckDB's type for each family of values that can be written.
SQL_TYPES: dict[Kind, str] = {
    Kind.INTEGER: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.NULL: "BIGINT",
    Kind.OTHER: "VARCHAR",
}
NUMBERS = frozenset({Kind.INTEGER, Kind.DOUBLE})
TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})


@dataclass(frozen=True)
class Term:
    """One expression.

    Attributes: sql: its text. kind: the family of its value. private: whether the value depends on a private
        column. exposes: uses of private columns whose raw value can be read off this one; what a group key may not
        be too fine in. A comparison or CASE exposes nothing of what its conditions look at. relations: aliases
        (`t1`) of the relations it reads. functions: DuckDB's names of the functions in `sql`. reads: tables and
        relations that subqueries in it read. states: companions (0 open, 1 partial, 2 hidden) of the protected values
        it reads; state_functions: the functions in them. notes: what the reader of the value must know. withheld: codes
        of refusals that make this value one that is never given; what is made of it is withheld too. literal: the
        Python value of a literal (str, int, float, date text), for conversions to what it meets. column: (alias,
        column) when it is a bare column; banded: that such a column, rounded down, gives bands in fixed places.
        looked_up: whether it is read off a reference table or a published table by something of the row, or made of
        rows that such tables repeat: then a sum of it counts rows by what they were looked up with.
    """

    sql: str
    kind: Kind
    private: bool = False
    exposes: frozenset[ColumnUse] = frozenset()
    relations: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    state_functions: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    literal: Any = None
    column: tuple[str, str] | None = None
    looked_up: bool = False
    banded: bool = False

    @property
    def is_number(self) -> bool:
        """Whether arithmetic may use it."""
        return self.kind in NUMBERS


#: What is known of a term if it is known of any of its parts.
_INHERITED = ("exposes", "relations", "functions", "reads", "states", "state_functions", "notes", "withheld")
_NOTHING: frozenset[Any] = frozenset()


def join_terms(sql: str, kind: Kind, *parts: Term, functions: tuple[str, ...] = ()) -> Term:
    """A term made of `parts`: everything known of them is known of it. Raises `too-complex` when the text runs away."""
    if len(sql) > LONGEST_SQL:
        raise refuse("too-complex")
    private, known = False, dict.fromkeys(_INHERITED, _NOTHING)
    known["functions"] = frozenset(functions)
    for part in parts:
        private = private or part.private
        for name in _INHERITED:
            found = getattr(part, name)
            if found:
                known[name] = known[name] | found
    return Term(
        sql,
        kind,
        private,
        known["exposes"],
        known["relations"],
        known["functions"],
        known["reads"],
        known["states"],
        known["state_functions"],
        known["notes"],
        known["withheld"],
        looked_up=any(part.looked_up for part in parts),
    )


def call(name: str, kind: Kind, *parts: Term) -> Term:
    """The function call `name(parts)`."""
    return join_terms(f"{name}({', '.join(part.sql for part in parts)})", kind, *parts, functions=(name,))


def hide_detail(term: Term, *, exposes: frozenset[ColumnUse] = frozenset()) -> Term:
    """The same term, once its value is too coarse to show what it was made of."""
    return replace(term, exposes=exposes)


def typed_null(kind: Kind) -> str:
    """NULL as a value of a kind, in DuckDB's words."""
    return f"CAST(NULL AS {SQL_TYPES[kind]})"


def as_double(term: Term) -> Term:
    """A number as DOUBLE: arithmetic on DOUBLE cannot overflow into an error in DuckDB (it gives infinity)."""
    if term.kind is Kind.DOUBLE:
        return term
    if term.literal is not None:
        return number(float(term.literal))
    return join_terms(f"CAST({term.sql} AS DOUBLE)", Kind.DOUBLE, term)


def as_integer(term: Term) -> Term:
    """A DOUBLE as whole number, NULL where it does not fit."""
    return join_terms(f"TRY_CAST({term.sql} AS BIGINT)", Kind.INTEGER, term)


def number(value: float) -> Term:
    """A DOUBLE literal. The exponent makes DuckDB read a DOUBLE, never a DECIMAL that could overflow."""
    text = repr(value)
    text = text if "e" in text else f"{text}e0"
    return Term(f"({text})" if value < 0 else text, Kind.DOUBLE, literal=value)


def quote_text(value: str) -> str:
    """A text literal. Stage 0 has refused control characters and look-alikes."""
    return "'" + value.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """A catalogue name as an identifier."""
    return '"' + name.replace('"', '""') + '"'
