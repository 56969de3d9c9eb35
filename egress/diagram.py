"""Draws the state machine from egress.states: the docs' diagram and table are made here and never by hand."""

from __future__ import annotations

from egress.directions import BOTH
from egress.states import TRANSITIONS, State, Transition

START = "[*]"


def state_diagram() -> str:
    """Mermaid text (stateDiagram-v2), one arrow per row, dead ends leading to the end mark."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {_name(row.source)} --> {_name(row.target)}: {_label(row)}" for row in TRANSITIONS]
    sources = {row.source for row in TRANSITIONS}
    lines += [f"    {_name(state)} --> {START}" for state in State if state not in sources]
    return "\n".join(lines) + "\n"


def transition_table() -> str:
    """The same rows as a Markdown table."""
    lines = ["| from | action | to | who | when | audit event |", "|---|---|---|---|---|---|"]
    for row in TRANSITIONS:
        source = row.source.words if row.source else "(start)"
        who = ", ".join(part.value for part in row.who)
        action = row.action.value.replace("_", " ")
        when = row.condition if row.directions == BOTH else f"{row.condition} (files coming in)"
        lines.append(f"| {source} | {action} | {row.target.words} | {who} | {when} | `{row.event}` |")
    return "\n".join(lines) + "\n"


def _name(state: State | None) -> str:
    return state.name if state else START


def _label(row: Transition) -> str:
    return f"{row.action.value.replace('_', ' ')} ({row.who[0].value})"
