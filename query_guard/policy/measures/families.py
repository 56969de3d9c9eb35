"""Families of hidden columns: what the inner query computes per row, per person and per cell so that stage 8 can judge.

Levels: `sde_rows` (one line per row of the caller's FROM and WHERE), `sde_people` (one per group and person),
`sde_marked` (the same with the person's secret mark) and cells (one per group). A person's contribution is
therefore exact, whatever joins multiply rows.

Each number a family can make has a *parity sketch* of what it rests on: 256 bits, of which every person (or person with
her contribution) flips one, at a place that her mark decides. Two sketches differ in at most as many bits as there are
differing people, so two answers about nearly the same people are always recognised (`differencing`).
"""

from __future__ import annotations

from dataclasses import dataclass

Columns = tuple[tuple[str, str], ...]  # (name, SQL)

SKETCH_WORDS = 4  # of 64 bits


@dataclass(frozen=True)
class Family:
    """Hidden columns that belong together, by the level at which they are computed.

    `whole` columns are computed over the rows of a whole cell, past the people.
    """

    rows: Columns = ()
    people: Columns = ()
    marked: Columns = ()
    cells: Columns = ()
    whole: Columns = ()
    functions: frozenset[str] = frozenset()


def sketch_columns(sketch: str) -> tuple[str, ...]:
    """Names of the words of a sketch in the raw table."""
    return tuple(f"{sketch}{word}" for word in range(SKETCH_WORDS))


#: The sketch of everyone in a cell: which bit a person flips is computed once, and read by the sketches of some.
_EVERYONE = "n_p"


def _places(name: str, flips: str, test: str = "") -> Columns:
    """Which bit of which word `flips` (a UBIGINT) decides: the word by bits 6 and 7, its bit by the lowest six; for
    whoever passes `test`."""
    word = f"({flips} >> 6) & {SKETCH_WORDS - 1}"
    return (
        (f"{name}_bit", f"CAST(1 AS UBIGINT) << ({flips} & 63)"),
        (f"{name}_word", f"CASE WHEN {test} THEN {word} END" if test else word),
    )


def _words(sketch: str, bit: str) -> Columns:
    return tuple(
        (name, f"bit_xor({bit}) FILTER (WHERE {sketch}_word = {place})")
        for place, name in enumerate(sketch_columns(sketch))
    )


def _of_everyone() -> Family:
    """The sketch of all people of a cell."""
    return Family(
        marked=_places(_EVERYONE, "mark"),
        cells=_words(_EVERYONE, f"{_EVERYONE}_bit"),
        functions=frozenset({"bit_xor", "&", ">>", "<<"}),
    )


def _of_some(sketch: str, test: str) -> Family:
    """The sketch of those who pass a test: they flip the bit that they flip among everyone."""
    return Family(
        marked=((f"{sketch}_word", f"CASE WHEN {test} THEN {_EVERYONE}_word END"),),
        cells=_words(sketch, f"{_EVERYONE}_bit"),
        functions=frozenset({"bit_xor"}),
    )


def _of_contributions(sketch: str, contribution: str, test: str = "") -> Family:
    """The sketch of those who pass a test, each with what she contributes."""
    return Family(
        marked=((f"{sketch}_hash", f"hash(mark, {contribution})"), *_places(sketch, f"{sketch}_hash", test)),
        cells=_words(sketch, f"{sketch}_bit"),
        functions=frozenset({"bit_xor", "&", ">>", "<<", "hash"}),
    )


def _merge(*families: Family) -> Family:
    return Family(
        rows=tuple(column for family in families for column in family.rows),
        people=tuple(column for family in families for column in family.people),
        marked=tuple(column for family in families for column in family.marked),
        cells=tuple(column for family in families for column in family.cells),
        whole=tuple(column for family in families for column in family.whole),
        functions=frozenset().union(*(family.functions for family in families)),
    )


def everyone() -> Family:
    """Of every cell: contributors, rows, the rows of its two heaviest people, and the sketch of its people."""
    counted = Family(
        people=(("n", "count(*)"),),
        cells=(
            ("contributors", "count(*)"),
            ("n_total", "TRY_CAST(sum(n) AS BIGINT)"),
            ("n_top", "max(n, 2)"),
            ("n_counts", "histogram(n)"),
        ),
        functions=frozenset({"count_star", "sum", "max", "histogram"}),
    )
    return _merge(counted, _of_everyone())


def all_rows() -> Family:
    """The sketch of everyone with her number of rows."""
    return _of_contributions("n_r", "n")


def condition(prefix: str, test: str, row_sql: str | None = None) -> Family:
    """Rows that meet a test: their number, their people and the rows of the two heaviest."""
    counted = Family(
        rows=((prefix, row_sql),) if row_sql is not None else (),
        people=((f"{prefix}_n", f"count(*) FILTER (WHERE {test})"),),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {prefix}_n > 0)"),
            (f"{prefix}_total", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_top", f"max({prefix}_n, 2)"),
            (f"{prefix}_counts", _spread(f"{prefix}_n")),
        ),
        functions=frozenset({"count_star", "sum", "max", "histogram"}),
    )
    return _merge(counted, _two_sketches(prefix, f"{prefix}_n"))


def _spread(number: str) -> str:
    """How many people have which number of rows, those without rows left out."""
    return f"histogram({number}) FILTER (WHERE {number} > 0)"


def quantity(prefix: str, row_sql: str, *, tally: bool = False, cased: bool = False) -> Family:
    """A measured quantity (DOUBLE, finite): per-person sums, who has it at all, and who has another value than 0.
    `tally`: its sums are counts themselves; `cased`: it is made by a condition or of two numbers."""
    alike = most_alike(prefix, f"{prefix}_sum", f"{prefix}_n") if cased else Family()
    sums = ((f"{prefix}_sum_counts", _spread(f"TRY_CAST({prefix}_sum AS BIGINT)")),) if tally else ()
    nonzero, some = f"FILTER (WHERE {prefix} <> 0)", f"{prefix}_zeros < {prefix}_n"
    measured = Family(
        rows=((prefix, row_sql),),
        people=(
            (f"{prefix}_n", f"count({prefix})"),
            (f"{prefix}_sum", f"sum({prefix})"),
            (f"{prefix}_zeros", f"count(*) FILTER (WHERE {prefix} = 0)"),
            (f"{prefix}_low", f"min({prefix}) {nonzero}"),
            (f"{prefix}_high", f"max({prefix}) {nonzero}"),
        ),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {some})"),
            (f"{prefix}_there", f"count(*) FILTER (WHERE {prefix}_n > 0)"),
            (f"{prefix}_zero_rows", f"TRY_CAST(sum({prefix}_zeros) AS BIGINT)"),
            (f"{prefix}_some_rows", f"TRY_CAST(sum({prefix}_n - {prefix}_zeros) AS BIGINT)"),
            (f"{prefix}_rows", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_total", f"sum({prefix}_sum)"),
            (f"{prefix}_gross", f"sum(abs({prefix}_sum))"),
            (f"{prefix}_top", f"max(abs({prefix}_sum), 2)"),
            (f"{prefix}_low", f"min({prefix}_low)"),
            (f"{prefix}_high", f"max({prefix}_high)"),
            (f"{prefix}_counts", _spread(f"{prefix}_n")),
            (f"{prefix}_some_counts", _spread(f"({prefix}_n - {prefix}_zeros)")),
            *sums,
            *alike.cells,
        ),
        functions=frozenset({"count", "count_star", "sum", "min", "max", "abs", "histogram", "-"}) | alike.functions,
    )
    contribution = _contribution(prefix, f"{prefix}_n", f"{prefix}_sum")
    return _merge(measured, contribution, _of_some(f"{prefix}_z", some))


def _contribution(prefix: str, *parts: str) -> Family:
    """The sketch of people with what they contribute. Sums are cut to 24 bits first: added up in another order they
    differ in the last digits, and the same question must have the same sketch."""
    cut = [part if part.endswith("_n") else f"TRY_CAST({part} AS FLOAT)" for part in parts]
    return _two_sketches(prefix, ", ".join(cut))


def _two_sketches(prefix: str, contribution: str) -> Family:
    """The sketches of the people of a family, alone (`_p`) and with what they contribute (`_r`)."""
    there = f"{prefix}_n > 0"
    return _merge(_of_some(f"{prefix}_p", there), _of_contributions(f"{prefix}_r", contribution, there))


def distinct(prefix: str, row_sql: str) -> Family:
    """Different values: of the cell, and of each person for the dominance rule."""
    counted = Family(
        rows=((prefix, row_sql),),
        people=(
            (f"{prefix}_n", f"count(DISTINCT {prefix})"),
            (f"{prefix}_first", f"min(hash({prefix}))"),
            (f"{prefix}_last", f"max(hash({prefix}))"),
        ),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {prefix}_n > 0)"),
            (f"{prefix}_gross", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_top", f"max({prefix}_n, 2)"),
        ),
        whole=((f"{prefix}_count", f"count(DISTINCT {prefix})"),),
        functions=frozenset({"count", "count_star", "sum", "min", "max", "hash"}),
    )
    return _merge(counted, _two_sketches(prefix, f"{prefix}_n, {prefix}_first, {prefix}_last"))


def extreme(prefix: str, row_sql: str, function: str, people: int) -> Family:
    """Each person's own extreme (`function` min or max), and those of the `people` most extreme people of the cell."""
    ends = Family(
        rows=((prefix, row_sql),),
        people=(
            (f"{prefix}_n", f"count({prefix})"),
            (f"{prefix}_end", f"{function}({prefix})"),
        ),
        cells=(
            (f"{prefix}_people", f"count({prefix}_end)"),
            (f"{prefix}_ends", f"{function}({prefix}_end, {people})"),
        ),
        functions=frozenset({"count", "count_star", function}),
    )
    return _merge(ends, _contribution(prefix, f"{prefix}_n", f"{prefix}_end"))


@dataclass(frozen=True)
class Described:
    """A quantity whose distribution is described: its SQL over rows, and that of its summands, each of which is judged
    by itself (a constant added to them would dilute the largest)."""

    sql: str
    summands: tuple[str, ...]


def distribution(
    prefix: str,
    one: Described,
    function: str,
    other: Described | None = None,
    *,
    level: str = "",
    counted: bool = False,
) -> Family:
    """One or two quantities described by one number over the rows of the cell: `function` is DuckDB's name of it,
    `level` that of a quantile. Of a pair, each is null where the other is. `counted`: the quantity counts records or is
    0 by a condition; then also the number over the other rows, and the people who have some and none."""
    parts = [(prefix, one), *([(f"{prefix}_x", other)] if other else [])]
    weights = [(f"{name}_w{place}", sql) for name, part in parts for place, sql in enumerate(part.summands, 1)]
    sums = tuple((f"{name}_sum", f"sum({name})") for name, _ in parts)
    squares = tuple((f"{name}_square", f"sum({name} * {name})") for name, _ in weights)
    value = f"{function}({', '.join([*(name for name, _ in parts), *([level] if level else [])])})"
    described = Family(
        rows=(*((name, part.sql) for name, part in parts), *weights),
        people=((f"{prefix}_n", f"count({prefix})"), *sums, *squares),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {prefix}_n > 0)"),
            (f"{prefix}_rows", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_row_top", f"max({prefix}_n, 2)"),
            *((f"{name}_gross", f"sum({name}_square)") for name, _ in weights),
            *((f"{name}_top", f"max({name}_square, 2)") for name, _ in weights),
        ),
        whole=((f"{prefix}_value", value),),
        functions=frozenset({"count", "count_star", "sum", "max", function}) | ({"*"} if weights else frozenset()),
    )
    names = [name for name, _ in (*sums, *squares)]
    contribution = _contribution(prefix, f"{prefix}_n", *names)
    if not level:
        described = _merge(described, *(most_alike(name, f"{name}_sum", f"{prefix}_n") for name, _ in parts))
    if other:
        described = _merge(described, most_alike(f"{prefix}_xy", f"{prefix}_sum", f"{prefix}_x_sum"))
    some = " AND ".join(f"{name} <> 0" for name, _ in parts)
    return _merge(described, contribution, *([_without_zeros(prefix, value, some)] if counted else []))


def most_alike(name: str, one: str, other: str) -> Family:
    """How many people have the one quotient of their two numbers that most people have (`<name>_same`), up to the last
    digits, in which sums in another order differ."""
    quotient = f"TRY_CAST(CASE WHEN {other} <> 0 THEN {one} / {other} END AS FLOAT)"
    return Family(
        cells=((f"{name}_same", f"list_max(map_values(histogram({quotient})))"),),
        functions=frozenset({"/", "histogram", "list_max", "map_values"}),
    )


def _without_zeros(prefix: str, value: str, some: str) -> Family:
    return Family(
        people=((f"{prefix}_nonzero", f"count(*) FILTER (WHERE {some})"),),
        cells=(
            (f"{prefix}_some", f"count(*) FILTER (WHERE {prefix}_nonzero > 0)"),
            (f"{prefix}_none", f"count(*) FILTER (WHERE {prefix}_nonzero < {prefix}_n)"),
        ),
        whole=((f"{prefix}_some_value", f"{value} FILTER (WHERE {some})"),),
    )
