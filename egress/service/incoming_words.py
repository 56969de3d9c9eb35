"""The words of the airlock's pages where a request brings files in: what differs from egress.service.words, as data."""

from __future__ import annotations

from collections.abc import Mapping

from egress.ballots import FileKind
from egress.directions import IN, Direction
from egress.service import words
from egress.service.words import Words
from egress.states import State

#: How a list marks the direction of a request.
DIRECTIONS: Mapping[Direction, Words] = {
    Direction.OUT: Words("Takes results out", "quiet"),
    Direction.IN: Words("Brings files in", "info"),
}
STATES_IN: Mapping[State, Words] = {
    State.REVIEWED: Words("The review is in", "wait"),
    State.APPROVED: Words("Approved", "good", "Nothing to do: it is brought in now."),
    State.RELEASING: Words("Being brought in", "info"),
    State.RELEASE_FAILED: Words("Could not be brought in", "stop"),
    State.RELEASED: Words("Brought in", "good"),
    State.RECALLED: Words("Recalled", "stop"),
}
KINDS_IN: Mapping[str, str] = {
    FileKind.OUTPUT: "To be brought in",
    FileKind.SUPPORTING: "Supporting, stays with the reviewers",
}
DONE_IN: Mapping[str, str] = {
    "released": "The files were brought in.",
    "recalled": "It was recalled and taken out of the workspaces.",
}
PROBLEM_IN = "The files could not be brought in; nothing has changed in the workspaces."


def state_of(state: State, direction: Direction) -> Words:
    """The words of a state."""
    return (STATES_IN.get(state) if direction is IN else None) or words.STATES[state]


def kind_of(kind: str, direction: Direction) -> str:
    """What a file is in its request for."""
    return KINDS_IN[kind] if direction is IN else words.KINDS[kind]


def done_of(code: str, direction: Direction) -> str:
    """What is said after a form; empty for an unknown code."""
    return (DONE_IN.get(code) if direction is IN else None) or words.DONE.get(code, "")


def problem_of(code: str, direction: Direction) -> str:
    """Why nothing was released, or brought in."""
    if direction is IN:
        return PROBLEM_IN
    return words.PROBLEMS.get(code, words.UNKNOWN_PROBLEM)
