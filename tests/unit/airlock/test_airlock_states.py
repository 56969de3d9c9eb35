"""The state machine as data: closed, connected, and drawn from itself."""

from __future__ import annotations

import pytest

from egress.diagram import state_diagram, transition_table
from egress.directions import Direction
from egress.states import (
    BLIND,
    EDITABLE,
    FED_BACK,
    TERMINAL,
    TRANSITIONS,
    Action,
    State,
    check_state,
    find_transition,
    public_state,
)
from governance.refusal import Refusal


def test_every_state_is_reached_and_each_row_is_there_once() -> None:
    assert {row.target for row in TRANSITIONS} == set(State)
    keys = [(row.source, row.action, row.target) for row in TRANSITIONS]
    assert len(keys) == len(set(keys))
    assert all(row.who and row.condition and row.event.startswith("egress.") for row in TRANSITIONS)


def test_terminal_states_have_no_way_out_but_recall() -> None:
    out = [(row.source, row.target) for row in TRANSITIONS if row.source in TERMINAL]
    assert out == [(State.RELEASED, State.RECALLED)]


def test_no_way_to_released_avoids_approval() -> None:
    """Every road to RELEASED passes SCREENING, both reviews (of what comes in, one) and APPROVED."""
    always = (State.SCREENING, State.REVIEWED, State.APPROVED, State.RELEASING)
    for barred, way in [*((state, way) for state in always for way in Direction), (State.PART_REVIEWED, Direction.OUT)]:
        rows = [row for row in TRANSITIONS if way in row.directions]
        reached, grew = {State.DRAFT}, True
        while grew:
            new = {row.target for row in rows if row.source in reached and row.target is not barred}
            grew = not new <= reached
            reached |= new
        assert State.RELEASED not in reached


def test_groups_of_states_do_not_overlap_where_they_must_not() -> None:
    assert not BLIND & FED_BACK
    assert not EDITABLE & BLIND
    assert public_state(State.PART_REVIEWED) is State.IN_REVIEW
    assert State.PART_REVIEWED.words == "part reviewed"


def test_a_way_that_is_not_there_is_refused_without_telling_of_the_first_review() -> None:
    for source in (State.PART_REVIEWED, State.IN_REVIEW):
        with pytest.raises(Refusal) as refused:
            check_state(source, Action.RELEASE)
        assert refused.value.code == "wrong-state"
        assert "in review" in refused.value.message
    with pytest.raises(Refusal, match="not there"):
        find_transition(None, Action.VOTE, State.REVIEWED, Direction.OUT)


def test_diagram_and_table_have_each_row() -> None:
    drawn, table = state_diagram(), transition_table()
    assert drawn.startswith("stateDiagram-v2\n    [*] --> DRAFT: create (author)\n")
    assert "RELEASED --> RECALLED: recall (output checker)" in drawn
    assert "WITHDRAWN --> [*]" in drawn and "RELEASED --> [*]" not in drawn
    assert len(table.splitlines()) == len(TRANSITIONS) + 2
    assert "| reviewed | conclude | approved | output checker | every file approved | `egress.approved` |" in table
