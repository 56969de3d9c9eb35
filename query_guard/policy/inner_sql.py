"""The inner query: the one text that reads people's rows, in the guard's words from the first to the last character.

`sde_rows` is the caller's FROM and WHERE with the group keys and the hidden row values; `sde_people` sums it up for
each group and person; `sde_cells` counts people for each group. Counting distinct values of a cell goes past the
people.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.catalogue import PERSON_KEY
from query_guard.policy.conjuncts import join_conditions
from query_guard.policy.draft import Conjunct, Draft, JoinKind, Source
from query_guard.policy.measures.families import Columns, Family
from query_guard.policy.steps.classify_flow import holds_for
from query_guard.policy.terms import Term, join_terms, quote_name


@dataclass(frozen=True)
class Written:
    """A text and the functions in it."""

    sql: str
    functions: frozenset[str]


def write_from(draft: Draft) -> Term:
    """FROM, joins and WHERE. The functions of all conditions are known of the term."""
    parts = [_write_source(draft, source) for source in draft.sources]
    where = [conjunct for conjunct in draft.conjuncts if not conjunct.home]
    condition = join_conditions(where)
    tests = [condition.sql] if where else []
    if draft.anchor is not None:  # a row without a person is nobody's and is left out
        tests.append(f"{draft.anchor.alias}.{quote_name(PERSON_KEY)} IS NOT NULL")
    sql = "FROM " + " ".join(part.sql for part in parts) + (f" WHERE {' AND '.join(tests)}" if tests else "")
    return join_terms(sql, condition.kind, condition, *parts)


def _write_source(draft: Draft, source: Source) -> Term:
    own = [conjunct for conjunct in draft.conjuncts if conjunct.home == source.alias]
    condition = join_conditions(own)
    table = f"{quote_name(source.table.name)} AS {source.alias}"
    if source.join is JoinKind.FIRST:
        return join_terms(table, condition.kind, condition)
    if source.join is JoinKind.CROSS:
        return join_terms(f"CROSS JOIN {table}", condition.kind, condition)
    return join_terms(f"{source.join.value} {table} ON {condition.sql}", condition.kind, condition)


def write_inner(draft: Draft, keys: list[Term], families: list[Family], probes: list[Written]) -> Written:
    """The whole text. `keys` are k1, k2 ... over rows; `probes` are CTEs `sde_u1` ... each with one column `u1` ..."""
    body = write_from(draft)
    names = [f"k{number}" for number in range(1, len(keys) + 1)]
    row_columns: Columns = tuple(zip(names, (key.sql for key in keys), strict=True))
    assert draft.anchor is not None, "only a query about people has an inner query of this form"
    row_columns += (("person", f"{draft.anchor.alias}.{quote_name(PERSON_KEY)}"),)
    row_columns += _columns(families, "rows")
    group = f" GROUP BY {', '.join(names)}" if names else ""
    plain: Columns = tuple((name, name) for name in names)
    counts = _columns(families, "distinct")
    ctes = [
        f"sde_rows AS (SELECT {_list(row_columns)} {body.sql})",
        f"sde_people AS (SELECT {_list((*plain, ('person', 'person'), *_columns(families, 'people')))}"
        f" FROM sde_rows GROUP BY {', '.join((*names, 'person'))})",
        f"sde_cells AS (SELECT {_list((*plain, *_columns(families, 'cells')))} FROM sde_people{group})",
    ]
    if counts:
        ctes.append(f"sde_counts AS (SELECT {_list((*plain, *counts))} FROM sde_rows{group})")
    ctes.extend(probe.sql for probe in probes)
    sql = f"WITH {', '.join(ctes)} {_final_select(names, families, len(probes))}"
    functions = body.functions.union(*(key.functions for key in keys), *(family.functions for family in families))
    return Written(sql, functions.union(*(probe.functions for probe in probes)))


def _columns(families: list[Family], level: str) -> Columns:
    """The columns of one level, each name once."""
    return tuple(column for family in families for column in getattr(family, level))


def _list(columns: Columns) -> str:
    return ", ".join(name if sql == name else f"{sql} AS {name}" for name, sql in columns)


def _final_select(names: list[str], families: list[Family], probes: int) -> str:
    counts = _columns(families, "distinct")
    wanted = [f"sde_cells.{name}" for name in (*names, *(name for name, _ in _columns(families, "cells")))]
    wanted += [f"sde_counts.{name}" for name, _ in counts]
    wanted += [f"sde_u{number}.u{number}" for number in range(1, probes + 1)]
    sql = f"SELECT {', '.join(wanted)} FROM sde_cells"
    if counts and names:
        same = " AND ".join(f"(sde_cells.{name} IS NOT DISTINCT FROM sde_counts.{name})" for name in names)
        sql += f" INNER JOIN sde_counts ON {same}"
    elif counts:
        sql += " CROSS JOIN sde_counts"
    return sql + "".join(f" CROSS JOIN sde_u{number}" for number in range(1, probes + 1))


def write_probe(draft: Draft, number: int, alias: str, keys: list[Term]) -> Written:
    """How many rows of the reference table `alias` share one key within one group, at most (`u<number>`).

    Only conditions on this table alone narrow it down first; all others can only make fewer rows match.
    """
    source = next(source for source in draft.sources if source.alias == alias)
    key = list(dict.fromkeys(draft.reference_keys[alias]))
    key += [term.sql for term in keys if term.column is not None and term.column[0] == alias]
    narrowing: list[Conjunct] = [
        conjunct
        for conjunct in draft.conjuncts
        if conjunct.term.relations == {alias} and holds_for(draft, conjunct, alias)
    ]
    where = f" WHERE {join_conditions(narrowing).sql}" if narrowing else ""
    count = (
        f"sde_k{number} AS (SELECT count(*) AS n FROM {quote_name(source.table.name)} AS {alias}{where}"
        f" GROUP BY {', '.join(key)})"
    )
    most = f"sde_u{number} AS (SELECT max(n) AS u{number} FROM sde_k{number})"
    functions = join_conditions(narrowing).functions | {"count_star", "max"}
    return Written(f"{count}, {most}", functions)
