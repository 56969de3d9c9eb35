"""The rules that hide a cell, from query_guard.policy.rules."""

from __future__ import annotations

import inspect
import sys

from query_guard.policy.rules import RULES

_INTRODUCTION = """# Rules that hide a cell

After a query over people has been executed, each cell of each column is judged by these rules, in this order. A cell is
hidden when one of them says so; which one is not told. The numbers they use are those of the project's
[profile](disclosure-profiles.md): `threshold`, `dominance`, `residual_dof`. Why they are as they are, what else hides a
cell, and what they do not stop: [disclosure control](../explanation/disclosure-control.md)."""


def page() -> str:
    """Every rule in its own words."""
    parts = [_INTRODUCTION]
    for rule in RULES:
        why = inspect.cleandoc(sys.modules[rule.__module__].__doc__ or "")
        when = inspect.cleandoc(rule.__doc__ or "")
        parts.append(f"## {rule.__name__}\n\n{why}\n\n{when}")
    return "\n\n".join(parts)
