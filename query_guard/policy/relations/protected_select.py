"""SELECT that puts people together: a protected aggregate. Its inner text reads rows, stage 8 makes the cells
publishable, and HAVING, ORDER BY, LIMIT, windows and arithmetic are computed from published cells only."""

from __future__ import annotations

from dataclasses import replace

from governance.catalogue import ColumnUse
from query_guard.policy.measures.families import everyone
from query_guard.policy.measures.requests import Requests
from query_guard.policy.plan import CellPlan, Flow, StepKind
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build, Written, written
from query_guard.policy.relations.cell_text import CellText, write_cells
from query_guard.policy.relations.clauses import Clauses
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.nobody_rows import NOTE as LEFT_OUT
from query_guard.policy.relations.origin import Origin
from query_guard.policy.relations.plain_select import Parts, assemble
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.sizes import REFERENCE_ROWS
from query_guard.policy.relations.unknown_rows import CODE as BY_HAND
from query_guard.policy.rows import Rows, check_given
from query_guard.policy.terms import Kind, Term, quote_name
from query_guard.policy.values import Values
from query_guard.policy.walking import has_subquery, has_window


def compile_protected(build: Build, origin: Origin, clauses: Clauses, *, is_root: bool) -> Compiled:
    """A grouped SELECT of a PRIVATE origin. Raises `key-too-fine` and the refusals of expressions."""
    keys = tuple(_group_key(node, origin.rows) for node in clauses.keys)
    requests = requests_of(build, origin)
    named = {key.sql: Term(f"k{number}", key.kind, notes=key.notes) for number, key in enumerate(keys, 1)}
    asked = tuple((node, named[key.sql]) for node, key in zip(clauses.keys, keys, strict=True) if has_subquery(node))
    values = Values(origin.rows, requests, named, clauses.aliases, levelled=clauses.levelled, nodes=asked)
    notes = frozenset({LEFT_OUT} if origin.left_out else ())
    outputs = tuple(_noted(values.write(item.node), notes) for item in clauses.items)
    ordered = tuple(values.write(item.node) for item in clauses.order if not item.output)
    qualify = _deciding(values, clauses.qualify) if clauses.qualify is not None else None
    if clauses.having is not None and has_window(clauses.having):
        raise refuse("window-misplaced", clauses.having)
    having = _deciding(values, clauses.having) if clauses.having is not None else None
    by_hand = not is_root and {refusal.code for refusal in requests.withheld} == {BY_HAND}  # the rest of the query is
    if not by_hand and not any(key.notes for key in keys):  # answered; so is a key that is a published value
        requests.check_something_is_released()
    table = _add_step(build, origin, clauses, keys, requests)
    tail = written(f"FROM {quote_name(table)}", reads=[table])
    if having is not None:
        tail = written(f"{tail.sql} WHERE {having.sql}", tail, having)
    level = ("level",) if clauses.levelled else ()
    ties = () if clauses.distinct or qualify is not None else (*level, *(f"k{n}" for n in range(1, len(keys) + 1)))
    parts = Parts(outputs, ordered, qualify, tail, ties)
    single = clauses.limit == 1 or not keys
    size = 1 if single else REFERENCE_ROWS
    whole = Relation(Flow.PROTECTED, "", free=True, single_row=single, size=size)
    return assemble(parts, clauses, whole, is_root=is_root)


def _deciding(values: Values, node: object) -> Term:
    """A condition that decides which cells there are. Raises the refusal of what is withheld in it."""
    return check_given(values.condition(node), node)


def _noted(term: Term, notes: frozenset[str]) -> Term:
    """A published value with what its reader must know; group keys are as they are."""
    return replace(term, notes=term.notes | notes) if term.states else term


def requests_of(build: Build, origin: Origin) -> Requests:
    """An empty collection of what is asked of the cells of an origin."""
    repeats = tuple(f"u{number}" for number in range(1, len(origin.repeats) + 1))
    return Requests(origin.rows, build.profile.threshold, repeats, origin.amplified, origin.copied)


def _group_key(node: object, rows: Rows) -> Term:
    """The key's term. Raw dates, broken numbers and keys of rows or people are too fine: they would name single people;
    whole numbers (days, doses) are shared by many."""
    term = check_given(rows.write(node), node)
    if not term.exposes <= {ColumnUse.GROUP} or term.kind is Kind.OTHER:
        raise refuse("key-too-fine", node)
    return term


def _add_step(build: Build, origin: Origin, clauses: Clauses, keys: tuple[Term, ...], requests: Requests) -> str:
    statistics = tuple(requests.statistics.values())
    text = CellText(
        origin=origin,
        keys=keys,
        levels=clauses.levels,
        levelled=clauses.levelled,
        families=(everyone(), *(family for _, family in requests.families.values())),
        least=(build.profile.threshold + 1) // 2,  # the history of answers keeps no smaller ones (`is_compared`)
        weighed=any(statistic.measure.is_weighed for statistic in statistics),
    )
    body = write_cells(text)
    whole = Written(body.sql, body.functions | requests.functions, body.reads | requests.reads)
    for statistic in statistics:
        build.explain(f"{statistic.name}: {statistic.text}", Flow.PROTECTED)
    return build.add_step(
        StepKind.PROTECT,
        "p",
        whole,
        CellPlan(text.names, bool(keys), clauses.levelled, statistics, build.profile.threshold),
    )
