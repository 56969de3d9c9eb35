"""Each person's part of a raw cell is hers alone: the person data flow, seen from outside.

A PROTECT step's text is run over all records, over all but one person's, and over this person's alone. Whatever adds
up over people must then add up, and a cell in which she has no row must not change in any of its columns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pyarrow as pa

from governance.disclosure import PROFILES
from query_guard.policy import Plan, StepKind, protect
from query_guard.policy.plan import Step
from tests.support.guard_policy import PolicyLab
from tests.support.rule_in_memory import Forgetting

#: Ends of the names of raw columns that are sums over people.
ADDED = ("contributors", "_total", "_people", "_there", "_rows", "_zeros", "_gross")

#: A threshold of one: no cell is gathered with others because it is too small.
ALL_CELLS = replace(PROFILES["nhs-sde"], threshold=1)

Cell = dict[str, Any]


def foreign_influence(plan: Plan, lab: PolicyLab, without: PolicyLab, alone: PolicyLab) -> str:
    """What of the plan's raw cells depends on one person who is not in them; empty if nothing does.

    All labs need a profile that gathers no small cells (`ALL_CELLS`). `without` is the same data without one person,
    `alone` this person's data alone. Tables of earlier steps are those of all the data, for all three: published values
    may decide about people.
    """
    made: dict[str, pa.Table] = {}
    for step in plan.steps:
        table = run_step(lab, step, made)
        if step.kind is StepKind.PROTECT and step.cells is not None:
            found = _compare(table, run_step(without, step, made), run_step(alone, step, made))
            if found:
                return f"{found} in {step.sql}"
            table = protect(step.cells, table, lab.profile, Forgetting()).table
        made[step.name] = table
    return ""


def run_step(lab: PolicyLab, step: Step, made: dict[str, pa.Table]) -> pa.Table:
    """One step's text over a lab's data and the tables of earlier steps."""
    with lab.open() as engine:
        for name in step.given:
            engine.register(name, made[name])
        table = engine.sql(step.sql).to_arrow_table()
        for name in step.given:
            engine.unregister(name)
    return table


def _cells(table: pa.Table) -> dict[tuple[Any, ...], Cell]:
    found = {}
    for row in table.to_pylist():
        if row["contributors"] is None:  # says only that there are no cells
            continue
        key = tuple(str(value) for name, value in row.items() if name == "level" or _is_key(name))
        assert key not in found, f"two cells of one key: {key}"
        found[key] = row
    return found


def _is_key(name: str) -> bool:
    return name[0] == "k" and name[1:].isdigit()


def _compare(whole: pa.Table, without: pa.Table, alone: pa.Table) -> str:
    cells, others, hers = _cells(whole), _cells(without), _cells(alone)
    if not {*others, *hers} <= cells.keys():
        return "a cell that only fewer people have"
    for key, cell in cells.items():
        rest, own = others.get(key, {}), hers.get(key, {})
        if own.get("contributors", 0) > 1:
            return "one person who counts as several"
        for name, value in cell.items():
            added = name.endswith(ADDED)
            if added and not _close(_number(value), _number(rest.get(name)) + _number(own.get(name))):
                return f"{name} does not add up"
            if rest and not own.get("contributors") and not _close(value, rest[name]):
                return f"{name} changes with somebody who is not in it"
    return ""


def _number(value: Any) -> float:
    return float(value or 0)


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        both_odd = not math.isfinite(one) and not math.isfinite(other)
        return both_odd or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)
