"""Stage 5 for a query about people: group keys that are coarse enough, aggregates as requests, then the two texts."""

from __future__ import annotations

from dataclasses import replace

from governance.catalogue import ColumnUse
from query_guard.policy.draft import Draft
from query_guard.policy.inner_sql import write_inner, write_probe
from query_guard.policy.measures.families import everyone
from query_guard.policy.measures.requests import Requests
from query_guard.policy.outer_sql import write_outer
from query_guard.policy.plan import Flow, InnerQuery, Measure, OutputColumn, Plan, Relation, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows
from query_guard.policy.steps.resolve_sources import rows_of
from query_guard.policy.terms import Kind, Term
from query_guard.policy.values import Values

_WEIGHED = (Measure.ROWS, Measure.SUM, Measure.MEAN)
_KEY_KINDS = frozenset(Kind) - {Kind.OTHER}


def rewrite_protected(draft: Draft) -> Draft:
    """Sets `plan` of a PRIVATE draft; leaves a PUBLIC one alone. Raises `key-too-fine` and the refusals of
    expressions."""
    if draft.flow is not Flow.PRIVATE:
        return draft
    rows = rows_of(draft)
    keys = [_group_key(node, rows) for node in draft.keys]
    repeats = tuple(f"u{number}" for number in range(1, len(draft.reference_keys) + 1))
    requests = Requests(rows, repeats)
    names = [f"k{number}" for number in range(1, len(keys) + 1)]
    columns = {key.sql: Term(name, key.kind) for name, key in zip(names, keys, strict=True)}
    values = Values(rows, requests, columns, draft.aliases)
    outer = write_outer(draft, values, names)
    statistics = tuple(requests.statistics.values())
    families = [everyone(grouped=draft.grouped), *(family for _, family in requests.families.values())]
    probes = []
    if any(statistic.measure in _WEIGHED for statistic in statistics):
        probes = [write_probe(draft, number, alias, keys) for number, alias in enumerate(draft.reference_keys, 1)]
    written = write_inner(draft, keys, families, probes)
    inner = InnerQuery(
        sql=written.sql,
        tables=frozenset(source.table.name for source in draft.sources),
        functions=written.functions | frozenset(requests.functions),
        keys=tuple(names),
        grouped=draft.grouped,
        statistics=statistics,
    )
    plan = Plan(
        inner=inner,
        outer_sql=outer.sql,
        outer_functions=outer.functions,
        relations=(*draft.relations, *_explain(draft, statistics)),
        flow=Flow.PROTECTED,
        columns=tuple(
            OutputColumn(item.name, f"c{number}", f"s{number}") for number, item in enumerate(draft.items, 1)
        ),
        threshold=draft.profile.threshold,
    )
    return replace(draft, plan=plan)


def _group_key(node: object, rows: Rows) -> Term:
    """The key's term. Raw measures, dates and keys of rows or people are too fine: they would name single people."""
    term = rows.write(node)
    if not term.exposes <= {ColumnUse.GROUP} or term.kind not in _KEY_KINDS:
        raise refuse("key-too-fine", node)
    return term


def _explain(draft: Draft, statistics: tuple[Statistic, ...]) -> tuple[Relation, ...]:
    joined = " joined with ".join(source.name for source in draft.sources)
    steps = [Relation(f"{joined}, filtered: every row belongs to one person", Flow.PRIVATE)]
    steps += [Relation(f"{statistic.name}: {statistic.text}", Flow.PROTECTED) for statistic in statistics]
    return (*steps, Relation("having, order, limit and arithmetic over protected values", Flow.PROTECTED))
