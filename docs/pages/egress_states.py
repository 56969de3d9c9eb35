"""The airlock's states and transitions, from egress.states."""

from __future__ import annotations

from egress.diagram import state_diagram, transition_table


def page() -> str:
    """The state diagram and the table of transitions."""
    return (
        "# States of an egress request\n\n```mermaid\n"
        + state_diagram().strip()
        + "\n```\n\n"
        + transition_table().strip()
        + "\n\nA request brings results out or files in, for life. The same machine serves both; the events of what"
        " comes in begin with\n`ingress.`, and *released* then means that the files are in the project's imports."
    )
