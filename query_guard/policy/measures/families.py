"""Families of hidden columns: what the inner query computes per row, per person and per cell so that stage 8 can judge.

Three levels: `sde_rows` (one line per row of the caller's FROM and WHERE), `sde_people` (one per group and person) and
`sde_cells` (one per group). A person's contribution is therefore exact, whatever joins multiply rows.
"""

from __future__ import annotations

from dataclasses import dataclass

Columns = tuple[tuple[str, str], ...]  # (name, SQL)


@dataclass(frozen=True)
class Family:
    """Hidden columns that belong together, by the level at which they are computed.

    `distinct` columns are computed over the rows of a whole cell, past the people.
    """

    rows: Columns = ()
    people: Columns = ()
    cells: Columns = ()
    distinct: Columns = ()
    functions: frozenset[str] = frozenset()


def everyone(*, grouped: bool) -> Family:
    """Of every cell: contributors, rows, and the rows of its two heaviest people.

    A grouped query also gets a 64-bit sketch of its people: the OR over hidden groups proves that at least so many
    different people stand behind them (two people on one bit count once, so it never claims too many).
    """
    cells: Columns = (
        ("contributors", "count(*)"),
        ("n_total", "TRY_CAST(sum(n) AS BIGINT)"),
        ("n_top", "max(n, 2)"),
    )
    functions = frozenset({"count_star", "sum", "max"})
    if grouped:
        bit = "CAST(1 AS UBIGINT) << CAST(person & 63 AS UBIGINT)"
        cells = (*cells, ("sketch", f"bit_or({bit})"))
        functions |= {"bit_or", "<<", "&"}
    return Family(people=(("n", "count(*)"),), cells=cells, functions=functions)


def condition(prefix: str, test: str, row_sql: str | None = None) -> Family:
    """Rows that meet a test: their number, their people, the two heaviest, and the people with rows that fail it."""
    return Family(
        rows=((prefix, row_sql),) if row_sql is not None else (),
        people=((f"{prefix}_n", f"count(*) FILTER (WHERE {test})"),),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {prefix}_n > 0)"),
            (f"{prefix}_rest", f"count(*) FILTER (WHERE {prefix}_n < n)"),
            (f"{prefix}_total", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_top", f"max({prefix}_n, 2)"),
        ),
        functions=frozenset({"count_star", "sum", "max"}),
    )


def quantity(prefix: str, row_sql: str) -> Family:
    """A measured quantity (DOUBLE, finite): per-person sums, and what tells a count in disguise from a measure."""
    nonzero = f"FILTER (WHERE {prefix} <> 0)"
    return Family(
        rows=((prefix, row_sql),),
        people=(
            (f"{prefix}_n", f"count({prefix})"),
            (f"{prefix}_sum", f"sum({prefix})"),
            (f"{prefix}_zeros", f"count(*) FILTER (WHERE {prefix} = 0)"),
            (f"{prefix}_low", f"min({prefix}) {nonzero}"),
            (f"{prefix}_high", f"max({prefix}) {nonzero}"),
        ),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {prefix}_sum <> 0)"),
            (f"{prefix}_missing", f"count(*) FILTER (WHERE {prefix}_n < n)"),
            (f"{prefix}_zero_people", f"count(*) FILTER (WHERE {prefix}_zeros > 0)"),
            (f"{prefix}_zero_rows", f"TRY_CAST(sum({prefix}_zeros) AS BIGINT)"),
            (f"{prefix}_rows", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_total", f"sum({prefix}_sum)"),
            (f"{prefix}_gross", f"sum(abs({prefix}_sum))"),
            (f"{prefix}_top", f"max(abs({prefix}_sum), 2)"),
            (f"{prefix}_low", f"min({prefix}_low)"),
            (f"{prefix}_high", f"max({prefix}_high)"),
        ),
        functions=frozenset({"count", "count_star", "sum", "min", "max", "abs"}),
    )


def distinct(prefix: str, row_sql: str) -> Family:
    """Different values: of the cell, and of each person for the dominance rule."""
    return Family(
        rows=((prefix, row_sql),),
        people=((f"{prefix}_n", f"count(DISTINCT {prefix})"),),
        cells=(
            (f"{prefix}_people", f"count(*) FILTER (WHERE {prefix}_n > 0)"),
            (f"{prefix}_gross", f"TRY_CAST(sum({prefix}_n) AS BIGINT)"),
            (f"{prefix}_top", f"max({prefix}_n, 2)"),
        ),
        distinct=((f"{prefix}_count", f"count(DISTINCT {prefix})"),),
        functions=frozenset({"count", "count_star", "sum", "max"}),
    )
