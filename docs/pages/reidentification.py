"""Re-identification's states, bounds and legal grounds, from governance.registry.reidentification_states."""

from __future__ import annotations

from governance.registry.reidentification_states import (
    KEYHOLDERS_NEEDED,
    LEGAL_GROUNDS,
    MOST_PEOPLE,
    MOST_REQUESTS_A_DAY,
    TRANSITIONS,
    State,
)
from governance.settings import Settings

_INTRODUCTION = """# Re-identification: states, bounds, legal grounds

[How it is done](../how-to/re-identification.md) and [what holds it together](../explanation/pseudonyms-and-keys.md)."""


def page() -> str:
    """The diagram, the table of transitions, the bounds and the grounds."""
    hours = Settings.model_fields["reidentification_hours"].default
    bounds = (
        f"A request names at most {MOST_PEOPLE} pseudonyms; a project asks at most {MOST_REQUESTS_A_DAY} times in 24 "
        f"hours; {KEYHOLDERS_NEEDED} keyholders decide; a request, and again an approved one, lives for {hours} hours "
        "(`reidentification_hours`)."
    )
    return "\n\n".join(
        (
            _INTRODUCTION,
            "## States\n\n```mermaid\n" + _diagram() + "\n```\n\n" + _table(),
            f"## Bounds\n\n{bounds}",
            "## Legal grounds\n\n| word | meaning |\n|---|---|\n"
            + "\n".join(f"| `{word}` | {meaning} |" for word, meaning in LEGAL_GROUNDS.items()),
        )
    )


def _diagram() -> str:
    lines = [f"    {_name(row.source)} --> {row.target.value}: {row.action.value}" for row in TRANSITIONS]
    ends = {row.target for row in TRANSITIONS} - {row.source for row in TRANSITIONS}
    lines += [f"    {state.value} --> [*]" for state in State if state in ends]
    return "\n".join(("stateDiagram-v2", *lines))


def _table() -> str:
    rows = [
        f"| {row.source.words if row.source else '(start)'} | {row.action.value} | {row.target.words} "
        f"| {', '.join(row.who)} | {row.condition} | `{row.event}` |"
        for row in TRANSITIONS
    ]
    return "\n".join(("| from | action | to | who | when | audit event |", "|---|---|---|---|---|---|", *rows))


def _name(state: State | None) -> str:
    return state.value if state else "[*]"
