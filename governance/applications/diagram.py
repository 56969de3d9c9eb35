"""Draws the states of an application and writes the form down from the data: the docs' pages are made here."""

from __future__ import annotations

from governance.applications.form import FORM
from governance.applications.states import MOVES, TRANSITIONS, State

START = "[*]"


def state_diagram() -> str:
    """Mermaid text (stateDiagram-v2), one arrow per row, dead ends leading to the end mark."""
    lines = ["stateDiagram-v2"]
    for row in TRANSITIONS:
        source = row.source.name if row.source else START
        lines.append(f"    {source} --> {row.target.name}: {row.action.words} ({row.who.value})")
    sources = {row.source for row in TRANSITIONS}
    lines += [f"    {state.name} --> {START}" for state in State if state not in sources]
    return "\n".join(lines) + "\n"


def transition_table() -> str:
    """The same rows as a Markdown table."""
    lines = ["| from | action | to | who | when | audit event |", "|---|---|---|---|---|---|"]
    for row in TRANSITIONS:
        source = row.source.words if row.source else "(start)"
        what = f"{row.action.words} | {row.target.words} | {row.who.value} | {row.condition}"
        lines.append(f"| {source} | {what} | `{row.event}` |")
    return "\n".join(lines) + "\n"


def state_table() -> str:
    """What each state means and who has the move."""
    lines = ["| state | who has the move | what it means |", "|---|---|---|"]
    lines += [
        f"| {state.words} | {who.value if who else 'nobody'} | {words} |" for state, (who, words) in MOVES.items()
    ]
    return "\n".join(lines) + "\n"


def form_tables() -> str:
    """Each section of the form with its fields."""
    parts = []
    for section in FORM:
        lines = [f"## {section.title}", "", section.about, ""]
        lines += ["| field | question | about | holds | needed | public |", "|---|---|---|---|---|---|"]
        for field in section.fields:
            marks = f"{'yes' if field.required else 'no'} | {'yes' if field.public else 'no'}"
            lines.append(f"| `{field.name}` | {field.label} | {field.help} | {field.shape.value} | {marks} |")
            for inner in field.fields:
                needed = "yes" if inner.required else "no"
                name = f"{field.name}[].{inner.name}"
                lines.append(f"| `{name}` | {inner.label} | {inner.help} | {inner.shape.value} | {needed} | |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
