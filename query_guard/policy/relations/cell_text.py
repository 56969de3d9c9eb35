"""The inner query: the one text that reads people's rows, in the guard's words from the first to the last character.

`sde_rows` is the caller's FROM and WHERE with the group keys and the hidden row values; `sde_people` sums it up for
each group and person; `sde_marked` adds each person's secret mark; `sde_cells` counts people for each group. Numbers of
a whole cell go past the people (`sde_whole`). Each grouping set is a chain of its own over the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.catalogue import PERSON_KEY
from query_guard.policy.measures.families import Columns, Family, sketch_columns
from query_guard.policy.plan import EVERYONE_SKETCH, MARKS_TABLE, SMALL_CELLS
from query_guard.policy.relations.build import Written, written
from query_guard.policy.relations.origin import Origin, write_from
from query_guard.policy.relations.repeats import write_probe
from query_guard.policy.terms import Kind, Term, typed_null


@dataclass(frozen=True)
class CellText:
    """What the inner query is made of.

    Attributes:
        origin: the caller's FROM and WHERE.
        keys: the group keys as terms over rows; named k1, k2 ... here.
        levels: sets of key numbers (from 0) to group by.
        levelled: whether the raw table tells the levels apart.
        families: the hidden columns.
        weighed: whether any number depends on how often reference tables repeat rows.
        least: fewest people of a cell that is handed out by itself. Smaller ones are hidden whatever is asked, so only
            how many they are is (not with grouping sets: there a hidden cell may follow from its margins). Hence one
            person's own groups never make an answer too large.
    """

    origin: Origin
    keys: tuple[Term, ...]
    levels: tuple[tuple[int, ...], ...]
    levelled: bool
    families: tuple[Family, ...]
    weighed: bool
    least: int

    @property
    def gathers_small(self) -> bool:
        """Whether cells that are too small are gathered into one number."""
        return bool(self.keys) and not self.levelled

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the group keys in the raw table."""
        return tuple(f"k{number}" for number in range(1, len(self.keys) + 1))

    def columns(self, level: str) -> Columns:
        """The hidden columns of one level, each once."""
        return tuple(dict.fromkeys(column for family in self.families for column in getattr(family, level)))


def write_cells(text: CellText) -> Written:
    """The whole text."""
    body = write_from(text.origin)
    keys: Columns = tuple(zip(text.names, (_key(key) for key in text.keys), strict=True))
    rows = _list((*keys, ("person", text.origin.person), *text.columns("rows")))
    parts: list[Term | Written] = [body, *text.keys]
    ctes = [f"sde_rows AS (SELECT {rows} {body.sql})"]
    chains = [_chain(text, place, level) for place, level in enumerate(text.levels, 1)]
    ctes += [cte for chain, _, _ in chains for cte in chain]
    parts += [part for _, _, probes in chains for part in probes]
    sql = f"WITH {', '.join(ctes)} {' UNION ALL '.join(final for _, final, _ in chains)}"
    functions = frozenset().union(*(family.functions for family in text.families))
    if text.gathers_small:
        functions |= {"count_star", "bit_xor"}
    return written(sql, *parts, functions=functions, reads=[MARKS_TABLE])


def _key(key: Term) -> str:
    return typed_null(key.kind) if key.kind is Kind.NULL else key.sql


def _chain(text: CellText, place: int, level: tuple[int, ...]) -> tuple[list[str], str, list[Written]]:
    """The CTEs of one grouping set, its last SELECT, and its probes (also among the CTEs)."""
    suffix = f"_{place}" if text.levelled else ""
    names = tuple(text.names[number] for number in level)
    own: Columns = tuple((name, name) for name in names)
    group = f" GROUP BY {', '.join(names)}" if names else ""
    people = (*own, ("person", "person"), *text.columns("people"))
    marked = (*((name, name) for name, _ in people), ("mark", "mark"), *text.columns("marked"))
    ctes = [
        f"sde_people{suffix} AS (SELECT {_list(people)} FROM sde_rows GROUP BY {', '.join((*names, 'person'))})",
        f"sde_marked{suffix} AS (SELECT {_list(marked)} FROM sde_people{suffix} INNER JOIN {MARKS_TABLE}"
        f" ON person = {PERSON_KEY})",
        f"sde_cells{suffix} AS (SELECT {_list((*own, *text.columns('cells')))} FROM sde_marked{suffix}{group})",
    ]
    if text.gathers_small:
        small: Columns = ((SMALL_CELLS, "count(*)"), *_small_bits())
        ctes.append(f"sde_small AS (SELECT {_list(small)} FROM sde_cells WHERE contributors < {text.least})")
    if text.columns("whole"):
        ctes.append(f"sde_whole{suffix} AS (SELECT {_list((*own, *text.columns('whole')))} FROM sde_rows{group})")
    probes: list[Written] = []
    grouped = [text.keys[number] for number in level]
    for number, repeat in enumerate(text.origin.repeats if text.weighed else (), 1):
        count, most = write_probe(repeat, number, suffix, grouped)
        ctes += [f"sde_k{number}{suffix} AS ({count.sql})", f"sde_u{number}{suffix} AS ({most.sql})"]
        probes += [count, most]
    return ctes, _last_select(text, suffix, frozenset(level)), probes


def _last_select(text: CellText, suffix: str, level: frozenset[int]) -> str:
    cells, whole = f"sde_cells{suffix}", f"sde_whole{suffix}"
    wanted = []
    for number, (name, key) in enumerate(zip(text.names, text.keys, strict=True)):
        missing = f"{typed_null(key.kind)} AS {name}"
        wanted.append(f"{cells}.{name}" if number in level else missing)
    if text.levelled:
        mask = sum(1 << number for number in range(len(text.names)) if number not in level)
        wanted.append(f"{mask} AS level")
    wanted += [f"{cells}.{name}" for name, _ in text.columns("cells")]
    wanted += [f"{whole}.{name}" for name, _ in text.columns("whole")]
    probes = range(1, len(text.origin.repeats) + 1) if text.weighed else ()
    wanted += [f"sde_u{number}{suffix}.u{number}" for number in probes]
    source, join = cells, "INNER JOIN"
    if text.gathers_small:
        wanted += [f"sde_small.{name}" for name, _ in ((SMALL_CELLS, ""), *_small_bits())]
        source, join = f"sde_small LEFT JOIN {cells} ON ({cells}.contributors >= {text.least})", "LEFT JOIN"
    sql = f"SELECT {', '.join(wanted)} FROM {source}"
    if text.columns("whole"):
        names = [text.names[number] for number in sorted(level)]
        same = " AND ".join(f"({cells}.{name} IS NOT DISTINCT FROM {whole}.{name})" for name in names)
        sql += f" {join} {whole} ON {same}" if names else f" CROSS JOIN {whole}"
    return sql + "".join(f" CROSS JOIN sde_u{number}{suffix}" for number in probes)


def _small_bits() -> Columns:
    return tuple((f"s_{word}", f"bit_xor({word})") for word in sketch_columns(EVERYONE_SKETCH))


def _list(columns: Columns) -> str:
    return ", ".join(name if sql == name else f"{sql} AS {name}" for name, sql in columns)
