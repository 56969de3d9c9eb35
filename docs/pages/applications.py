"""The form of an application and its states, from governance.applications."""

from __future__ import annotations

from governance.applications.diagram import form_tables, state_diagram, state_table, transition_table


def form_page() -> str:
    """Every section and field."""
    return (
        "# The form of an application\n\n"
        "What only some applications need (an ethics approval for research, a reason for records) is told by the check "
        "that each save makes.\n\n" + form_tables().strip()
    )


def states_page() -> str:
    """The state diagram, who has the move, and the table of transitions."""
    return (
        "# States of an application\n\n```mermaid\n"
        + state_diagram().strip()
        + "\n```\n\n"
        + state_table().strip()
        + "\n\n"
        + transition_table().strip()
    )
