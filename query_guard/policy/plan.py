"""What planning hands over: the guard's whole understanding of one query, as frozen data.

A plan is a chain of steps; each makes one table that later steps may read, and the last makes the answer.

    PROTECT   its SQL reads people's rows in the locked engine; stage 8 turns the raw cells into publishable ones
    PUBLIC    its SQL reads reference tables only; nothing to protect
    FREE      its SQL reads tables of earlier steps only, in an engine without data

The promise of these types: every `Step.sql` is written by the policy's own renderer, never copied from the caller. No
caller's identifier is in it (tables, columns and aliases are the catalogue's or the guard's own), and of the caller's
text only literals, re-quoted by type. A PROTECT step's raw table still holds numbers about single people: it is
dropped right after `protect`, and never logged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from governance.answers import Ground
from query_guard.policy.refusing import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

MARKS_TABLE = "sde_marks"  # hidden in every extract: person_id and the person's secret mark of the data cut
ALL_ROWS = "n"  # prefix of the hidden columns that every raw table has: all rows of a cell
EVERYONE_SKETCH = "n_p"
SMALL_CELLS = "small_cells"  # how many groups a raw table leaves out; their sketch is `s_n_p0` ...
MARKS_COLUMNS = frozenset({"person_id", "mark"})


class Flow(StrEnum):
    """The class of a relation in the person data flow."""

    PUBLIC = "public"  # about nobody
    PRIVATE = "private"  # every row belongs to exactly one person
    PROTECTED = "protected"  # only values that stage 8 has made publishable


@dataclass(frozen=True)
class Explained:
    """One relation of the data flow, for `sde guard explain`: what it is and how it is classed. `place` is a text, or
    the caller's node, which is written out when somebody looks."""

    place: Any
    flow: Flow

    @property
    def text(self) -> str:
        """What it is, on one line."""
        return excerpt(self.place)


class Measure(StrEnum):
    """What kind of number a protected column is; decides which disclosure rules judge it."""

    ROWS = "rows"  # count(*), count(x), with or without a condition
    PEOPLE = "people"  # count(distinct person_id)
    DISTINCT = "distinct"  # count(distinct other column)
    SUM = "sum"  # sum of a quantity
    MEAN = "mean"  # protected sum / protected count
    LOWEST = "lowest"  # min: the value that `threshold` people are at or below
    HIGHEST = "highest"  # max: the same at the other end
    QUANTILE = "quantile"  # median and quantiles
    SPREAD = "spread"  # standard deviation, variance
    PAIR = "pair"  # correlation, covariance, regression of two quantities

    @property
    def is_weighed(self) -> bool:
        """Whether a row that a join repeats counts each time."""
        return self not in (Measure.PEOPLE, Measure.DISTINCT, Measure.LOWEST, Measure.HIGHEST)


class Shape(StrEnum):
    """How a released number is shaped."""

    WHOLE = "whole"  # a whole number
    FIGURES = "figures"  # so many significant figures
    MONTH = "month"  # the first day of a month


@dataclass(frozen=True)
class Statistic:
    """One protected column `a<n>` and the hidden columns of the inner query that judge and make it.

    Attributes:
        name: `a1`, `a2` ... in the protected table; its companion is `s_a1` ...
        measure: which rules apply.
        prefix: of its hidden columns in the raw table (`c1`, `d1`, `m1`; `n` for all rows of the cell).
        whole: prefix of the same number without its condition, empty if it has none. The whole is settled first, so
            that leaving out fewer people than the threshold changes nothing.
        variants: prefixes of other wholes: the quantity with a missing date filled in for everybody, and for nobody.
        guards: prefixes of the summands of a measure like `x + 5`, each judged by itself: adding dilutes dominance.
        shape: how the released number is shaped.
        repeats: hidden columns that tell how often reference tables repeat rows (1 at most, or the cell is hidden).
        tally: whether the quantity counts records: its sum is a count and is rounded like one.
        cased: whether the quantity is 0, missing or another one by a condition.
        origin: what its quantity was measured from; added again when it is released.
        level: of a quantile, between 0 and 1; `operation` names the function of a SPREAD or PAIR.
        weights: how many summands the quantity of a SPREAD has, or each of a PAIR's two.
        amplified: whether the query itself multiplies people's rows: nobody may then hold a large share.
        copied: whether it brings rows of one table in more than once: then nothing is said of rows.
        text: for `sde guard explain`, the guard's own words.
    """

    name: str
    measure: Measure
    prefix: str
    whole: str = ""
    variants: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    shape: Shape = Shape.WHOLE
    repeats: tuple[str, ...] = ()
    tally: bool = False
    cased: bool = False
    origin: float = 0
    level: float = 0.0
    operation: str = ""
    weights: tuple[int, ...] = ()
    amplified: bool = False
    copied: bool = False
    text: str = ""

    @property
    def series(self) -> str:
        """What its values may be compared with in the history of answers: the same kind of number only."""
        detail = (
            f" {self.level}" if self.measure is Measure.QUANTILE else f" {self.operation}" if self.operation else ""
        )
        return f"{self.measure}{detail}"

    @property
    def sketch(self) -> str:
        """Name of the parity sketch of what it rests on (`<sketch>0` ... `<sketch>3`): people, or people with what each
        contributes."""
        return f"{self.prefix}_r" if self.pairs else f"{self.prefix}_p"

    @property
    def people_sketch(self) -> str:
        """Name of the parity sketch of its people alone."""
        return f"{self.prefix}_p"

    @property
    def wholes(self) -> tuple[Statistic, ...]:
        """The same number without its condition, in the order in which they are settled before it."""
        prefixes = (*([self.whole] if self.whole else []), *self.variants)
        return tuple(replace(self, prefix=prefix, whole="", variants=()) for prefix in prefixes)

    @property
    def spreads_counts(self) -> bool:
        """Whether it describes how a number of records, or one that is 0 by a condition, is spread."""
        return self.measure in (Measure.SPREAD, Measure.PAIR) and (self.tally or self.cased)

    @property
    def pairs(self) -> bool:
        """Whether its sketch is over (person, contribution) and not over people alone."""
        return self.measure is not Measure.PEOPLE


@dataclass(frozen=True)
class CellPlan:
    """What the raw table of a PROTECT step holds.

    Attributes:
        keys: names of the group key columns, in order.
        grouped: False for one ungrouped row.
        levelled: whether there are grouping sets; then the column `level` tells which keys are left out (bit set).
        statistics: the protected columns to make.
        threshold: of the profile it was planned for.
    """

    keys: tuple[str, ...]
    grouped: bool
    levelled: bool
    statistics: tuple[Statistic, ...]
    threshold: int


class StepKind(StrEnum):
    """See the module's docstring."""

    PROTECT = "protect"
    PUBLIC = "public"
    FREE = "free"


@dataclass(frozen=True)
class Step:
    """One text and the table it makes.

    Attributes:
        kind, name: what it does; the name of its table.
        sql: DuckDB SQL of one statement (with CTEs of the guard's own making).
        tables: physical tables read, as the catalogue names them.
        given: tables of earlier steps read.
        functions: exactly the `function_name`s that DuckDB's own parse (`json_serialize_sql`) reports for `sql`,
            operators (`+`, `~~`, `count_star`) included. A difference means that the two parsers disagree: refuse.
        cells: of a PROTECT step.
    """

    kind: StepKind
    name: str
    sql: str
    tables: frozenset[str]
    given: frozenset[str]
    functions: frozenset[str]
    cells: CellPlan | None = None


@dataclass(frozen=True)
class OutputColumn:
    """One column of the answer: `source` in the last table, `state` its companion (0 open, 1 partial, 2 hidden) or
    empty, `notes` what the reader must know."""

    name: str
    source: str
    state: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A query the policy allows, ready to be executed: the flow of its root is PROTECTED or PUBLIC."""

    steps: tuple[Step, ...]
    columns: tuple[OutputColumn, ...]
    relations: tuple[Explained, ...]
    flow: Flow
    threshold: int  # of the profile that planned it; `protect` refuses to work under another

    @property
    def explained(self) -> tuple[Explained, ...]:
        """The relations of the data flow, each once."""
        return tuple({(line.text, line.flow): line for line in reversed(self.relations)}.values())[::-1]

    @property
    def tables(self) -> frozenset[str]:
        """All tables of the project that are read."""
        return frozenset().union(*(step.tables for step in self.steps)) - {MARKS_TABLE}


@dataclass(frozen=True)
class Protected:
    """Stage 8's result: publishable values only. `suppressed_rows` is about how many groups have no row (0 if too few
    people are in them to say so); `numbers` is how many were published. `grounds`: the sets that those rest on."""

    table: pa.Table
    suppressed_rows: int = 0
    numbers: int = 0
    grounds: tuple[Ground, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What may leave. Attributes:

    table: final column names; suppressed cells null; a column with suppressed cells has the field metadata
        `sde.suppressed` = JSON list of row numbers.
    flags: output column -> why some of its cells are hidden or changed.
    numbers: how many numbers about people stage 8 published for it.
    grounds: which sets of people those rest on, group by group.
    """

    table: pa.Table
    flags: dict[str, str]
    suppressed_rows: int
    suppressed_cells: int
    numbers: int = 0
    grounds: tuple[Ground, ...] = ()
