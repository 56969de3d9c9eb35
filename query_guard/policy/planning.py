"""plan_query: from text to plan, stage by stage. Whatever goes wrong unexpectedly is a refusal of one constant text."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlglot import exp

from governance.catalogue import Catalogue
from governance.disclosure import DisclosureProfile
from governance.refusal import Refusal
from query_guard.policy.check_shape import check_shape
from query_guard.policy.plan import Explained, Flow, OutputColumn, Plan, Step, StepKind
from query_guard.policy.reading import in_dialect, read_statement
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.scope import Scope
from query_guard.policy.relations.selects import compile_query
from query_guard.policy.walking import columns_named

_CLOCK = (exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp)
_log = logging.getLogger(__name__)


def plan_query(
    sql: str,
    catalogue: Catalogue,
    profile: DisclosureProfile,
    *,
    dialect: str = "duckdb",
    parameters: Mapping[str, Any] | Sequence[Any] = (),
    today: date = date.min,
) -> Plan:
    """Plan one query of a project.

    Args:
        sql: the caller's text, any text at all.
        dialect, parameters: see `reading.read_statement`.
        today: what current_date means: the day of the data's cut, so that a query means the same tomorrow.
        catalogue: the project's tables and columns, already cut to its live grants.
        profile: the disclosure profile whose threshold the plan is made for.

    Raises:
        Refusal: the query is outside the policy (see `codes.CODES`), or planning failed (`guard-failed`).
    """
    try:
        tree = read_statement(sql, dialect, parameters, catalogue)  # stages 0 and 1
        return _plan_read(_at(tree, today), catalogue, profile, dialect)  # stages 2 to 5
    except Refusal:
        raise
    except RecursionError:
        raise refuse("too-complex") from None
    except Exception as error:  # fail closed; only the type is logged, because the text may hold the caller's literals
        _log.error("guard.planning_failed type=%s", type(error).__name__)
        raise refuse("guard-failed") from None


def _plan_read(tree: Any, catalogue: Catalogue, profile: DisclosureProfile, dialect: str) -> Plan:
    """The plan of a tree; a refusal names the place in the caller's own dialect."""
    try:
        check_shape(tree)
        return _plan_tree(tree, catalogue, profile)
    except Refusal as refusal:
        raise in_dialect(refusal, dialect) from None


def _at(tree: Any, today: date) -> Any:
    """The tree with clock functions replaced by the day of the data's cut."""
    if tree.find(*_CLOCK) is None:
        return tree
    kind = exp.DataType(this=exp.DType.DATE)
    return tree.transform(
        lambda node: (
            exp.Cast(this=exp.Literal.string(today.isoformat()), to=kind.copy()) if type(node) in _CLOCK else node
        )
    )


def _plan_tree(tree: Any, catalogue: Catalogue, profile: DisclosureProfile) -> Plan:
    build = Build(catalogue, profile, columns_named(tree))
    root = compile_query(build, tree, Scope(), is_root=True)
    if root.relation.flow is Flow.PRIVATE:
        raise refuse("rows-not-shown", tree)
    kind, letter = (StepKind.FREE, "f") if root.relation.free else (StepKind.PUBLIC, "q")
    build.add_step(kind, letter, root.body)
    return Plan(
        steps=_needed(build.steps),
        columns=_outputs(root, frozenset(build.notes)),
        relations=_lines(build),
        flow=root.relation.flow,
        threshold=profile.threshold,
    )


def _needed(steps: list[Step]) -> tuple[Step, ...]:
    """The steps that the last one reads, directly or through others, in order."""
    wanted = {steps[-1].name}
    for step in reversed(steps):
        if step.name in wanted:
            wanted |= step.given
    return tuple(step for step in steps if step.name in wanted)


def _outputs(root: Compiled, of_all: frozenset[str]) -> tuple[OutputColumn, ...]:
    """The output columns. Notes `of_all` numbers are beside those that have a companion: published numbers."""
    return tuple(
        OutputColumn(
            column.name,
            column.sql,
            column.state,
            tuple(sorted(column.notes | (of_all if column.state else frozenset()))),
        )
        for column in root.relation.columns.values()
    )


def _lines(build: Build) -> tuple[Explained, ...]:
    last = Explained("having, order, limit and arithmetic over published values", Flow.PROTECTED)
    lines = tuple(build.explained)
    return (*lines, last) if any(step.kind is StepKind.PROTECT for step in build.steps) else lines
