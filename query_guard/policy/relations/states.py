"""Companions of published values: 0 open, 1 partial (hidden cells were left out of it), 2 hidden.

Promise: an expression that reads a hidden cell is hidden itself, COALESCE included, so that a hidden count never looks
like a zero; sums, windows and other aggregates over cells leave hidden ones out, as SQL does with NULL, and say so.
"""

from __future__ import annotations

from dataclasses import replace

from query_guard.policy.terms import Term

HIDDEN = 2


def worst_state(states: frozenset[str]) -> str:
    """The worst of several companions."""
    ordered = sorted(states)
    return ordered[0] if len(ordered) == 1 else f"greatest({', '.join(ordered)})"


def state_functions(states: frozenset[str]) -> frozenset[str]:
    """DuckDB's names of the functions in `worst_state`."""
    return frozenset({"greatest"}) if len(states) > 1 else frozenset()


def shown(term: Term) -> str:
    """The value, NULL where it is hidden."""
    return f"CASE WHEN {worst_state(term.states)} = {HIDDEN} THEN NULL ELSE {term.sql} END" if term.states else term.sql


def over_cells(term: Term) -> Term:
    """An aggregate over published cells: partial where any of them was hidden."""
    if not term.states:
        return term
    worst = f"CASE WHEN max({worst_state(term.states)}) > 0 THEN 1 ELSE 0 END"
    return with_state(term, worst)


def with_state(term: Term, state: str) -> Term:
    """The term with the one companion `state`, which calls max over what its companions were."""
    functions = term.state_functions | {"max"} | state_functions(term.states)
    return replace(term, states=frozenset({state}), state_functions=functions)
