"""Stage 5 for a query about reference tables only: the same allow-list, the caller's question as it stands, a fixed
order."""

from __future__ import annotations

from dataclasses import replace

from query_guard.policy.draft import Draft
from query_guard.policy.inner_sql import Written, write_from
from query_guard.policy.outer_sql import limit_sql, order_sql
from query_guard.policy.plan import PROTECTED_TABLE, Flow, InnerQuery, OutputColumn, Plan
from query_guard.policy.reference_rows import ReferenceRows
from query_guard.policy.steps.resolve_sources import rows_of
from query_guard.policy.terms import join_terms


def rewrite_public(draft: Draft) -> Draft:
    """Sets `plan` of a PUBLIC draft; leaves a PRIVATE one alone."""
    if draft.flow is not Flow.PUBLIC:
        return draft
    numbers = range(1, len(draft.items) + 1)
    inner, order = _write(draft)
    outputs = ", ".join(f"c{number}" for number in numbers)
    plan = Plan(
        inner=InnerQuery(inner.sql, frozenset(source.table.name for source in draft.sources), inner.functions),
        outer_sql=f"SELECT {outputs} FROM {PROTECTED_TABLE} ORDER BY {', '.join(order)}",
        outer_functions=frozenset(),
        relations=draft.relations,
        flow=Flow.PUBLIC,
        columns=tuple(OutputColumn(item.name, f"c{number}") for number, item in zip(numbers, draft.items, strict=True)),
        threshold=draft.profile.threshold,
    )
    return replace(draft, plan=plan)


def _write(draft: Draft) -> tuple[Written, list[str]]:
    """The inner text and the order to repeat outside. Ties are broken by the output columns, so that LIMIT is
    repeatable."""
    plain = rows_of(draft)
    keys = [plain.write(node) for node in draft.keys]
    grouped = frozenset(key.sql for key in keys) if draft.aggregated else None
    rows = ReferenceRows(plain.sources, plain.merged, plain.aliases, keys=grouped)
    columns = [rows.write(item.node) for item in draft.items]
    ordered = [rows.write(item.node) for item in draft.order]
    body = write_from(draft)
    selected = [f"{term.sql} AS c{number}" for number, term in enumerate(columns, 1)]
    selected += [f"{term.sql} AS o{number}" for number, term in enumerate(ordered, 1)]
    order = [order_sql(f"o{n}", item.descending, item.nulls_first) for n, item in enumerate(draft.order, 1)]
    order += [order_sql(f"c{number}", False, False) for number in range(1, len(columns) + 1)]
    sql = f"SELECT {', '.join(selected)} {body.sql}"
    sql += f" GROUP BY {', '.join(key.sql for key in keys)}" if keys else ""
    parts = [body, *columns, *ordered, *keys]
    if draft.having is not None:
        test = rows.condition(draft.having)
        parts.append(test)
        sql += f" HAVING {test.sql}"
    whole = join_terms(f"{sql} ORDER BY {', '.join(order)}{limit_sql(draft)}", body.kind, *parts)
    return Written(whole.sql, whole.functions), order
