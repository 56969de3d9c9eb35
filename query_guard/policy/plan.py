"""What planning hands over: the guard's whole understanding of one query, as frozen data.

The promise of these types: `InnerQuery.sql` and `Plan.outer_sql` are written by the policy's own renderer, never
copied from the caller. No caller's identifier is in them (tables, columns and aliases are the catalogue's or the
guard's own), and of the caller's text only literals, re-quoted by type.

How the stages meet (query_guard.answer is the one that calls):

    plan      = plan_query(sql, catalogue, profile)     # stages 0-5; raises Refusal
    raw       = locked engine executes plan.inner.sql   # stage 7, after stage 6 has cross-checked that very text
    protected = protect(plan, raw, profile)             # stage 8; a Protected
    outer     = data-free engine executes plan.outer_sql over ONE table called `protected` = protected.table   # stage 9
    answer    = finish(plan, outer, protected)          # stage 10

`raw` still holds numbers about single people: it must be dropped right after `protect`, and never be logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

PROTECTED_TABLE = "protected"  # the one table that the outer SQL reads


class Flow(StrEnum):
    """The class of a relation in the person data flow."""

    PUBLIC = "public"  # about nobody
    PRIVATE = "private"  # every row belongs to exactly one person
    PROTECTED = "protected"  # only values that stage 8 has made publishable


@dataclass(frozen=True)
class Relation:
    """One step of the data flow, for `sde guard explain`: what it is and how it is classed."""

    text: str
    flow: Flow


class Measure(StrEnum):
    """What kind of number a protected column is; decides which disclosure rules judge it."""

    ROWS = "rows"  # count(*), count(x), with or without a condition
    PEOPLE = "people"  # count(distinct person_id)
    DISTINCT = "distinct"  # count(distinct other column)
    SUM = "sum"  # sum of a quantity
    MEAN = "mean"  # protected sum / protected count


@dataclass(frozen=True)
class Branch:
    """One outcome of a CASE (or FILTER) inside a measure: `value` is its fixed number, None when it gives no number.

    `prefix` names its hidden columns (`<prefix>_people`, `_total`, `_top`, `_rest`); `quantity` marks the one arm
    that holds a measured quantity instead of a fixed number.
    """

    prefix: str
    value: float | None
    quantity: bool = False


@dataclass(frozen=True)
class Statistic:
    """One protected column `a<n>` and the hidden columns of the inner query that judge and make it.

    Attributes:
        name: `a1`, `a2` ... in the protected table; its suppression companion is `s_a1` ...
        measure: which rules apply.
        prefix: of its hidden columns in the raw table (`c1`, `d1`, `m1`; `n` for all rows of the cell).
        conditional: whether it counts only what meets a condition (then condition and complement are judged).
        branches: outcomes of a CASE or FILTER inside a sum or mean.
        guards: prefixes of the summands of a measure like `x + 5`, each judged by itself: adding dilutes dominance.
        whole: whether the released number is a whole number.
        repeats: hidden columns that tell how often reference tables repeat rows (1 at most, or the cell is hidden).
        text: for `sde guard explain`, the guard's own words.
    """

    name: str
    measure: Measure
    prefix: str
    conditional: bool = False
    branches: tuple[Branch, ...] = ()
    guards: tuple[str, ...] = ()
    whole: bool = True
    repeats: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class InnerQuery:
    """The text that reads data.

    Attributes:
        sql: DuckDB SQL of one SELECT statement (with CTEs of the guard's own making).
        tables: physical tables read, as the catalogue names them. CTE names (`sde_rows`, ...) are not among them.
        functions: exactly the `function_name`s that DuckDB's own parse (`json_serialize_sql`) reports for `sql`,
            operators (`+`, `~~`, `count_star`) included. A difference means that the two parsers disagree: refuse.
        keys: names of the group key columns in the raw table, in order.
        grouped: False for one ungrouped row.
    """

    sql: str
    tables: frozenset[str]
    functions: frozenset[str]
    keys: tuple[str, ...] = ()
    grouped: bool = False
    statistics: tuple[Statistic, ...] = ()


@dataclass(frozen=True)
class OutputColumn:
    """One column of the answer: `source` in the outer table, `companion` (boolean: is it suppressed) or empty."""

    name: str
    source: str
    companion: str = ""


@dataclass(frozen=True)
class Plan:
    """A query the policy allows, ready to be executed.

    `flow` is the flow of the root: PROTECTED, or PUBLIC for a question about reference tables only; then stage 8 passes
    the raw table through and `outer_sql` only puts it in order.
    """

    inner: InnerQuery
    outer_sql: str
    outer_functions: frozenset[str]
    relations: tuple[Relation, ...]
    flow: Flow
    columns: tuple[OutputColumn, ...]
    threshold: int = 0  # of the profile that planned it; `protect` refuses to work under another


@dataclass(frozen=True)
class Protected:
    """Stage 8's result: publishable values only. `suppressed_rows` is 0 unless enough people stand behind those
    rows."""

    table: pa.Table
    suppressed_rows: int


@dataclass(frozen=True)
class Answer:
    """What may leave. Attributes:

    table: final column names; suppressed cells null; a column with suppressed cells has the field metadata
        `sde.suppressed` = JSON list of row numbers.
    flags: output column -> why some of its cells are hidden or changed.
    """

    table: pa.Table
    flags: dict[str, str]
    suppressed_rows: int
    suppressed_cells: int
