"""SELECT of people's rows that stays about people: every row keeps its person (`flow`), nothing is released.

Its columns inherit what their values give away and whether they may be summed, so that a query further out is judged as
if it had been written in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from governance.catalogue import ColumnUse
from governance.refusal import Refusal
from query_guard.policy.expressions.bands import is_band
from query_guard.policy.measures.arms import is_flag, measured_arm, read_arms
from query_guard.policy.measures.choices import may_be_filled
from query_guard.policy.measures.quantity import Quantity, clamped, is_chosen_date, plain_quantity, read_quantity
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build, Written, written
from query_guard.policy.relations.clauses import Clauses
from query_guard.policy.relations.column import Column, Key, Sums
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.numbered_rows import with_numbers
from query_guard.policy.relations.origin import Origin, write_from
from query_guard.policy.relations.people_windows import PeopleWindows, is_total
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.repeats import Repeat
from query_guard.policy.relations.source import Found, JoinKind, visible
from query_guard.policy.relations.windows import RANKING, Frame, write_window
from query_guard.policy.rows import Rows, column_term
from query_guard.policy.terms import TIMES, Kind, Term, typed_null
from query_guard.policy.walking import window_function

#: Window functions whose value is as much a quantity as what they look at.
_HANDED_ON = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)


@dataclass(frozen=True)
class PersonRows(Rows):
    """The context after SELECT: windows over one person's rows may stand here, and published ones over many people's
    (`windows`). Quantities are held within their bounds here already, so that a sum further out cannot be carried by
    one wild value."""

    windows: PeopleWindows | None = None

    def found_term(self, found: Found, node: Any) -> Term:
        """See Rows."""
        return clamped(super().found_term(found, node), found.column)

    def window(self, node: Any) -> Term:
        """See Rows. A window over many people's rows has its published value here, or none."""
        if self._is_own(node):
            return write_window(node, Frame(self, self._term, self.person, record_order(self)))
        if self.windows is None or not is_total(node):
            return withheld_window(node, self)
        reasons = self.windows.reasons(node)
        return withheld_window(node, self, reasons) if reasons else self.windows.term(node)

    def _is_own(self, node: Any) -> bool:
        """Whether a window looks at one person's rows."""
        return any(self._is_key(part) for part in node.args.get("partition_by") or ())

    def _is_key(self, node: Any) -> bool:
        found = self.bare_column(node)
        return found is not None and found.is_key

    def _term(self, node: Any) -> Term | None:
        found = self.bare_column(node)
        return None if found is not None and found.is_person else self.null_test(node)

    def quantity_of(self, node: Any) -> Quantity | None:
        """See Rows: what a window sums or picks is a quantity if its operand is one; a count of the person's records by
        a subquery is a tally."""
        if type(node) is exp.Subquery and _is_count(node):
            term = self.write(node)  # any other count, of all people or of a reference table, is nobody's own
            return plain_quantity(term, tally=True) if term.private and not term.looked_up else None
        if type(node) is not exp.Window or not self._is_own(node):
            return None
        function, kept = window_function(node)
        chosen = function.args.get("default") is not None  # a number of the caller's own
        if type(function) not in _HANDED_ON or chosen:
            return None
        inside = read_quantity(function.this, self)
        if inside.is_sum or inside.tally or inside.variants:
            return None
        return plain_quantity(self.write(node), cased=inside.cased or kept is not None)


def record_order(rows: Rows) -> tuple[Term, ...]:
    """What tells the records of one person apart: their keys; where a relation has none, its columns that the caller
    names (rows that are alike in all of them may change places)."""
    named = rows.nested.build.named
    found: list[Term] = []
    for source in visible(rows.sources):
        columns = source.relation.columns
        keys = [column for column in columns.values() if column.key is Key.ROW and source.is_private]
        rest = [
            column
            for name, column in columns.items()
            if ("*" in named or name in named) and column.key is not Key.PERSON and column.kind is not Kind.OTHER
        ]
        found += [column_term(Found(source, column)) for column in keys or rest if not source.relation.one_per_person]
    return tuple(found)


def _is_count(node: Any) -> bool:
    """Whether a subquery is one count."""
    listed = node.this.expressions if type(node.this) is exp.Select else []
    inner = listed[0].this if listed and type(listed[0]) is exp.Alias else listed[0] if listed else None
    return len(listed) == 1 and type(inner) in (exp.Count, exp.CountIf)


def withheld_window(node: Any, context: Rows, reasons: frozenset[str] = frozenset()) -> Term:
    """What stands for a window over many people's rows: nothing, and why. Whoever needs its value is refused; whoever
    only aggregates it gets the rest of the answer."""
    function, _ = window_function(node)
    kind = Kind.INTEGER if type(function) in (*RANKING, exp.Count) else Kind.DOUBLE
    if type(function) in (exp.Min, exp.Max, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue):
        kind = context.write(function.this).kind
    if not reasons:
        reasons = frozenset({"percentile-by-hand" if _is_rank(node) else "window-over-people"})
    return Term(typed_null(kind), kind, private=True, withheld=reasons)


def _is_rank(node: Any) -> bool:
    """Whether a window numbers rows in order: a rank, or a running count of rows."""
    function, _ = window_function(node)
    running = type(function) is exp.Count or (type(function) is exp.Sum and type(function.this) is exp.Literal)
    return type(function) in RANKING or (running and node.args.get("order") is not None)


def compile_person_rows(build: Build, origin: Origin, clauses: Clauses) -> Compiled:
    """Rows of people as a relation. Raises `distinct-not-available` and the refusals of
    expressions."""
    rows = PersonRows(**origin.rows.__dict__, windows=PeopleWindows.of(build, origin, clauses))
    columns = [person_column(item.name, item.node, rows, origin, n) for n, item in enumerate(clauses.items, 1)]
    columns = with_numbers(columns, clauses, rows)
    if clauses.distinct and not any(made.column.key is Key.PERSON for made in columns):
        raise refuse("distinct-not-available", clauses.node)
    body = write_from(origin)
    listed = ", ".join([*(text for made in columns for text in made.texts), f"{origin.person} AS person"])
    parts: list[Term | Written] = [body, *(made.term for made in columns)]
    distinct = "DISTINCT " if clauses.distinct else ""
    if clauses.qualify is not None:
        test = rows.deciding(clauses.qualify)
        parts.append(test)
        inside = f"SELECT {listed}, {test.sql} AS kept {body.sql}"
        sql = f"SELECT {distinct}{names_of(columns)} FROM ({inside}) AS windowed WHERE kept"
    else:
        sql = f"SELECT {distinct}{listed} {body.sql}"
    alone = clauses.distinct and all(made.column.key is Key.PERSON for made in columns)  # one row a person
    one = len(origin.sources) == 1 and origin.sources[0].relation.one_per_person
    relation = Relation(
        Flow.PRIVATE,
        "",
        {made.column.name.lower(): made.column for made in columns},
        person="person",
        one_per_person=one or alone,
        repeats=() if alone else seen_outside(origin.repeats, columns),
        amplified=origin.amplified and not alone,
        copied=origin.copied and not alone,
        rows_of=origin.rows_of,
        left_out=origin.left_out,
        size=1 if one or alone else origin.size,
    )
    return Compiled(written(sql, *parts), relation)


@dataclass(frozen=True)
class Made:
    """A column of a subquery about people: its texts after SELECT (with those of its summands, `leaves`) and its
    term."""

    column: Column
    texts: tuple[str, ...]
    term: Term
    leaves: tuple[Term, ...] = ()


def names_of(columns: list[Made]) -> str:
    """The columns of a subquery about people by name, those of summands and the person included."""
    return ", ".join([*(name for made in columns for name in (made.column.sql, *made.column.leaves)), "person"])


def person_column(name: str, node: Any, rows: Rows, origin: Origin, number: int) -> Made:
    """One output column: a key stays a key, anything else is an expression."""
    key = key_of(node, rows, origin)
    if key is not None:
        sql, kept, certain = key
        column = replace(
            kept,
            name=name,
            sql=f"c{number}",
            certain=certain,
            unique=kept.unique and len(origin.sources) == 1,
            exposes=frozenset(),
        )
        return Made(column, (f"{sql} AS c{number}",), Term(sql, kept.kind, private=True))
    term = rows.write(node)
    quantity = _quantity(node, rows)
    shown = quantity is not None and (quantity.is_sum or quantity.is_moved)
    leaves = quantity.leaves if quantity is not None and shown else ()
    names = tuple(f"c{number}_{place}" for place in range(1, len(leaves) + 1))
    found = rows.bare_column(node)
    column = Column(
        name,
        f"c{number}",
        term.kind,
        exposes=term.exposes,
        sums=_sums(quantity),
        low=found.column.low if found else None,
        high=found.column.high if found else None,
        leaves=names,
        scale=quantity.scale if quantity is not None and names else None,
        shift=quantity.shift if quantity is not None and names else 0,
        origin=quantity.origin if quantity is not None else 0,
        recorded=found is not None and found.column.recorded,
        withheld=term.withheld,
        banded=ColumnUse.MEASURE not in term.exposes or is_band(node, rows),
        notes=term.notes,
        fixed=(not term.private and not term.relations) or (found is not None and found.is_fixed),
        cased=_is_by_condition(node, rows, term, quantity),
    )
    texts = (f"{term.sql} AS c{number}", *(f"{leaf.sql} AS {name}" for name, leaf in zip(names, leaves, strict=True)))
    return Made(column, texts, term, leaves)


def _is_by_condition(node: Any, rows: Rows, term: Term, quantity: Quantity | None) -> bool:
    """Whether a value is 0, missing or another one by a condition."""
    if term.kind in TIMES:
        return is_chosen_date(node, rows) or may_be_filled(node, rows)
    return quantity is not None and quantity.cased


def _sums(quantity: Quantity | None) -> Sums:
    if quantity is None or not quantity.leaves or quantity.scaled or quantity.variants:
        return Sums.NONE
    return Sums.TALLY if quantity.tally else Sums.MEASURE


def _quantity(node: Any, rows: Rows) -> Quantity | None:
    """The node as a quantity; None for whatever may not be summed. A flag (1 or 0) counts records: a tally; a CASE with
    one quantity beside 0 and NULL is a quantity by a condition."""
    try:
        if is_flag(node, rows):
            term = rows.write(node)
            return plain_quantity(term, tally=True)
        arms = read_arms(node, rows)
        if len(arms) == 1:
            return read_quantity(node, rows)
        arm = measured_arm(arms)
        inside = read_quantity(arm.result, rows) if arm is not None else None
        if inside is None or inside.is_sum or inside.scaled or not inside.leaves:
            return None
        term = rows.write(node)  # a count of some of a person's records, or of none, is a count of her records
        return plain_quantity(term, tally=inside.tally, cased=True)
    except Refusal:
        return None


def key_of(node: Any, rows: Rows, origin: Origin) -> tuple[str, Column, bool] | None:
    """A bare key, or COALESCE of person keys (after a FULL JOIN): its SQL, its column, and whether it is never null."""
    node = node.unnest()
    parts = [node.this, *node.expressions] if type(node) is exp.Coalesce else [node]
    found = [rows.bare_column(part) for part in parts]
    keys = [one for one in found if one is not None and one.is_key]
    if not keys or len(keys) < len(parts) or (len(keys) > 1 and not all(one.is_person for one in keys)):
        return None
    if len(keys) == 1 and not _is_merged(node, keys[0], rows):
        return keys[0].sql, keys[0].column, keys[0].column.certain and keys[0].sql == origin.person
    if len(keys) == 1 or set(origin.persons) <= {one.sql for one in keys}:
        return origin.person, keys[0].column, True
    return f"COALESCE({', '.join(one.sql for one in keys)})", keys[0].column, False


def _is_merged(node: Any, found: Found, rows: Rows) -> bool:
    """Whether a bare person_id stands for both sides of a FULL JOIN ... USING (person_id)."""
    group = rows.merged.get(node.name.lower(), frozenset()) if node.args.get("table") is None else frozenset()
    full = any(source.join is JoinKind.FULL for source in rows.sources if source.alias in group)
    return found.is_person and full


def seen_outside(repeats: tuple[Repeat, ...], columns: list[Made]) -> tuple[Repeat, ...]:
    """Repeats as the columns of a subquery show them further out."""
    renamed = {made.term.column: ("", made.column.sql) for made in columns if made.term.column is not None}
    return tuple(repeat.seen_as(renamed) for repeat in repeats)


__all__ = ["Made", "PersonRows", "compile_person_rows", "person_column"]
